"""The embedded gateway as the model vendor behind a real gateway, with its fault switches."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
import textwrap
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.discovered_identity import DiscoveredProvider
from sidelight_client.adapters.folders import folders
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.cli.gateway_key import key_path
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.embedded.faults import Faults
from sidelight_client.ports import SignInPrompt

from .service import fetched, free_port, serving

KNOWN_CODE = """
    def total(prices):
        result = sum(prices)
        return result
"""
"""What the vendor's model has read, and so goes on with."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A running vendor.

    Attributes:
        url: its origin.
        key: what throws its switches.
        token: what it accepts of whoever asks it.
    """

    url: str
    key: str
    token: str

    def fault(self, **switches: object) -> None:
        """Let exactly these things go wrong from now on."""
        body = json.dumps({**Faults().as_json(), **switches}).encode()
        fetched(f"{self.url}/faults", body, {"x-sidelight-key": self.key})


@contextlib.contextmanager
def running_upstream() -> Generator[Upstream]:
    """The embedded gateway in a process of its own, and a session with it."""
    with tempfile.TemporaryDirectory(prefix="sl-up-") as name:
        home, url = Path(name), f"http://127.0.0.1:{free_port()}"
        (home / "shop").mkdir()
        (home / "shop" / "prices.py").write_text(textwrap.dedent(KNOWN_CODE))
        env = {"SIDELIGHT_HOME": str(home), "PYTHONPATH": ":".join(sys.path)}
        command = [
            *(sys.executable, "-m", "sidelight_client", "gateway", "serve", "--json"),
            *("--port", url.rpartition(":")[2], "--workspace", home / "shop"),
            *("--user-limit", "700"),
        ]
        with serving(command, url, env=env, cwd=home, within_s=20):
            key = key_path(folders(env), url).read_text("ascii")
            yield Upstream(url, key, asyncio.run(_token(url, key)))


async def _token(url: str, key: str) -> str:
    """An access token, signed in for as a person would, but with the local key instead of a click."""
    clock = SystemClock()
    gateway = HttpGateway(url, HttpClient(), clock=clock)
    provider = DiscoveredProvider(
        gateway.discover,
        HttpClient(),
        clock,
        None,
        extra_authorize=lambda: {"sidelight_key": key},
    )
    opened: list[asyncio.Task[bytes]] = []

    def show(prompt: SignInPrompt) -> None:
        opened.append(asyncio.create_task(asyncio.to_thread(fetched, prompt.url)))

    try:
        granted = await provider.sign_in(show)
        await asyncio.gather(*opened)
        assert isinstance(granted, Grant), granted
        return granted.access_token.reveal()
    finally:
        await provider.close()
        await gateway.close()
