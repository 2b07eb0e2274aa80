"""`sidelight doctor` as a person runs it, with a broker and without, online and not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from typing import Any

import pytest

from sidelight_client.embedded.gateway import EmbeddedGateway
from support.raw_server import answer, raw_server

from .conftest import Sidelight
from .test_completion_travels import sign_in

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("sidelight", ["broker"], indirect=True),
]


async def doctor(sidelight: Sidelight, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and findings and facts."""
    code, out, err = await sidelight.run("doctor", "--json", *options)
    assert err == ""
    told: dict[str, Any] = json.loads(out)
    return code, told


def codes(told: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in told["findings"]]


async def test_without_a_broker_it_says_so_and_starts_none(sidelight: Sidelight) -> None:
    code, told = await doctor(sidelight)
    assert (code, told["findings"]) == (0, [])
    assert told["facts"]["broker"]["running"] is False
    assert told["facts"]["embedded"] is True
    assert not sidelight.places.state.exists()
    assert sidelight.brokers() == []
    code, out, _ = await sidelight.run("doctor")
    assert code == 0
    assert out.startswith("Nothing is wrong.")
    assert "not running" in out


async def test_asked_to_it_starts_a_broker_and_asks_it(sidelight: Sidelight) -> None:
    _, told = await doctor(sidelight, "--start")
    assert told["facts"]["broker"]["pid"] in sidelight.brokers()
    assert told["facts"]["broker"]["session"]["vault"] == "memory"


async def test_with_everything_right_it_names_gateway_issuer_session_and_lock(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    sidelight.environment["SIDELIGHT_VAULT"] = "file"
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        code, told = await doctor(sidelight)
    facts = told["facts"]
    assert told["findings"] == []
    assert code == 0
    assert [(e["role"], e["outcome"]["status"]) for e in facts["endpoints"]] == [
        ("gateway", 200),
        ("sign-in service", 200),
    ]
    session = facts["broker"]["session"]
    assert (session["phase"], session["vault"], session["can_renew"]) == ("fresh", "file", True)
    assert facts["lock"] == {"holder": facts["broker"]["pid"], "alive": True}


async def test_offline_with_broken_settings_and_an_open_folder_all_of_it_is_told(
    sidelight: Sidelight,
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    sidelight.environment["SIDELIGHT_GATEWAY"] = f"http://127.0.0.1:{port}"
    sidelight.places.config.mkdir(parents=True)
    sidelight.places.config_file.write_text("vault = [[[", "utf-8")
    if os.name == "posix":
        sidelight.places.runtime.mkdir(mode=0o777)
        sidelight.places.runtime.chmod(0o777)
    code, told = await doctor(sidelight)
    assert code == 1
    assert {"settings.invalid", "doctor.not_reachable"} <= set(codes(told))
    if os.name == "posix":
        assert "doctor.folder" in codes(told)
    assert all(finding["text"] and finding["title"] for finding in told["findings"])


async def test_every_address_of_the_gateway_is_looked_at(sidelight: Sidelight) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with raw_server(answer(200, {"version": 1, "profile": "sidelight"})) as live:
            sidelight.places.config.mkdir(parents=True)
            zones = json.dumps([live.url, dead])
            sidelight.places.config_file.write_text(f"gateway = {zones}\n", "utf-8")
            code, told = await doctor(sidelight)
    seen = [e["url"].partition("/.well-known")[0] for e in told["facts"]["endpoints"]]
    assert seen == [live.url, dead]
    assert (code, codes(told)) == (1, ["doctor.not_reachable"])


async def test_behind_a_hotels_login_page_the_page_is_named(sidelight: Sidelight) -> None:
    page = answer(200, "<html>Welcome</html>", content_type="text/html")
    async with raw_server(page) as server:
        sidelight.configure(gateway=server.url)
        code, told = await doctor(sidelight)
    assert (code, codes(told)) == (1, ["doctor.web_page"])


async def test_a_proxy_that_asks_for_credentials_is_named_and_its_password_is_not(
    sidelight: Sidelight,
) -> None:
    async with raw_server(answer(407)) as proxy:
        place = proxy.url.replace("http://", "http://ada:s3cret@")
        sidelight.environment |= {"HTTPS_PROXY": place, "NO_PROXY": "inside.example"}
        sidelight.configure(gateway="https://gateway.example")
        code, told = await doctor(sidelight)
    assert (code, codes(told)) == (1, ["doctor.proxy_credentials"])
    assert told["facts"]["proxies"] == {"https": proxy.url, "no": "inside.example"}
    assert "s3cret" not in json.dumps(told)


async def test_a_broker_with_another_environment_is_told(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    del gateway
    async with sidelight.editor():
        sidelight.environment["NO_PROXY"] = "inside.example"
        code, told = await doctor(sidelight)
    assert code == 1
    assert "broker.environment_differs" in codes(told)


async def test_a_broker_that_hangs_is_named_and_not_waited_for(sidelight: Sidelight) -> None:
    _, told = await doctor(sidelight, "--start")
    pid = told["facts"]["broker"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(25):
            code, told = await doctor(sidelight)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (code, codes(told)) == (1, ["doctor.broker_silent"])
