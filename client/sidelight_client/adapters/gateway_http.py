"""A gateway reached over HTTP: discovery, completions, policy and usage, each bounded in time and size."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, assert_never

from ..domain.budget import Reading
from ..domain.completion import CompletionRequest
from ..domain.failure import Failure, FailureKind
from ..domain.policy import Policy
from ..domain.secret import Secret
from ..domain.session import Grant
from ..gateways.answer_reader import AnswerReader
from ..gateways.challenge import with_challenge
from ..gateways.discovery import WELL_KNOWN, Announced, api_base, from_document, from_models
from ..gateways.limits import readings
from ..gateways.policy_document import policy
from ..gateways.profile import Encoded, Mode, Reply
from ..gateways.recognise import Recognised, Seen, recognise
from ..gateways.untrusted import mapping, parsed
from ..ports import Clock, GatewayEvent, GatewayInfo
from . import dpop
from .http import Headers, HttpAnswer, HttpClient, HttpProblem, HttpProblemKind, HttpStream

log = logging.getLogger("sidelight.gateway")

DOCUMENT_TIMEOUT_S = 10.0
REFUSAL_TIMEOUT_S = 1.0
"""How long the body of a refusal is waited for; its status alone is worth telling."""
REFUSAL_BYTES = 256_000
ANSWER_BYTES = 4_000_000
SLOWEST_TOKEN_S = 0.1
"""A model on a busy laptop writes ten tokens a second; slower is not worth waiting for."""

EARLY_S = 0.005
_COMPLETED = (200, 246)
"""246 is Portkey's success with a warning."""


@dataclass(frozen=True, slots=True)
class _Question:
    """One completion as it is asked of one gateway."""

    gateway: Announced
    request: CompletionRequest
    model: str
    mode: Mode

    @property
    def encoded(self) -> Encoded:
        return self.gateway.profile.encode(self.request, self.model, self.mode)

    def located(self, event: GatewayEvent) -> GatewayEvent:
        """A failure with its findings counted in the window's parts, and the model it is about."""
        if not isinstance(event, Failure):
            return event
        facts = dict(event.facts)
        if event.kind is FailureKind.AUTH_MODEL_DENIED:
            facts.setdefault("model", self.model)
        return replace(event, hits=self.encoded.located(event.hits), facts=facts)


