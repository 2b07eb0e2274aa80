"""`sidelight model`, as a person calls it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from sidelight_client.adapters import model_servers
from sidelight_client.adapters.model_servers import FoundServer
from sidelight_client.cli import main, model
from sidelight_client.cli.model import Bar


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_servers, "KNOWN", ())
    monkeypatch.setattr(model, "find_servers", list)


def test_the_list_names_every_model_with_its_size_and_state(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["model", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["qwen-coder", "smollm2"]
    assert "98 MB" in lines[1]
    assert lines[1].endswith("not added")


def test_the_list_says_which_server_runs_here_and_how_to_use_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = FoundServer("Ollama", "http://127.0.0.1:11434/v1")
    monkeypatch.setattr(model, "find_servers", lambda: [found])
    main(["model", "list"])
    assert "`sidelight model use http://127.0.0.1:11434/v1`" in capsys.readouterr().out
    main(["model", "list", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["servers"] == [{"name": "Ollama", "url": "http://127.0.0.1:11434/v1"}]
    assert {one["state"] for one in told["models"]} == {"absent"}


@pytest.mark.parametrize("action", ["add", "remove"])
def test_a_model_nobody_knows_is_refused(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", action, "gpt-9"]) == 2
    assert "qwen-coder and smollm2" in capsys.readouterr().err


def test_removing_what_is_not_here_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "remove", "smollm2"]) == 0
    assert "was not here" in capsys.readouterr().out


def test_a_file_that_is_not_the_model_shows_in_the_list(
    private_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = private_home / "state" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"GGUF")
    main(["model", "list", "--json", "--check"])
    assert json.loads(capsys.readouterr().out)["models"][1]["state"] == "wrong"
    assert main(["model", "remove", "smollm2"]) == 0
    assert not path.exists()


def test_a_server_is_used_once_the_person_says_so_and_no_longer_after_off(
    private_home: Path,
) -> None:
    config = private_home / "config" / "config.toml"
    assert main(["model", "use", "http://127.0.0.1:11434/v1/"]) == 0
    assert tomllib.loads(config.read_text()) == {
        "embedded": {"upstream": "http://127.0.0.1:11434/v1"}
    }
    assert main(["model", "use", "off"]) == 0
    assert tomllib.loads(config.read_text()) == {}


@pytest.mark.parametrize("url", ["http://example.com/v1", "https://127.0.0.1/v1", "file:///etc"])
def test_a_server_elsewhere_is_refused(
    url: str, private_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "use", url]) == 2
    assert "[model.server_refused]" in capsys.readouterr().err
    assert not (private_home / "config").exists()


def test_the_bar_grows_on_a_terminal_and_is_silent_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bar = Bar("Tiny", 200)
    bar.grow(200)
    bar.end()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    bar = Bar("Tiny", 200)
    for _ in range(3):
        bar.grow(100)
    bar.end()
    shown = capsys.readouterr().err.split("\r")
    assert shown[-1].rstrip() == f"Tiny  {'█' * 30} 100 %"
    assert len(shown) == 3
