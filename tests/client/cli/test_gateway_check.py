"""`sidelight gateway check` against the embedded gateway, and against servers built from recordings."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.cli import main
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.ports import GatewayInfo
from sidelight_client.testing.fakes import FakeClock
from support.raw_server import RawServer, answer, raw_server

pytestmark = pytest.mark.anyio

RECORDINGS = Path(__file__).parents[2] / "recordings"
NOT_FOUND = answer(404, {"detail": "Not Found"})
OF_THE_CONNECTION = {"content-length", "transfer-encoding", "connection", "keep-alive", "date"}


def recorded(case: str) -> bytes:
    """The recorded answer as bytes on the wire."""
    said = json.loads((RECORDINGS / f"{case}.json").read_text())["response"]
    headers = {
        name.lower(): value
        for name, value in said["headers"]
        if name.lower() not in OF_THE_CONNECTION
    }
    body: bytes = said["body"].encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {said['status']} Said\r\n{lines}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def playing(*cases: str) -> AsyncGenerator[RawServer]:
    """A server without an announcement that gives the recorded answers in turn."""
    async with raw_server(NOT_FOUND, *map(recorded, cases)) as server:
        yield server


async def check(url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = await anyio.to_thread.run_sync(main, ["gateway", "check", url, "--json"])
    return code, json.loads(capsys.readouterr().out)


def works(told: dict[str, Any]) -> dict[str, str]:
    return {feature["name"]: feature["works"] for feature in told["features"]}


async def test_everything_works_with_the_embedded_gateway(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gateway = EmbeddedGateway(EmbeddedSettings())
    await gateway.start()
    try:
        code, told = await check(gateway.url, capsys)
    finally:
        await gateway.stop()
    assert code == 0
    assert told["ok"]
    assert (told["profile"], told["announced"]) == ("sidelight", True)
    assert set(works(told).values()) == {"yes"}
    assert told["change"] == []
    assert "repo.prohibited" in told["error_kinds"]


async def test_a_litellm_without_an_announcement_says_everything_but_where_to_sign_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with playing("litellm_auth_missing", "litellm_auth_missing") as server:
        code, told = await check(server.url, capsys)
        assert all("authorization" not in asked.headers for asked in server.asked)
    assert code == 1
    assert told["profile"] == "litellm"
    assert told["recognised_by"] == "the shape of LiteLLM's errors"
    assert works(told)["completions"] == "yes"
    assert works(told)["sign-in"] == "no"
    assert told["change"][0].startswith("sign-in: Announce `auth`")
    assert "limit.team" in told["error_kinds"]


async def test_a_model_server_on_this_machine_needs_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with playing("llamacpp_models", "llamacpp_completions_suffix") as server:
        code, told = await check(f"{server.url}/v1", capsys)
    assert code == 0
    assert told["profile"] == "llamacpp"
    assert works(told)["sign-in"] == "yes"
    assert "limit.user" not in told["error_kinds"]


async def test_a_portkey_that_is_not_told_whom_to_ask_is_recognised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with playing("portkey_no_provider", "portkey_no_provider") as server:
        code, told = await check(server.url, capsys)
    assert (code, told["profile"]) == (1, "portkey")


async def test_a_gateway_whose_model_is_down_is_a_finding(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with playing("litellm_models", "litellm_up503") as server:
        code, told = await check(server.url, capsys)
    assert code == 1
    assert works(told)["completions"] == "no"


GROUPS = {
    "data": [
        {
            "model_group": "fast",
            "max_input_tokens": 4096.0,
            "input_cost_per_token": 1e-06,
            "output_cost_per_token": 2e-06,
            "rpm": 60,
        },
        {"model_group": "silent"},
    ]
}


async def test_what_litellm_says_of_its_models_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    models, refused = recorded("litellm_models"), recorded("litellm_auth_missing")
    said = (NOT_FOUND, models, refused, answer(200, GROUPS), NOT_FOUND)
    async with raw_server(*said) as server:
        _, told = await check(server.url, capsys)
        targets = [asked.target for asked in server.asked]
        assert targets[-2:] == ["/model_group/info", "/guardrails/list"]
    (fast,) = told["models"]
    assert fast == {
        "name": "fast",
        "max_input_tokens": 4096,
        "max_output_tokens": None,
        "input_cost_per_token": 1e-06,
        "cached_cost_per_token": None,
        "output_cost_per_token": 2e-06,
        "requests_per_minute": 60,
        "tokens_per_minute": None,
    }
    async with raw_server(*said) as server:
        await anyio.to_thread.run_sync(main, ["gateway", "check", server.url])
    line = "model fast: reads 4,096 tokens, 1 per million tokens in, 2 per million out"
    assert line in capsys.readouterr().out


async def test_a_place_rule_that_cannot_be_read_whole_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rule = {"id": "pci", "match": {"remote": "h/pay/*", "moon": "full"}, "mode": "off"}
    async with raw_server(
        answer(200, {"version": 1, "endpoints": {"policy": "/policy"}}),
        NOT_FOUND,
        answer(401, {"error": {"code": "auth.invalid", "message": "no"}}),
        answer(200, {"repo_rules": [rule]}),
    ) as server:
        _, told = await check(server.url, capsys)
        assert server.asked[-1].target == "/policy"
    assert told["closed_rules"] == {"pci": ["moon"]}
    assert "The rule pci also matches by moon" in told["change"][-1]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text('profile = "kong"\n[auth]\nissuer = "https://login.example"\n')
    path.chmod(0o600)
    return path


async def test_a_file_takes_the_place_of_the_gateways_announcement(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with raw_server(answer(200, {"version": 1, "profile": "litellm"}), NOT_FOUND) as server:
        arguments = ["gateway", "check", server.url, "--document", str(document), "--json"]
        await anyio.to_thread.run_sync(main, arguments)
    told = json.loads(capsys.readouterr().out)
    assert (told["profile"], works(told)["sign-in"]) == ("kong", "yes")


@pytest.fixture
def open_document(document: Path) -> Path:
    """One that others can change."""
    document.chmod(0o606)
    return document


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
async def test_a_file_that_is_not_to_be_trusted_is_refused(
    open_document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = open_document
    arguments = ["gateway", "check", "https://g.example", "--document", str(document)]
    assert await anyio.to_thread.run_sync(main, arguments) == 1
    assert "file.unreadable" in capsys.readouterr().err


async def test_a_person_reads_the_same_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    async with playing("litellm_models", "litellm_auth_missing") as server:
        code = await anyio.to_thread.run_sync(main, ["gateway", "check", server.url])
    told = capsys.readouterr().out
    assert code == 0
    assert "speaks litellm, recognised by LiteLLM's model list" in told
    assert "What to change:" in told


async def test_where_nothing_listens_the_exit_code_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with raw_server(NOT_FOUND) as server:
        url = server.url
    assert await anyio.to_thread.run_sync(main, ["gateway", "check", url]) == 4
    assert "gateway.unreachable" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["nonsense", "ftp://a.example", "http://", ""])
async def test_what_is_no_address_is_a_usage_error(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gateway", "check", url]) == 2
    assert "gateway.no_address" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("models", "profile"),
    [
        ("litellm_models", "litellm"),
        ("litellm_auth_missing", "litellm"),
        ("portkey_models", "portkey"),
        ("portkey_no_provider", "portkey"),
        ("llamacpp_models", "llamacpp"),
    ],
)
async def test_auto_recognises_a_live_gateway_and_says_by_what(
    models: str, profile: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "sidelight.gateway")
    async with playing(models) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=FakeClock())
        try:
            found = await gateway.discover()
        finally:
            await gateway.close()
    assert isinstance(found, GatewayInfo)
    assert found.profile == profile
    assert f"the gateway speaks {profile}, recognised by " in caplog.text
