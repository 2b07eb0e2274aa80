"""A small identity provider with strict rotation: a refresh token used twice ends its family.

Raw asyncio HTTP/1.1, so that a test can also cut a connection at any point. It counts, it can be
told to misbehave, and it remembers every token it ever issued.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import secrets
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass
class Family:
    """The refresh tokens that descend from one sign-in."""

    current: str = ""
    revoked: bool = False


@dataclass
class StrictIdp:
    """The provider's state; `faults` are taken one by one by requests to the token endpoint.

    Faults: `503`, `429`, `500`, `502-html`, `html`, `redirect`, `json-nothing`, `invalid_client`,
    `interaction_required`, `reset-before`, `reset-after`, `hang`, `slow`.
    """

    life_s: int = 28_800
    slow_s: float = 0.3
    url: str = ""
    faults: deque[str] = field(default_factory=deque)
    issued: list[str] = field(default_factory=list)
    families: dict[str, Family] = field(default_factory=dict)
    """By refresh token, spent ones included."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    device_answers: deque[str] = field(default_factory=deque)
    authorizations: list[dict[str, str]] = field(default_factory=list)
    token_requests: list[dict[str, str]] = field(default_factory=list)
    discoveries: int = 0
    sign_ins: int = 0
    renewals: int = 0
    reuses: int = 0
    revocations: int = 0
    at_once: int = 0
    working: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while a token request is being worked on."""
    most_at_once: int = 0
    account: str = "ada@example.com"
    nonce_override: str | None = None

    # --- tokens ----------------------------------------------------------------------------------

    def _new(self, kind: str) -> str:
        token = f"{kind}-{secrets.token_urlsafe(24)}"
        self.issued.append(token)
        return token

    def _tokens(self, family: Family, nonce: str = "") -> dict[str, Any]:
        family.current = self._new("refresh")
        self.families[family.current] = family
        claims = {
            "iss": self.url,
            "aud": "sidelight",
            "sub": "1",
            "preferred_username": self.account,
            "nonce": self.nonce_override or nonce,
        }
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        id_token = f"e30.{body}.{secrets.token_urlsafe(8)}"
        self.issued.append(id_token)
        return {
            "access_token": self._new("access"),
            "token_type": "Bearer",
            "expires_in": self.life_s,
            "refresh_token": family.current,
            "id_token": id_token,
            "scope": "openid profile offline_access",
        }

    def _grant(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        match form.get("grant_type"):
            case "authorization_code":
                asked = self.codes.pop(form.get("code", ""), None)
                digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                if asked is None or asked["code_challenge"] != challenge:
                    return 400, {"error": "invalid_grant"}
                if asked["redirect_uri"] != form.get("redirect_uri"):
                    return 400, {"error": "invalid_grant"}
                self.sign_ins += 1
                return 200, self._tokens(Family(), asked.get("nonce", ""))
            case "refresh_token":
                return self._renew(form.get("refresh_token", ""))
            case "urn:ietf:params:oauth:grant-type:device_code":
                answer = self.device_answers.popleft() if self.device_answers else "ok"
                if answer != "ok":
                    return 400, {"error": answer}
                self.sign_ins += 1
                return 200, self._tokens(Family())
            case _:
                return 400, {"error": "unsupported_grant_type"}

    def _renew(self, token: str) -> tuple[int, dict[str, Any]]:
        family = self.families.get(token)
        if family is None or family.revoked:
            return 400, {"error": "invalid_grant"}
        if family.current != token:
            self.reuses += 1
            self.revocations += 1
            family.revoked = True
            return 400, {"error": "invalid_grant"}
        self.renewals += 1
        return 200, self._tokens(family)

    # --- HTTP ------------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n")[0].split(" ")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            await self._answer(method, target, body.decode(), writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(
        self, method: str, target: str, body: str, writer: asyncio.StreamWriter
    ) -> None:
        parts = urlsplit(target)
        form = dict(parse_qsl(body))
        match method, parts.path:
            case "GET", "/.well-known/openid-configuration":
                self.discoveries += 1
                await _reply(writer, 200, self._discovery())
            case "GET", "/authorize":
                asked = dict(parse_qsl(parts.query))
                self.authorizations.append(asked)
                code = self._new("code")
                self.codes[code] = asked
                query = urlencode({"code": code, "state": asked["state"], "iss": self.url})
                await _reply(writer, 302, b"", {"Location": f"{asked['redirect_uri']}?{query}"})
            case "POST", "/device":
                answer = {
                    "device_code": self._new("device"),
                    "user_code": "WDJB-MJHT",
                    "verification_uri": f"{self.url}/activate",
                    "expires_in": 900,
                    "interval": 5,
                }
                await _reply(writer, 200, answer)
            case "POST", "/revoke":
                family = self.families.get(form.get("token", ""))
                if family is not None:
                    family.revoked = True
                await _reply(writer, 200, b"")
            case "POST", "/token":
                self.token_requests.append(form)
                self.at_once += 1
                self.working.set()
                self.most_at_once = max(self.most_at_once, self.at_once)
                try:
                    await self._token(form, writer)
                finally:
                    self.at_once -= 1
                    if not self.at_once:
                        self.working.clear()
            case _:
                await _reply(writer, 404, b"nothing here")

    async def _token(self, form: dict[str, str], writer: asyncio.StreamWriter) -> None:
        fault = self.faults.popleft() if self.faults else ""
        match fault:
            case "503" | "429" | "500":
                await _reply(writer, int(fault), b"later", {"Retry-After": "2"})
            case "502-html":
                await _reply(writer, 502, b"<html>bad gateway</html>")
            case "html":
                await _reply(writer, 200, b"<html>Welcome to Hotel Wi-Fi</html>")
            case "redirect":
                await _reply(writer, 302, b"", {"Location": "http://127.0.0.1:9/login"})
            case "json-nothing":
                await _reply(writer, 200, {})
            case "invalid_client":
                await _reply(writer, 401, {"error": "invalid_client"})
            case "interaction_required":
                await _reply(writer, 400, {"error": "interaction_required"})
            case "reset-before":
                _reset(writer)
            case "reset-after":
                self._grant(form)
                _reset(writer)
            case "hang":
                await asyncio.sleep(3600)
            case _:
                if fault == "slow":
                    await asyncio.sleep(self.slow_s)
                await _reply(writer, *self._grant(form))

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "device_authorization_endpoint": f"{self.url}/device",
            "revocation_endpoint": f"{self.url}/revoke",
            "authorization_response_iss_parameter_supported": True,
        }


def _reset(writer: asyncio.StreamWriter) -> None:
    """Cut the connection without a word, as a dying network does."""
    writer.transport.abort()


async def _reply(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes | dict[str, Any],
    headers: dict[str, str] | None = None,
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "application/json" if isinstance(body, dict) else "text/html"
    lines = {
        "Content-Type": kind,
        "Content-Length": str(len(data)),
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + data)
    await writer.drain()


@asynccontextmanager
async def running_idp(idp: StrictIdp) -> AsyncGenerator[StrictIdp]:
    """The provider on a port of its own; what still hangs at the end is cut."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await idp.serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    idp.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield idp
    finally:
        server.close()
        hanging = tuple(tasks)
        for task in hanging:
            task.cancel()
        if hanging:
            await asyncio.wait(hanging)
        await server.wait_closed()


async def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """One GET as a browser would do it, without following anything."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = {"Host": parts.netloc, "Connection": "close", **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"GET {target} HTTP/1.1\r\n{head}\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    head_text, _, body = answer.partition(b"\r\n\r\n")
    status_line, *rest = head_text.decode().split("\r\n")
    fields = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in rest)}
    return int(status_line.split(" ")[1]), fields, body


async def browse(url: str) -> bytes:
    """Sign in as a person's browser does: open the page, follow the redirect; the last page."""
    status, headers, body = await get(url)
    while status == 302:
        status, headers, body = await get(headers["location"])
    return body