class HttpGateway:
    """A `ports.Gateway`. It learns how the gateway is spoken to when it is first asked."""

    def __init__(self, url: str, http: HttpClient, *, clock: Clock, embedded: bool = False) -> None:
        """`http` belongs to the gateway from here on and is closed with it."""
        self._url = url.rstrip("/")
        self._http = http
        self._clock = clock
        self._embedded = embedded
        self._announced: Announced | None = None
        self._discovery: asyncio.Task[Announced | Failure] | None = None
        self._warming: asyncio.Task[object] | None = None
        self._listing: asyncio.Task[None] | None = None
        self._without_suffix: set[str] = set()
        self._policy_etag = ""

    async def discover(self) -> GatewayInfo | Failure:
        found = await asyncio.shield(self._discovering())
        return found if isinstance(found, Failure) else found.info

    async def complete(
        self, request: CompletionRequest, grant: Grant | None, deadline_s: float
    ) -> AsyncGenerator[GatewayEvent]:
        first_by = asyncio.get_running_loop().time() + deadline_s
        gateway = await self._known(deadline_s)
        if isinstance(gateway, Failure):
            yield gateway
            return
        if grant is not None and not gateway.info.models:
            gateway = await self._with_models(gateway, grant, first_by)
        asked = self._question(gateway, request)
        downgrade = False
        async with aclosing(self._ask(asked, grant, first_by)) as events:
            async for event in events:
                downgrade = _lacks_suffix(event) and asked.mode in (Mode.INFILL, Mode.SUFFIX)
                if not downgrade:
                    yield event
        if downgrade:
            log.info("the model takes no text after the cursor; asking it as a chat from now on")
            self._without_suffix.add(asked.model)
            asked = self._question(gateway, request)
            async with aclosing(self._ask(asked, grant, first_by)) as events:
                async for event in events:
                    yield event

    async def policy(self, grant: Grant | None) -> Policy | None:
        gateway = self._announced
        if gateway is None or not gateway.policy_url:
            return None
        headers = {"if-none-match": self._policy_etag} if self._policy_etag else {}
        answer = await self._document(gateway.policy_url, gateway, grant, headers)
        document = _json_object(answer)
        if answer is None or document is None:
            return None
        self._policy_etag = answer.headers.get("etag", "")
        return policy(document, self._policy_etag)

    async def usage(self, grant: Grant | None) -> tuple[Reading, ...]:
        gateway = self._announced
        if gateway is None or not gateway.usage_url:
            return ()
        answer = await self._document(gateway.usage_url, gateway, grant, {})
        document = _json_object(answer) or {}
        return readings(document.get("windows"), self._clock.now(), "gateway")

    async def drop_pool(self) -> None:
        self._http.drop_pool()
        self._warm()

    async def close(self) -> None:
        for task in (self._discovery, self._warming, self._listing):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])
        await self._http.close()

    # --- discovery -------------------------------------------------------------------------------

    def _discovering(self) -> asyncio.Task[Announced | Failure]:
        """The discovery in flight; whoever asks meanwhile shares it."""
        if self._discovery is None or self._discovery.done():
            self._discovery = asyncio.get_running_loop().create_task(self._discover())
        return self._discovery

    async def _known(self, wait_s: float) -> Announced | Failure:
        """How the gateway is spoken to; it is waited for only when nothing is known yet."""
        if self._announced is not None:
            return self._announced
        try:
            async with asyncio.timeout(wait_s):
                return await asyncio.shield(self._discovering())
        except TimeoutError:
            return Failure(FailureKind.UPSTREAM_TIMEOUT)

    async def _discover(self) -> Announced | Failure:
        found = await self._announcement()
        if isinstance(found, Announced):
            self._announced = found
            if self._listing is not None and self._listing.done():
                self._listing = None
            log.info("the gateway speaks %s, recognised by %s", found.profile.name, found.sign)
        return found

    async def _announcement(self) -> Announced | Failure:
        """The neutral document, else the model list every server of OpenAI's family has."""
        now = self._clock.now()
        answer = await self._get(f"{self._url.removesuffix('/v1')}{WELL_KNOWN}", {})
        if isinstance(answer, HttpProblem):
            return _unanswered(answer, late=False)
        document = _json_object(answer)
        if document is not None and {"version", "profile", "api_base"} & document.keys():
            return from_document(document, self._url, now, self._embedded)
        first = answer
        answer = await self._get(f"{api_base(self._url)}/models", {})
        if isinstance(answer, HttpProblem):
            return _unanswered(answer, late=False)
        recognised = _recognised(answer, "/v1/models") or _recognised(first, WELL_KNOWN)
        document = _json_object(answer)
        if document is not None and isinstance(document.get("data"), list):
            return from_models(document, self._url, recognised)
        guessed = from_models(None, self._url, recognised)
        # The list is guarded or there is none; anything else is no gateway, or not a working one.
        if answer.status in (401, 403, 404, 405) or (recognised and answer.status == 400):  # noqa: PLR2004  Portkey's
            return guessed
        reply = Reply(answer.status, answer.headers, answer.body)
        return guessed.profile.classify(reply, now)

    async def _with_models(self, gateway: Announced, grant: Grant, first_by: float) -> Announced:
        """The gateway with its models: many show their list only to who is signed in.

        It is asked for once after each discovery, and not waited for longer than for the answer.
        """
        if self._listing is None:
            listing = self._list_models(gateway, grant)
            self._listing = asyncio.get_running_loop().create_task(listing)
        await asyncio.wait([self._listing], timeout=_left(first_by))
        return self._announced or gateway

    async def _list_models(self, gateway: Announced, grant: Grant) -> None:
        answer = await self._document(f"{gateway.api_base}/models", gateway, grant, {})
        models = from_models(_json_object(answer), self._url).info.models
        if models and self._announced is gateway:
            self._announced = replace(gateway, info=replace(gateway.info, models=models))

    # --- completions -----------------------------------------------------------------------------

    def _question(self, gateway: Announced, request: CompletionRequest) -> _Question:
        tier = request.tier.value
        model = gateway.info.models.get(tier, "")
        mode = gateway.modes.get(tier, gateway.profile.default_mode)
        if mode in (Mode.INFILL, Mode.SUFFIX) and model in self._without_suffix:
            mode = Mode.CHAT
        return _Question(gateway, request, model, mode)

    async def _ask(
        self, asked: _Question, grant: Grant | None, first_by: float
    ) -> AsyncGenerator[GatewayEvent]:
        """One exchange. `first_by` is the loop's time at which the first text must be there."""
        gateway, encoded = asked.gateway, asked.encoded
        headers: Headers = {
            "content-type": "application/json",
            "accept": "text/event-stream, application/json",
            **gateway.profile.trace_headers(asked.request.trace_id),
            **self._authorized(gateway, grant, "POST", encoded.url(gateway.api_base)),
        }
        async with self._http.stream(
            "POST",
            encoded.url(gateway.api_base),
            headers,
            encoded.body,
            timeout_s=_left(first_by),
            max_bytes=ANSWER_BYTES,
        ) as stream:
            if isinstance(stream, HttpProblem):
                if not stream.sent and _left(first_by) == 0:
                    # Reaching a far gateway takes longer than the fast tier waits: without this
                    # no connection would ever be there in time.
                    self._warm()
                yield _unanswered(stream, late=_left(first_by) == 0)
            elif stream.status not in _COMPLETED:
                yield await self._refusal(asked, stream)
            else:
                async with aclosing(self._read(asked, stream, first_by)) as events:
                    async for event in events:
                        yield event

    async def _read(
        self, asked: _Question, stream: HttpStream, first_by: float
    ) -> AsyncGenerator[GatewayEvent]:
        profile, now = asked.gateway.profile, self._clock.now()
        reader = AnswerReader(
            profile,
            stream.headers.get("content-type", ""),
            strip_fences=asked.mode is Mode.CHAT,
            readings=profile.limits_from_headers(stream.headers, now),
            model=asked.model,
        )
        over_by = first_by + asked.request.max_tokens * SLOWEST_TOKEN_S
        while not reader.over:
            end = over_by if reader.begun else first_by
            piece = await stream.read(_left(end))
            if isinstance(piece, HttpProblem):
                yield _unanswered(piece, late=_left(end) == 0)
                return
            for event in reader.feed(piece):
                yield asked.located(event)

    async def _refusal(self, asked: _Question, stream: HttpStream) -> GatewayEvent:
        body = bytearray()
        ends_at = asyncio.get_running_loop().time() + REFUSAL_TIMEOUT_S
        while len(body) < REFUSAL_BYTES:
            piece = await stream.read(_left(ends_at))
            if isinstance(piece, HttpProblem) or not piece:
                break
            body += piece
        reply = Reply(stream.status, stream.headers, bytes(body))
        failure = asked.gateway.profile.classify(reply, self._clock.now())
        return asked.located(with_challenge(failure, reply))

    # --- exchanges -------------------------------------------------------------------------------

    async def _get(self, url: str, headers: Headers) -> HttpAnswer | HttpProblem:
        return await self._http.request(
            "GET",
            url,
            {"accept": "application/json", **headers},
            timeout_s=DOCUMENT_TIMEOUT_S,
        )

    async def _document(
        self, url: str, gateway: Announced, grant: Grant | None, headers: Headers
    ) -> HttpAnswer | None:
        answer = await self._get(url, {**headers, **self._authorized(gateway, grant, "GET", url)})
        return None if isinstance(answer, HttpProblem) else answer

    def _authorized(
        self, gateway: Announced, grant: Grant | None, method: str, url: str
    ) -> Headers:
        """What shows whose request it is: the profile's headers, or a bound token and its proof."""
        if gateway.info.auth_kind == "none":
            return {}
        if grant is None or grant.proof_key is None or not grant.proven:
            return gateway.profile.auth_headers(grant)
        token, now = grant.access_token, self._clock.now()
        return {
            "authorization": Secret(f"DPoP {token.reveal()}"),
            "dpop": dpop.proof(grant.proof_key, method, url, now, access_token=token),
        }

    def _warm(self) -> None:
        """Open a connection in the background, so that the next request finds it open."""
        if self._warming is None or self._warming.done():
            warm = self._get(f"{self._url.removesuffix('/v1')}{WELL_KNOWN}", {})
            self._warming = asyncio.get_running_loop().create_task(warm)


