"""Settings from files as people and administrators leave them: valid, broken, hostile or absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidelight_client.adapters.config_files import read_settings
from sidelight_client.adapters.folders import Folders, folders
from sidelight_client.settings import Layer


@pytest.fixture
def places(tmp_path: Path) -> Folders:
    found = folders({"SIDELIGHT_HOME": str(tmp_path)})
    found.config.mkdir(parents=True)
    return found


def test_without_any_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = read_settings(folders({"SIDELIGHT_HOME": str(tmp_path / "no")}), {}, tmp_path / "no")
    assert settings.flag("completions.enabled")
    assert settings.problems == ()


def test_the_environment_beats_the_file(places: Folders, tmp_path: Path) -> None:
    places.config_file.write_text('gateway = "https://file"\n[completions]\nmax_lines = 7\n')
    settings = read_settings(places, {"SIDELIGHT_GATEWAY": "https://env"}, tmp_path / "no")
    assert settings.text("gateway") == "https://env"
    assert settings.explain("completions.max_lines").layer is Layer.FILE
    assert settings.number("completions.max_lines") == 7


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can make the file")
def test_the_organisations_policy_beats_everything_and_is_locked(
    places: Folders, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"completions": {"enabled": false}}')
    settings = read_settings(places, {"SIDELIGHT_COMPLETIONS_ENABLED": "true"}, policy)
    assert not settings.flag("completions.enabled")
    assert settings.explain("completions.enabled").locked


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_a_policy_others_can_change_is_not_taken_and_said_so(
    places: Folders, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"completions": {"enabled": false}}')
    policy.chmod(0o666)
    settings = read_settings(places, {}, policy)
    assert settings.flag("completions.enabled")
    assert [(p.key, p.layer) for p in settings.problems] == [("policy.json", Layer.POLICY)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"gateway = ", "it is not valid TOML"),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"#" * 300_000, "it is too large"),
    ],
)
def test_a_broken_file_is_named_and_its_layer_is_empty(
    places: Folders, tmp_path: Path, content: bytes, problem: str
) -> None:
    places.config_file.write_bytes(content)
    settings = read_settings(places, {"SIDELIGHT_GATEWAY": "https://env"}, tmp_path / "no")
    assert settings.text("gateway") == "https://env"
    (only,) = settings.problems
    assert (only.key, only.layer, only.problem) == ("config.toml", Layer.FILE, problem)


@pytest.mark.skipif(os.name != "posix", reason="POSIX files")
@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
@pytest.mark.timeout(10)
def test_what_is_no_regular_file_is_not_read_and_holds_nobody_up(
    places: Folders, tmp_path: Path, kind: str
) -> None:
    if kind == "folder":
        places.config_file.mkdir()
    elif kind == "link":
        (tmp_path / "target").write_text('gateway = "https://link"')
        places.config_file.symlink_to(tmp_path / "target")
    else:
        os.mkfifo(places.config_file)
    settings = read_settings(places, {}, tmp_path / "no")
    assert settings.text("gateway") == ("https://link" if kind == "link" else "")
    assert len(settings.problems) == (0 if kind == "link" else 1)


def test_a_value_that_is_not_valid_is_reported_without_losing_the_others(
    places: Folders, tmp_path: Path
) -> None:
    places.config_file.write_text('colour = "red"\n[completions]\nmax_lines = 0\nmenu = true\n')
    settings = read_settings(places, {}, tmp_path / "no")
    assert settings.flag("completions.menu")
    assert settings.number("completions.max_lines") == 4
    assert {p.key for p in settings.problems} == {"colour", "completions.max_lines"}
