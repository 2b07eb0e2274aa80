"""A running embedded gateway on time that stands still, and a client that speaks raw HTTP to it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.testing.fakes import FakeClock

REDIRECT = "http://127.0.0.1:9/callback"
VERIFIER = "v" * 50
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def events(self) -> list[Any]:
        """The JSON events of a stream that ended with [DONE]."""
        blocks = self.body.decode().split("\n\n")
        assert blocks[-2:] == ["data: [DONE]", ""]
        return [json.loads(block.removeprefix("data: ")) for block in blocks[:-2]]

    @property
    def text(self) -> str:
        return "".join(
            choice.get("text") or choice.get("delta", {}).get("content") or ""
            for event in self.events
            for choice in event["choices"]
        )


def parse(raw: bytes) -> Reply:
    """One whole HTTP/1.1 response."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        body = dechunk(body)
    return Reply(int(first.split(" ")[1]), headers, body)


def dechunk(data: bytes) -> bytes:
    whole = b""
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size or b"0", 16)
        if length == 0:
            break
        whole += rest[:length]
        data = rest[length + 2 :]
    return whole


@dataclass
class RawClient:
    gateway: EmbeddedGateway
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return urlsplit(self.gateway.url).netloc

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.gateway.socket_path is not None:
            return await asyncio.open_unix_connection(str(self.gateway.socket_path))
        name, _, port = self.host.partition(":")
        return await asyncio.open_connection(name, int(port))

    async def send(self, raw: bytes, *, timeout_s: float = 10.0) -> bytes:
        """What the server answers to raw bytes until it closes."""
        reader, writer = await self.connect()
        try:
            writer.write(raw)
            await writer.drain()
            async with asyncio.timeout(timeout_s):
                return await reader.read()
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    def encode(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> bytes:
        given = {"Host": self.host, "Connection": "close", **(headers or {})}
        if body:
            given.setdefault("Content-Length", str(len(body)))
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    async def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | dict[str, Any] = b"",
        *,
        signed_in: bool = True,
    ) -> Reply:
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        given = self.bearer() if signed_in and self.tokens else {}
        return parse(await self.send(self.encode(method, path, {**given, **(headers or {})}, data)))

    async def form(self, path: str, **fields: str) -> Reply:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.ask("POST", path, headers, urlencode(fields).encode(), signed_in=False)

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def authorize_path(self, **changes: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": "sidelight",
            "redirect_uri": REDIRECT,
            "scope": "openid profile offline_access",
            "state": "st&te",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return "/issuer/authorize?" + urlencode(asked)

    async def code(self, **changes: str) -> str:
        key = {"X-Sidelight-Key": self.gateway.key.reveal()}
        reply = await self.ask("GET", self.authorize_path(**changes), key, signed_in=False)
        assert reply.status == 302
        return parse_qs(urlsplit(reply.headers["location"]).query)["code"][0]

    async def redeem(self, code: str, **changes: str) -> Reply:
        asked = {
            "grant_type": "authorization_code",
            "client_id": "sidelight",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            **changes,
        }
        return await self.form("/issuer/token", **asked)

    async def renew(self, refresh_token: str) -> Reply:
        return await self.form(
            "/issuer/token",
            grant_type="refresh_token",
            client_id="sidelight",
            refresh_token=refresh_token,
        )

    async def sign_in(self) -> None:
        reply = await self.redeem(await self.code())
        assert reply.status == 200, reply.body
        self.tokens = reply.json

    def question(self, prompt: str = "def add(", **changes: Any) -> dict[str, Any]:
        return {
            "model": "workspace",
            "prompt": prompt,
            "suffix": "",
            "max_tokens": 64,
            "stream": True,
            "stream_options": {"include_usage": True},
            **changes,
        }

    async def complete(self, prompt: str = "def add(", **changes: Any) -> Reply:
        return await self.ask("POST", "/v1/completions", body=self.question(prompt, **changes))

    @asynccontextmanager
    async def streaming(self, **changes: Any) -> AsyncIterator[asyncio.StreamReader]:
        """An open stream; leaving the block drops the connection."""
        reader, writer = await self.connect()
        body = json.dumps(self.question(**changes)).encode()
        writer.write(self.encode("POST", "/v1/completions", self.bearer(), body))
        await writer.drain()
        try:
            yield reader
        finally:
            writer.transport.abort()


async def eventually(true: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait until something becomes true that another task of this loop does."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110  # What is waited for sets no event.
            await asyncio.sleep(0.001)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def serve(clock: FakeClock) -> Any:
    @asynccontextmanager
    async def serving(**changes: Any) -> AsyncGenerator[RawClient]:
        gateway = EmbeddedGateway(EmbeddedSettings(**{"index_mb": 1, **changes}), clock)
        await gateway.start()
        try:
            yield RawClient(gateway)
        finally:
            await gateway.stop()

    return serving


@pytest.fixture
async def client(anyio_backend: str, serve: Any) -> AsyncIterator[RawClient]:
    """Signed in to a running gateway."""
    del anyio_backend
    async with serve() as connected:
        await connected.sign_in()
        yield connected


@pytest.fixture
def wait_until() -> Any:
    return eventually


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A small project in which `total = sum(prices)` can be learnt."""
    folder = tmp_path / "shop"
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "basket.py").write_text(
        "def price_of_basket(prices, discount):\n"
        "    subtotal = sum(prices)\n"
        "    return subtotal - subtotal * discount\n"
        "\n\n"
        "def print_basket(prices):\n"
        "    for price in prices:\n"
        "        print(price)\n"
    )
    return folder
