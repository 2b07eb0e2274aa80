"""A list of addresses in the configuration file reaches the real processes, and a dead one is no matter."""

from __future__ import annotations

import json
import socket
import tomllib

import pytest

from support.raw_server import answer, raw_server, sse

from .conftest import Sidelight

pytestmark = pytest.mark.anyio

OPEN = {
    "version": 1,
    "name": "Zoned",
    "auth": {"kind": "none"},
    "tiers": {"fast": {"model": "small"}},
}
GOOD = sse({"choices": [{"text": "entries", "finish_reason": "stop"}]})


def nobodys_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_a_gateway_document_alone_is_enough_to_reach_the_gateway(
    sidelight: Sidelight,
) -> None:
    async with raw_server(GOOD) as live:
        sidelight.places.config.mkdir(parents=True, exist_ok=True)
        document = sidelight.home / "gateway.json"
        document.write_text(json.dumps({**OPEN, "api_base": f"{live.url}/v1"}), "utf-8")
        document.chmod(0o600)
        sidelight.configure(gateway_document=str(document))
        code, out, err = await sidelight.run("complete", "ledger.py:7:25", "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["outcome"] == "completed"
        code, out, _ = await sidelight.run("config", "explain", "gateway")
        assert code == 0
        assert live.url in out
    assert {asked.target for asked in live.asked} == {"/v1/completions"}


async def test_with_the_first_zone_dead_the_second_completes_and_status_says_so(
    sidelight: Sidelight,
) -> None:
    dead = f"http://127.0.0.1:{nobodys_port()}"
    async with raw_server(answer(200, OPEN), GOOD) as live:
        zones = [dead, live.url]
        sidelight.places.config.mkdir(parents=True, exist_ok=True)
        sidelight.places.config_file.write_text(f"gateway = {json.dumps(zones)}\n", "utf-8")
        assert tomllib.loads(sidelight.places.config_file.read_text("utf-8"))["gateway"] == zones
        code, out, err = await sidelight.run("complete", "ledger.py:7:25", "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["outcome"] == "completed"
        code, out, _ = await sidelight.run("status", "--json")
        assert code == 0
        gateway = json.loads(out)["gateway"]
    assert (gateway["url"], gateway["name"]) == (dead, "Zoned")
    assert [zone["url"] for zone in gateway["endpoints"]] == zones
    assert gateway["breaker"] == "closed"
