"""A model server on this machine is suggested once, and only to who has no gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidelight_client.adapters.folders import Folders, folders
from sidelight_client.adapters.model_servers import FoundServer
from sidelight_client.cli.model_hint import hint

FOUND = FoundServer("Ollama", "http://127.0.0.1:11434/v1")


@pytest.fixture
def places(private_home: Path) -> Folders:
    return folders({"SIDELIGHT_HOME": str(private_home)})


def test_it_is_said_once_a_day_and_names_the_command(places: Folders) -> None:
    said = hint(places, {}, lambda: [FOUND])
    assert "`sidelight model use http://127.0.0.1:11434/v1`" in said
    assert hint(places, {}, lambda: [FOUND]) == ""


@pytest.mark.parametrize(
    "config",
    ['gateway = "https://gateway.example"', 'embedded.upstream = "http://127.0.0.1:1/v1"'],
)
def test_who_has_a_gateway_or_a_server_is_left_alone(places: Folders, config: str) -> None:
    places.config.mkdir(parents=True)
    places.config_file.write_text(config)

    def never() -> list[FoundServer]:
        pytest.fail("nobody was to be asked")

    assert hint(places, {}, never) == ""


def test_where_nothing_runs_nothing_is_said(places: Folders) -> None:
    assert hint(places, {}, list) == ""
