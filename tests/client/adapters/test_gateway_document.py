"""The discovery document as a file: read like the gateway's own, and only from who may write it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters.gateway_document import (
    LARGEST,
    DocumentProblem,
    address_in,
    read_gateway_document,
)
from sidelight_client.gateways.discovery import from_document

NOW = 1_700_000_000.0
DOCUMENT: dict[str, Any] = {
    "profile": "litellm",
    "api_base": "https://gateway.example/v1",
    "tiers": {"fast": {"model": "small", "deadline_ms": 250}},
}
TOML = """
profile = "litellm"
api_base = "https://gateway.example/v1"
[tiers.fast]
model = "small"
deadline_ms = 250
"""


def written(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [("g.json", json.dumps(DOCUMENT)), ("g.toml", TOML), ("g", json.dumps(DOCUMENT))],
)
def test_a_file_says_what_the_gateway_would(tmp_path: Path, name: str, content: str) -> None:
    found = read_gateway_document(written(tmp_path / name, content))
    assert found == DOCUMENT
    assert address_in(found) == "https://gateway.example/v1"
    gateway = from_document(found, address_in(found), NOW, embedded=False)
    assert (gateway.info.profile, gateway.info.models) == ("litellm", {"fast": "small"})
    assert gateway.info.deadlines_s == {"fast": 0.25}


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("g.json", "{", "it is not valid JSON"),
        ("g.toml", "=", "it is not valid TOML"),
        ("g.toml", b"\xff", "it is not UTF-8 text"),
        ("g.json", b"\xff\xfe\xfd", "it is not UTF-8 text"),
        ("g.json", "[1]", "it holds no document"),
        ("g.json", "[" * 200_000, "it is not valid JSON"),
        ("g.json", " " * (LARGEST + 1), "it is too large"),
    ],
)
def test_what_is_no_document_is_said_without_its_content(
    tmp_path: Path, name: str, content: str | bytes, problem: str
) -> None:
    assert read_gateway_document(written(tmp_path / name, content)) == DocumentProblem(problem)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_others_can_change_is_not_trusted(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "g.json", json.dumps(DOCUMENT), mode)
    assert read_gateway_document(path) == DocumentProblem("others can change it")


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert isinstance(read_gateway_document(tmp_path / "pipe"), DocumentProblem)
    assert isinstance(read_gateway_document(tmp_path), DocumentProblem)
    assert isinstance(read_gateway_document(tmp_path / "missing"), DocumentProblem)
    assert read_gateway_document(Path("g.json")) == DocumentProblem("its path must be absolute")


@pytest.mark.parametrize("said", ["http://elsewhere.example/v1", "file:///etc", 5, None, ""])
def test_an_address_tokens_must_not_travel_to_is_none(said: Any) -> None:
    assert address_in({"api_base": said}) == ""
