"""One setting in the configuration file changes, and what the person wrote stays as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.config_edit import ConfigWriteError, edited, write_setting
from sidelight_client.settings import flatten

KEY, URL = "embedded.upstream", "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f'embedded.upstream = "{URL}"\n'),
        ("# mine\n[log]\nlevel = 'info'\n", None),
        ("[embedded]\nindex_mb = 8 # enough\n", None),
        ("[embedded]\nupstream = 'old'\n\n[log]\nlevel = 'info'\n", None),
        ("embedded.upstream = 'old' # why\nvault = 'file'\n", None),
        ("[ embedded ] # ours\n", None),
        ("embedded.index_mb = 2\n", None),
    ],
)
def test_the_setting_is_set_and_taken_out_again(before: str, after: str | None) -> None:
    changed = edited(before, KEY, URL)
    assert after is None or changed == after
    was = flatten(tomllib.loads(before))
    assert flatten(tomllib.loads(changed)) == {**was, KEY: URL}
    without = edited(changed, KEY, "")
    assert flatten(tomllib.loads(without)) == {k: v for k, v in was.items() if k != KEY}
    kept = [line for line in before.splitlines() if "upstream" not in line]
    assert all(line in changed.splitlines() for line in kept)


@pytest.mark.parametrize(
    "text", ["embedded = {upstream = 'x'}\n", "[embedded]\n'upstream' = 'x'\n", "not toml ["]
)
def test_what_only_a_person_can_change_is_left_to_one(text: str) -> None:
    with pytest.raises(ConfigWriteError):
        edited(text, KEY, URL)


@given(st.text(max_size=60), st.text("abé\"\\\n\t'", max_size=12))
def test_no_comment_and_no_value_breaks_the_file(comment: str, value: str) -> None:
    text = "".join(f"# {line}\n" for line in comment.split("\n") if line.isprintable())
    changed = edited(text, KEY, value)
    assert flatten(tomllib.loads(changed)) == ({KEY: value} if value else {})


def test_the_file_is_made_where_there_is_none_and_a_link_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "config" / "config.toml"
    write_setting(path, KEY, URL)
    assert tomllib.loads(path.read_text()) == {"embedded": {"upstream": URL}}
    link = tmp_path / "config" / "linked.toml"
    link.symlink_to(path)
    write_setting(link, KEY, "")
    assert link.is_symlink()
    assert path.read_text() == ""
    assert sorted(p.name for p in path.parent.iterdir()) == ["config.toml", "linked.toml"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * 300_000])
def test_a_file_that_is_no_configuration_is_not_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigWriteError):
        write_setting(path, KEY, URL)
    assert path.read_bytes() == content
