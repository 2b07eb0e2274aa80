"""What a file is judged by: nested and hostile repositories, markers, links, workspace files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidelight_client.adapters import place_facts
from sidelight_client.adapters.place_facts import MAX_MARKERS, MAX_REPOSITORIES, WorkspacePlaces
from sidelight_client.adapters.workspace_rules import MAX_RULES, read_rules
from sidelight_client.domain.policy.code_category import CodeCategory
from sidelight_client.domain.policy.infrastructure import FileKind
from sidelight_client.domain.policy.organisation import Mode
from sidelight_client.domain.policy.place_policy import DocumentPlace


def repository(folder: Path, *urls: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    lines = [f'[Remote "r{number}"]\n\tURL = {url}\n' for number, url in enumerate(urls)]
    (folder / ".git" / "config").write_text("".join(lines))
    return folder


def places(*markers: str) -> WorkspacePlaces:
    known = WorkspacePlaces()
    known.look_for(markers)
    return known


def levels(place: DocumentPlace) -> list[tuple[str, tuple[str, ...], set[str]]]:
    return [(level.path, level.remotes, set(level.markers)) for level in place.levels]


def test_each_repository_around_a_file_is_a_level_with_its_own_markers(tmp_path: Path) -> None:
    outer = repository(tmp_path / "outer", "https://h/o/outer", "https://h/up/outer")
    inner = repository(outer / "vendor" / "lib", "https://h/o/lib")
    (inner / "src").mkdir()
    (inner / "src" / ".pci").touch()
    (outer / ".pci").touch()
    (outer / ".other").touch()
    (tmp_path / ".far").touch()
    place = places(".pci", ".other", ".far").place((inner / "src" / "a.py").as_uri())
    assert levels(place) == [
        ("src/a.py", ("h/o/lib",), {".pci"}),
        ("vendor/lib/src/a.py", ("h/o/outer", "h/up/outer"), {".pci", ".other"}),
    ]


def test_a_marker_counts_where_there_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / ".pci").touch()
    (tmp_path / "deep").mkdir()
    place = places(".pci").place((tmp_path / "deep" / "a.py").as_uri())
    assert levels(place) == [((tmp_path / "deep" / "a.py").as_posix(), (), {".pci"})]


def test_submodules_that_point_at_each_other_end_somewhere(tmp_path: Path) -> None:
    one, two = repository(tmp_path, "https://h/o/top") / "one", tmp_path / "one" / "two"
    two.mkdir(parents=True)
    (one / ".git").write_text("gitdir: two/.git\n")
    (two / ".git").write_text("gitdir: ../.git\n")
    place = places().place((two / "a.py").as_uri())
    assert [level.remotes for level in place.levels] == [(), (), ("h/o/top",)]


def test_how_many_repositories_are_told_apart_is_bounded(tmp_path: Path) -> None:
    folder = tmp_path
    for number in range(MAX_REPOSITORIES + 5):
        folder = repository(folder / str(number), "https://h/o/r")
    assert len(places().place((folder / "a.py").as_uri()).levels) == MAX_REPOSITORIES


def test_links_in_a_circle_and_links_out_of_a_repository(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", "https://h/web/shop")
    pay = repository(tmp_path / "pay", "https://h/pay/ledger")
    (shop / "round").symlink_to(shop / "round")
    (shop / "out").symlink_to(pay)
    assert levels(places().place((shop / "round" / "a.py").as_uri()))[0][1] == ("h/web/shop",)
    place = places().place((shop / "out" / "a.py").as_uri())
    assert [level.remotes[0] for level in place.levels] == ["h/pay/ledger", "h/web/shop"]
    assert [level.remotes[0] for level in place.aliases] == ["h/pay/ledger"]
    plain = places().place((shop / "a.py").as_uri())
    assert plain.aliases == ()


def test_dots_in_a_uri_lead_nowhere_else(tmp_path: Path) -> None:
    repository(tmp_path / "shop", "https://h/web/shop")
    repository(tmp_path / "pay", "https://h/pay/ledger")
    place = places().place(f"file://{tmp_path}/shop/../pay/a.py")
    assert levels(place)[0] == ("a.py", ("h/pay/ledger",), set())


def test_a_file_is_read_for_what_it_is_and_again_only_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("nothing\n")
    known, uri = places(), file.as_uri()
    assert known.place(uri).kinds == frozenset()
    file.write_text('provider "aws" {\n')
    assert known.place(uri).kinds == frozenset()
    known.look_again([uri])
    assert FileKind.TERRAFORM in known.place(uri).kinds
    reads: list[Path] = []

    def read(path: Path) -> list[str]:
        reads.append(path)
        return []

    monkeypatch.setattr(place_facts, "_head", read)
    known.look_again([uri])
    assert reads == []


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes among the files here")
def test_a_pipe_in_a_files_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    os.mkfifo(tmp_path / ".sidelight.toml")
    place = places(".pci").place((tmp_path / "x.yaml").as_uri())
    assert (place.kinds, place.own_rules) == (frozenset(), ())


def test_folders_far_above_say_nothing_about_the_code(tmp_path: Path) -> None:
    deep = tmp_path / "security" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    place = places().place((deep / "x.py").as_uri())
    assert place.categories == {CodeCategory.BUSINESS_LOGIC}


def test_markers_beyond_what_is_looked_for_count_as_found(tmp_path: Path) -> None:
    many = [f".m{number:03}" for number in range(MAX_MARKERS + 2)]
    known = places(*many)
    assert set(known.place((tmp_path / "a").as_uri()).levels[0].markers) == set(many[MAX_MARKERS:])
    assert set(known.place("untitled:1").levels[0].markers) == set(many[MAX_MARKERS:])


def test_rules_of_a_workspace_file_are_read(tmp_path: Path) -> None:
    (tmp_path / ".sidelight.toml").write_text(
        '[[fixture]]\npath = "tests/*"\n'
        '[[place]]\npath = "keys/*"\nmode = "off"\nreason = "Keys."\nowner = "sec@x"\n'
        'url = "https://wiki.example"\ndate = 2026-11-21\n'
    )
    (rule,) = read_rules(tmp_path)
    assert (rule.mode, rule.path, rule.reason, rule.owner) == (Mode.OFF, "keys/*", "Keys.", "sec@x")
    assert (rule.url, rule.date) == ("https://wiki.example", "2026-11-21")


@pytest.mark.parametrize(
    "text",
    [
        "[[place",
        "place = 1",
        "place = [1]",
        "[[place]]\npath = 1\nmode = 'on'",
        "[[place]]\nmode = 'sometimes'",
        "[[place]]\nmode = 'on'\nmoon = 'full'",
        "[[place]]\nmode = ['on']",
        "a = " + "[" * 2_000,
        "[[place]]\nmode = 'on'\n" * (MAX_RULES + 1),
        "#" * 300_000,
        "\0",
    ],
)
def test_a_workspace_file_with_a_mistake_closes(tmp_path: Path, text: str) -> None:
    (tmp_path / ".sidelight.toml").write_text(text)
    assert [rule.mode for rule in read_rules(tmp_path)] == [Mode.OFF]


def test_no_workspace_file_and_one_about_fixtures_only_say_nothing(tmp_path: Path) -> None:
    assert read_rules(tmp_path) == ()
    (tmp_path / ".sidelight.toml").write_text('[[fixture]]\npath = "tests/*"\n')
    assert read_rules(tmp_path) == ()


def test_a_place_that_is_not_asked_about_has_its_turn(tmp_path: Path) -> None:
    marker = tmp_path / ".pci"
    marker.touch()
    known = places(".pci")
    uris = [(tmp_path / f"{number}.py").as_uri() for number in range(20)]
    for uri in uris:
        assert known.place(uri).levels[0].markers
    marker.unlink()
    for _ in range(3):
        known.look_again([uris[0]])
    assert not any(known.place(uri).levels[0].markers for uri in uris)
