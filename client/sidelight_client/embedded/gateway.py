"""The embedded gateway as a whole: its settings, its parts put together, its start and stop."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from ..adapters.re2_rules import RuleSet
from ..domain.identity.secret import Secret
from ..domain.policy.organisation import ContentRule, PlaceRule
from ..domain.spending.budget import Purse
from ..ports import Clock
from .admission import Admission
from .audit import AuditTrail
from .completions import Completions
from .faults import Faults
from .http import ClientWire, Request, WireLimits
from .issuer import Issuer, IssuerSettings, redirect_allowed
from .issuer_pages import IssuerPages
from .limits import DEFAULT_LIMITS, Meter
from .model_completer import ModelCompleter
from .passthrough import ModelServer, read_upstream
from .policy_document import DEFAULT_PLACES, policy_document
from .replies import refusal
from .routes import Parts, Routes
from .rules import DEFAULT_RULES, SECRET_RULES, VALIDATORS
from .server import SOCKET_HOST, HttpServer
from .workspace_reader import WorkspaceReader


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """What can be chosen about the embedded gateway; the defaults are the development gateway's.

    Attributes:
        socket_path: serve on this Unix socket, whose folder is the caller's to keep private; None
            serves on 127.0.0.1, which is the only way on Windows.
        port: the TCP port; 0 takes a free one.
        workspaces: folders to learn completions from.
        index_mb: how much of them is read, in megabytes of text; 0 learns nothing.
        upstream: an OpenAI-compatible server on loopback that answers instead.
        issuer: how long tokens live, and for whom.
        limits: the limits that are kept.
        content_rules: what may not be sent; only rules whose action is to block do so here.
        place_rules: where AI is off, as announced; keeping them is the client's part.
        max_input_tokens: the longest request, in estimated tokens.
        wire: sizes and times of the HTTP server.
    """

    socket_path: Path | None = None
    port: int = 0
    workspaces: tuple[Path, ...] = ()
    index_mb: int = 4
    upstream: str = ""
    issuer: IssuerSettings = field(default_factory=IssuerSettings)
    limits: tuple[Purse, ...] = DEFAULT_LIMITS
    content_rules: tuple[ContentRule, ...] = DEFAULT_RULES
    place_rules: tuple[PlaceRule, ...] = DEFAULT_PLACES
    max_input_tokens: int = 32_000
    wire: WireLimits = field(default_factory=WireLimits)


class _SystemClock:
    """The machine's clock, for a gateway that is given none."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class EmbeddedGateway:
    """A whole gateway for one person on one machine, with its own sign-in service.

    Raises:
        ValueError: the upstream is not on loopback.
        RuleError: a content rule cannot be used.
    """

    def __init__(
        self,
        settings: EmbeddedSettings,
        clock: Clock | None = None,
        model: ModelCompleter | None = None,
        zone_of: EmbeddedGateway | None = None,
    ) -> None:
        """`model` answers where no upstream is set; it belongs to the gateway from here on.

        With `zone_of` it is another address of that gateway: a session and its limits hold at both.
        """
        self._settings = settings
        self._model = model
        self._clock = clock or _SystemClock()
        upstream = read_upstream(settings.upstream) if settings.upstream else None
        server = ModelServer(upstream) if upstream is not None else model
        self.key = Secret(secrets.token_urlsafe(32))
        """What a request must carry to approve a sign-in or throw fault switches."""
        self.faults = Faults()
        self.audit = AuditTrail()
        self.meter: Meter = zone_of.meter if zone_of else Meter(settings.limits, self._clock.now)
        self.url = ""
        """The origin: `http://127.0.0.1:PORT`, or `http://sidelight.embedded` on a Unix socket."""
        rules = RuleSet(settings.content_rules, VALIDATORS)
        hidden = RuleSet(SECRET_RULES, VALIDATORS, max_matches=1)
        self.reader = WorkspaceReader(
            settings.index_mb * 1_000_000,
            lambda text: bool(hidden.scan(text).matches),
            self._clock.monotonic,
        )
        admission = Admission(
            self._clock,
            self.faults,
            self.meter,
            rules,
            passes_on=server is not None,
            max_input_tokens=settings.max_input_tokens,
        )
        completions = Completions(self._clock, self.faults, self.reader, server, self.audit)
        self.issuer: Issuer = (
            zone_of.issuer
            if zone_of
            else Issuer("", settings.issuer, self._clock.now, lambda: self.faults.reject_refresh)
        )
        """Whom a sign-in ends at; zones share it."""
        self._is_zone = zone_of is not None
        self._pages = IssuerPages(self.issuer, self.key)
        self._routes = Routes(
            Parts(
                clock=self._clock,
                faults=self.faults,
                meter=self.meter,
                issuer=self.issuer,
                pages=self._pages,
                admission=admission,
                completions=completions,
                audit=self.audit,
                policy=policy_document(settings.content_rules, settings.place_rules),
                passes_on=server is not None,
                max_input_tokens=settings.max_input_tokens,
            )
        )
        self._server = HttpServer(self._routes.handle, refusal, settings.wire)

    @property
    def socket_path(self) -> Path | None:
        return self._settings.socket_path

    async def start(self) -> None:
        """Serve, and begin to learn from the workspaces in the background. Raises OSError."""
        if self._settings.socket_path is not None:
            await self._server.start_unix(self._settings.socket_path)
            self.url = f"http://{SOCKET_HOST}"
        else:
            self.url = f"http://127.0.0.1:{await self._server.start_tcp(self._settings.port)}"
        self._routes.origin = self.url
        if not self._is_zone:
            self.issuer.url = f"{self.url}/issuer"
        await self.reader.start()
        for folder in self._settings.workspaces:
            self.add_workspace(folder)

    async def stop(self) -> None:
        """Stop serving, end all work, remove the socket."""
        await self._server.stop()
        await self.reader.stop()
        if self._model is not None:
            await self._model.stop()

    def add_workspace(self, folder: Path) -> None:
        """Learn from `folder` too, and get ready for questions about it; returns at once."""
        self.reader.add_folder(folder)
        if self._model is not None:
            self._model.warm()

    async def workspace_ready(self) -> None:
        """Wait until the folders added so far have been read."""
        await self.reader.settled()

    def expire_tokens_now(self) -> None:
        """Let every access token issued so far count as expired; renewed ones work."""
        self.faults.expire_up_to = self.issuer.serial

    async def approve(self, authorize_url: str) -> None:
        """Do what the person's browser would: approve, and bring the code to the loopback listener.

        Raises:
            ValueError: the address is not this gateway's, or it was refused.
            OSError: nobody listens at the redirect.
        """
        parts = urlsplit(authorize_url)
        if f"{parts.scheme}://{parts.netloc}" != self.url or parts.path != "/issuer/authorize":
            raise ValueError("this is not an authorization address of this gateway")
        asked = dict(parse_qsl(parts.query))
        headers = {"x-sidelight-key": self.key.reveal()}
        answer = self._pages.authorize(Request("GET", parts.path, asked, headers))
        location = dict(answer.headers).get("location", "")
        redirect = urlsplit(location)
        if not redirect_allowed(location.partition("?")[0]):
            raise ValueError("the authorization was refused")
        async with asyncio.timeout(10.0):
            reader, writer = await asyncio.open_connection(redirect.hostname, redirect.port)
            try:
                target = f"{redirect.path}?{redirect.query}"
                await ClientWire(reader, writer).ask("GET", target, (("host", redirect.netloc),))
            finally:
                writer.transport.abort()

    def approve_device(self, user_code: str) -> bool:
        """Approve a device sign-in as the person would; whether one waits for this code."""
        return self.issuer.approve_device(user_code)
