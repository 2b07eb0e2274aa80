"""Settings from files as people and administrators leave them: valid, broken, hostile or absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidelight_client.adapters.config_files import (
    organisation_policy_file,
    read_organisation_rules,
    read_settings,
)
from sidelight_client.adapters.folders import Folders, folders
from sidelight_client.domain.policy.organisation import Mode, Policy, PolicyTrouble
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


def test_a_gateway_document_alone_tells_where_the_gateway_is(
    places: Folders, tmp_path: Path
) -> None:
    document = tmp_path / "gateway.json"
    document.write_text('{"version": 1, "api_base": "https://gateway.example/v1"}')
    document.chmod(0o600)
    places.config_file.write_text(f"gateway_document = {str(document)!r}\n")
    settings = read_settings(places, {}, tmp_path / "no")
    assert settings.texts("gateway") == ("https://gateway.example/v1",)
    assert settings.explain("gateway").layer is Layer.GATEWAY
    assert settings.problems == ()
    elsewhere = read_settings(places, {"SIDELIGHT_GATEWAY": "https://env"}, tmp_path / "no")
    assert elsewhere.texts("gateway") == ("https://env",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"version": 1}', "it names no api_base, and gateway is not set"),
        ('{"api_base": "http://far.example/v1"}', "it names no api_base, and gateway is not set"),
        ("{", "it is not valid JSON"),
        (None, "No such file or directory"),
    ],
)
def test_a_document_that_names_no_gateway_is_a_problem_and_no_other_gateway_is_guessed(
    places: Folders, tmp_path: Path, content: str | None, problem: str
) -> None:
    document = tmp_path / "gateway.json"
    if content is not None:
        document.write_text(content)
        document.chmod(0o600)
    places.config_file.write_text(f"gateway_document = {str(document)!r}\n")
    settings = read_settings(places, {}, tmp_path / "no")
    assert settings.texts("gateway") == ()
    (told,) = settings.problems
    assert (told.key, told.layer, told.problem) == ("gateway_document", Layer.FILE, problem)


as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can make the file"
)


@as_root
def test_the_organisations_file_holds_rules_beside_settings(
    places: Folders, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(
        '{"completions": {"enabled": false}, "unknown_remote": "local_only",'
        ' "repo_rules": [{"id": "pci", "match": {"remote": "h/pay/*"}, "mode": "off"}]}'
    )
    settings = read_settings(places, {}, policy)
    assert (settings.flag("completions.enabled"), settings.problems) == (False, ())
    rules = read_organisation_rules(policy, 0.0)
    assert isinstance(rules, Policy)
    assert ([rule.id for rule in rules.place_rules], rules.unknown_remote) == (
        ["pci"],
        Mode.LOCAL_ONLY,
    )


@as_root
@pytest.mark.parametrize("text", ['{"repo_rules": [{"id"', "[]", "\xff", "[" * 100_000])
def test_rules_that_cannot_be_read_are_trouble(tmp_path: Path, text: str) -> None:
    policy = tmp_path / "policy.json"
    policy.write_bytes(text.encode("latin-1"))
    assert read_organisation_rules(policy, 0.0) is PolicyTrouble.UNREADABLE


@as_root
def test_rules_from_the_future_are_trouble(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"issued_at": "2030-01-01T00:00:00+00:00"}')
    assert read_organisation_rules(policy, 0.0) is PolicyTrouble.FUTURE
    assert isinstance(read_organisation_rules(policy, 1.9e9), Policy)


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_rules_that_others_can_change_are_nobodys(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"unknown_remote": "off"}')
    policy.chmod(0o666)
    assert read_organisation_rules(policy, 0.0) == Policy()
    assert read_organisation_rules(tmp_path / "none.json", 0.0) == Policy()


def test_the_organisations_file_lies_where_only_an_administrator_writes() -> None:
    assert organisation_policy_file().name == "policy.json"
    assert organisation_policy_file().is_absolute()
