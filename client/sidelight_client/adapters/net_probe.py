"""Asks an address what stands between it and this machine: DNS, proxy, certificates, a login page.

Only for `sidelight doctor`: every step has a short time limit, and no token or credential is sent
(but the proxy's own, to the proxy).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ..domain.identity.diagnosis import Answer, EndpointSeen, Trouble
from ..ports import Clock
from .http import HttpAnswer, HttpClient, HttpProblem, HttpProblemKind, is_loopback
from .http_trust import system_trust

LOOK_UP_S = 3.0
CONNECT_S = 2.5
ASK_S = 6.0
MAX_BYTES = 256 * 1024
_OK = 200
_PORTS = {"https": 443, "http": 80}
_REDIRECTS = (301, 302, 303, 307, 308)
_PROXY_AUTHENTICATION_REQUIRED = 407  # RFC 9110 §15.5.8
_NETWORK_AUTHENTICATION_REQUIRED = 511  # RFC 6585 §6


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked.

    Attributes:
        role: as `EndpointSeen.role`.
        url: the address of a JSON document.
        check: what makes a document useless; empty for nothing.
        lacks: what a useful document says is not offered; empty for nothing.
    """

    role: str
    url: str
    check: Callable[[Any], str] = lambda _document: ""
    lacks: Callable[[Any], str] = lambda _document: ""


@dataclass(frozen=True, slots=True)
class Probed:
    """What was seen, and the JSON that came, for whoever can read it."""

    seen: EndpointSeen
    document: Any = None