def _json_object(answer: HttpAnswer | HttpProblem | None) -> Mapping[str, Any] | None:
    """The JSON object of a successful answer; None for anything else."""
    if not isinstance(answer, HttpAnswer) or answer.status != 200:  # noqa: PLR2004  OK
        return None
    found = parsed(answer.body)
    return mapping(found) if isinstance(found, dict) else None


def _recognised(answer: HttpAnswer, path: str) -> Recognised | None:
    return recognise(Seen(path, headers=answer.headers, body=answer.body))


def _lacks_suffix(event: GatewayEvent) -> bool:
    return isinstance(event, Failure) and event.kind is FailureKind.CAPABILITY_MISSING


def _left(end: float) -> float:
    """Seconds until the loop's time `end`; timers may fire a few milliseconds early."""
    left = end - asyncio.get_running_loop().time()
    return left if left > EARLY_S else 0.0


def _unanswered(problem: HttpProblem, *, late: bool) -> Failure:
    """What an exchange without an answer means. `late` when our own patience ended it."""
    match problem.kind:
        case HttpProblemKind.DNS | HttpProblemKind.UNREACHABLE:
            return Failure(FailureKind.OFFLINE)
        case HttpProblemKind.TIMEOUT:
            # A connection that could not be opened in the time set for that is not merely slow.
            slow = late or problem.sent
            return Failure(FailureKind.UPSTREAM_TIMEOUT if slow else FailureKind.UPSTREAM_DOWN)
        case (
            HttpProblemKind.REFUSED
            | HttpProblemKind.TLS
            | HttpProblemKind.PROXY
            | HttpProblemKind.RESET
            | HttpProblemKind.TOO_LARGE
            | HttpProblemKind.PROTOCOL
        ):
            return Failure(FailureKind.UPSTREAM_DOWN)
        case _:
            assert_never(problem.kind)
