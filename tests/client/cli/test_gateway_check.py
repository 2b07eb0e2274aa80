"""`sidelight gateway check` against the embedded gateway, and against servers built from recordings."""

from __future__ import annotations

import json
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