async def probe(target: Target, http: HttpClient, clock: Clock) -> Probed:
    """Ask `target` once. Never raises for anything a network does."""
    try:
        parts = urlsplit(target.url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        proxy = proxy_for(parts)
    except ValueError:
        return Probed(EndpointSeen(target.role, "", "", Trouble("address", "it cannot be read")))
    host = parts.hostname or ""
    seen = EndpointSeen(
        target.role, host, without_credentials(target.url), Trouble("address"), _shown(proxy)
    )
    if not port or not host:
        return Probed(replace(seen, outcome=Trouble("address", "it is no http or https address")))
    if proxy is None:
        found = await look_up(host, port)
        if isinstance(found, Trouble):
            return Probed(replace(seen, outcome=found))
        seen = replace(seen, addresses=found)
    before = clock.now()
    headers = {"Accept": "application/json", "Connection": "close"}
    answer = await http.request("GET", target.url, headers, timeout_s=ASK_S, max_bytes=MAX_BYTES)
    after = clock.now()
    if isinstance(answer, HttpProblem):
        return Probed(replace(seen, outcome=await _trouble(answer, parts, port, proxy)))
    document = _json(answer)
    unreadable = target.check(document) if answer.status == _OK else ""
    useful = answer.status == _OK and not unreadable
    outcome = Answer(
        answer.status,
        is_page=_is_page(answer, document),
        moved_to=_host_of_redirect(answer, host),
        unreadable=unreadable,
        lacks=target.lacks(document) if useful else "",
        clock_offset_s=clock_offset_s(answer.headers, before, after),
        took_s=after - before,
    )
    return Probed(replace(seen, outcome=outcome), document)


# --- what an answer says ---------------------------------------------------------------------


def _json(answer: HttpAnswer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _is_page(answer: HttpAnswer, document: Any) -> bool:
    if answer.status == _NETWORK_AUTHENTICATION_REQUIRED or answer.status in _REDIRECTS:
        return True
    html = "html" in answer.headers.get("content-type", "") or answer.body.lstrip()[:1] == b"<"
    # An error page at an address that does not exist is a web server's usual answer.
    return answer.status == _OK and document is None and html


def _host_of_redirect(answer: HttpAnswer, host: str) -> str:
    if answer.status not in _REDIRECTS:
        return ""
    try:
        return urlsplit(answer.headers.get("location", "")).hostname or host
    except ValueError:
        return host


def clock_offset_s(headers: Mapping[str, str], before: float, after: float) -> float | None:
    """How far this machine's clock is ahead of the server's, by its `Date` (RFC 9110 §6.6.1).

    The header is cut to whole seconds, and a cache's answer is `Age` seconds old (RFC 9111 §5.1).
    """
    try:
        date = parsedate_to_datetime(headers.get("date", "")).timestamp() + 0.5
    except (ValueError, OverflowError):
        return None
    age = headers.get("age", "")
    return (before + after) / 2 - date - (int(age) if age.isdecimal() and len(age) < 10 else 0)  # noqa: PLR2004  a number of seconds, not a joke


# --- proxies ---------------------------------------------------------------------------------


def proxy_for(parts: SplitResult) -> SplitResult | None:
    """The proxy that requests to an address go through, as the environment or the system has it.

    Raises ValueError for an address that is none.
    """
    host = parts.hostname or ""
    if not host or is_loopback(host):
        return None
    named = getproxies()
    if named.get("no", "").strip() == "*" or proxy_bypass(host):
        return None
    given = named.get(parts.scheme) or named.get("all")
    if not given:
        return None
    proxy = urlsplit(given if "://" in given else f"http://{given}")
    # Reading the port of an address that is none raises, as promised.
    return proxy if proxy.hostname and proxy.port != 0 else None


def proxies_seen() -> tuple[tuple[str, str], ...]:
    """Every proxy there is, by scheme and without credentials, and `no` for the exemptions."""
    return tuple(
        (name, value if name == "no" else without_credentials(value))
        for name, value in sorted(getproxies().items())
    )


def without_credentials(url: str) -> str:
    """`url` as it may be shown: scheme, host, port and path."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return "not readable"
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    return f"{scheme}{f'[{host}]' if ':' in host else host}{port}{parts.path}"


def _shown(proxy: SplitResult | None) -> str:
    return without_credentials(proxy.geturl()).rstrip("/") if proxy is not None else ""


# --- why there is no answer ------------------------------------------------------------------


async def look_up(host: str, port: int) -> tuple[str, ...] | Trouble:
    """The addresses of `host`, from a thread that nobody waits for: a resolver may take minutes."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[str, ...] | Trouble] = loop.create_future()

    def deliver(found: tuple[str, ...] | Trouble) -> None:
        if not answer.done():
            answer.set_result(found)

    def main() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            outcome: tuple[str, ...] | Trouble = tuple(sorted({str(item[4][0]) for item in found}))
        except (OSError, UnicodeError) as error:
            outcome = Trouble("dns", getattr(error, "strerror", None) or "it is no host name")
        with contextlib.suppress(RuntimeError):  # The loop ended before the resolver answered.
            loop.call_soon_threadsafe(deliver, outcome)

    threading.Thread(target=main, name="sidelight-look-up", daemon=True).start()
    try:
        async with asyncio.timeout(LOOK_UP_S):
            return await answer
    except TimeoutError:
        return Trouble("dns", f"no answer within {LOOK_UP_S:g} s")


async def _trouble(
    problem: HttpProblem, target: SplitResult, port: int, proxy: SplitResult | None
) -> Trouble:
    """The trouble behind a request that brought no answer, looked at once more by hand."""
    if problem.kind is HttpProblemKind.TLS or proxy is not None:
        found = await _look_closer(target, port, proxy)
        if found is not None:
            return found
    if problem.kind is HttpProblemKind.PROXY:
        return Trouble("proxy_refused", "no reason given")
    return Trouble(problem.kind)


async def _look_closer(target: SplitResult, port: int, proxy: SplitResult | None) -> Trouble | None:
    """What the proxy, or the certificate, says; None when neither objects."""
    host = target.hostname or ""
    trust = await asyncio.to_thread(system_trust)
    reached = proxy is None
    try:
        async with asyncio.timeout(ASK_S), _connection(target, port, proxy, trust) as link:
            reached = True
            if proxy is not None:
                status = await _ask_proxy(link, target, port, proxy)
                if status == _PROXY_AUTHENTICATION_REQUIRED:
                    return Trouble("proxy_credentials")
                if target.scheme == "https" and status // 100 != 2:  # noqa: PLR2004  2xx, RFC 9110 §9.3.6
                    return Trouble("proxy_refused", f"status {status}")
            if target.scheme == "https":
                await link[1].start_tls(trust, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        return Trouble("tls", error.verify_message)
    except ssl.SSLError as error:
        return Trouble("tls", (error.reason or "the handshake failed").replace("_", " ").lower())
    except TimeoutError:
        return Trouble("timeout" if reached else "proxy_unreachable", "no answer in time")
    except (OSError, EOFError, ValueError) as error:
        word = getattr(error, "strerror", None) or "the connection was cut"
        return None if reached else Trouble("proxy_unreachable", str(word))
    return None


Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def _connection(
    target: SplitResult, port: int, proxy: SplitResult | None, trust: ssl.SSLContext
) -> AsyncGenerator[Link]:
    """A connection to the proxy if there is one, else to the target; always cut at the end."""
    nearest = target if proxy is None else proxy
    secure = proxy is not None and proxy.scheme == "https"
    async with asyncio.timeout(CONNECT_S):
        reader, writer = await asyncio.open_connection(
            nearest.hostname,
            port if proxy is None else proxy.port or _PORTS.get(proxy.scheme, 80),
            ssl=trust if secure else None,
        )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _ask_proxy(link: Link, target: SplitResult, port: int, proxy: SplitResult) -> int:
    """The status a proxy answers our request with: CONNECT for TLS, else the request itself."""
    reader, writer = link
    host = target.hostname or ""
    host = f"[{host}]" if ":" in host else host
    plain = target.scheme != "https"
    line = f"GET {without_credentials(target.geturl())}" if plain else f"CONNECT {host}:{port}"
    headers = [f"{line} HTTP/1.1", f"Host: {host}:{port}"]
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        encoded = base64.b64encode(pair.encode()).decode()
        headers.append(f"Proxy-Authorization: Basic {encoded}")
    writer.write("\r\n".join([*headers, "", ""]).encode("ascii", "ignore"))
    first = await reader.readline()
    while (await reader.readline()).strip():
        pass
    return int(first.split(b" ")[1])
