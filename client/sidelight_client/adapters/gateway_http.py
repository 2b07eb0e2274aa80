"""A gateway reached over HTTP, at one or several addresses, in whatever way its models are best asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from ..domain.completion import CompletionRequest, Tier
from ..domain.content.sources import RuleChoice
from ..domain.failure import Failure, FailureKind
from ..domain.feedback import Failed, Feedback, FeedbackResult, Problem
from ..domain.identity.grant import Grant
from ..domain.policy.organisation import Policy, PolicyTrouble
from ..domain.routing import fim
from ..domain.routing.fim import Learned, Mode, Shown
from ..domain.spending.budget import Reading
from ..gateways.discovery import WELL_KNOWN, Announced, origin
from ..gateways.guardrail_list import guardrail_list
from ..gateways.limits import readings
from ..gateways.policy_document import read as read_policy
from ..ports import Clock, Delta, Finish, GatewayEvent, GatewayInfo
from ..trace import new_trace_id
from . import policy_signature
from .feedback import send
from .gateway_calls import DOCUMENT_TIMEOUT_S, GatewayCalls, json_object, left
from .gateway_discovery import GatewayDiscovery, plain
from .gateway_exchange import Question, ask
from .gateway_given import GatewayGiven
from .gateway_ways import LearnedWays
from .http import HttpAnswer, HttpClient, HttpProblem, is_loopback

log = logging.getLogger("sidelight.gateway")

PROOF_TIMEOUT_S = 10.0
_NOT_STREAMED = (500, 501)
"""How servers fail that cannot stream; Portkey's on Node 20 answers every streamed call so."""
_REFUSED = (400, 404, 422, 501)
_MAY_BE_FOR_ALTERNATIVES = (FailureKind.CAPABILITY_MISSING, FailureKind.UNKNOWN)
"""How a request that asks for alternatives is refused by what gives one at a time."""
_FAILS = (FailureKind.UPSTREAM_DOWN, FailureKind.UNKNOWN)


class HttpGateway:
    """A `ports.Gateway`. It learns how the gateway is spoken to when it is first asked."""

    def __init__(
        self,
        urls: str | Sequence[str],
        http: HttpClient,
        *,
        clock: Clock,
        embedded: bool = False,
        memory: Path | None = None,
        given: GatewayGiven | None = None,
        policy_key: str = "",
    ) -> None:
        """Begin with what is configured.

        Args:
            urls: the gateway's address, or those of its zones; the session may go to each of them.
            http: belongs to the gateway from here on and is closed with it.
            clock: tells how old what was learned is.
            embedded: whether the gateway runs in this process.
            memory: the file in which what was learned about models outlives the process.
            given: what the settings say of the gateway beside its address.
            policy_key: who must have signed its policy document; empty where nobody must.
        """
        addresses = (urls,) if isinstance(urls, str) else tuple(urls)
        self._calls = GatewayCalls(http, clock, given)
        self._discovery = GatewayDiscovery(addresses, self._calls, embedded=embedded)
        self.ways = LearnedWays(memory, clock)
        """What is known of the models; for tests and for whoever asks why."""
        self._alive = ""
        self._warming: asyncio.Task[object] | None = None
        self._doubted: set[tuple[str, str]] = set()
        self._one_at_a_time: set[tuple[str, str]] = set()
        self._policy_etag = ""
        self._policy_key = policy_key

    async def discover(self) -> GatewayInfo | Failure:
        await self.ways.load()
        found = await asyncio.shield(self._discovery.discovering())
        return found if isinstance(found, Failure) else found.info

    async def complete(
        self,
        request: CompletionRequest,
        grant: Grant | None,
        deadline_s: float,
        endpoint: str = "",
    ) -> AsyncGenerator[GatewayEvent]:
        first_by = asyncio.get_running_loop().time() + deadline_s
        gateway = await self._discovery.known(deadline_s)
        if isinstance(gateway, Failure):
            yield gateway
            return
        if grant is not None and not gateway.info.models:
            gateway = await self._discovery.with_models(gateway, grant, first_by)
        where = plain(endpoint) or self._discovery.found_at
        asked = self._question(self._discovery.at(gateway, where), request, where)

        def left_early() -> None:
            if not is_loopback(urlsplit(where).hostname or ""):
                self._warm(where)

        async with aclosing(ask(self._calls, asked, grant, first_by, left_early)) as events:
            async for event in events:
                unsent = isinstance(event, Failure) and event.unprocessed
                if unsent and left(first_by) == 0:
                    # Reaching a far gateway takes longer than the fast tier waits: without this no
                    # connection would ever be there in time.
                    self._warm(where)
                yield self._learned(asked, where, event)

    def unproven(self, tier: Tier, endpoint: str = "") -> bool:
        gateway = self._discovery.announced
        if gateway is None or gateway.info.embedded:
            return False
        where = plain(endpoint) or self._discovery.found_at
        model = gateway.info.models.get(tier.value, "")
        return fim.unproven(self._mode(gateway, tier, where), self.ways.of(where, model))

    async def prove(self, tier: Tier, grant: Grant | None, endpoint: str = "") -> Finish | Failure:
        request = CompletionRequest(
            new_trace_id(),
            fim.CANARY_DOCUMENT,
            fim.canary(),
            tier,
            max_tokens=fim.CANARY_TOKENS,
            max_lines=1,
        )
        gateway = self._discovery.announced
        where = plain(endpoint) or self._discovery.found_at
        mode = self._mode(gateway, tier, where) if gateway is not None else Mode.PREFIX
        text, end = "", Failure(FailureKind.UPSTREAM_DOWN)
        async with aclosing(self.complete(request, grant, PROOF_TIMEOUT_S, where)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    text += event.text
                elif isinstance(event, Finish) and gateway is not None:
                    shown = fim.reading(text)
                    model = gateway.info.models.get(tier.value, "")
                    log.info("the canary shows that %s %s", mode, shown)
                    self._show(where, model, mode, shown)
                    return event
                elif isinstance(event, Failure):
                    end = event
        return end

    async def policy(self, grant: Grant | None) -> Policy | PolicyTrouble | None:
        gateway = self._discovery.announced
        if gateway is None or not gateway.policy_url:
            return None
        gateway = self._discovery.at(gateway, self._alive)
        headers = {"if-none-match": self._policy_etag} if self._policy_etag else {}
        answer = await self._calls.document(gateway.policy_url, gateway, grant, headers)
        if answer is None:
            return PolicyTrouble.UNREACHABLE
        signature = answer.headers.get(policy_signature.HEADER, "")
        if (
            self._policy_key
            and answer.status == HTTPStatus.OK
            and not policy_signature.signed_by(self._policy_key, answer.body, signature)
        ):
            return PolicyTrouble.UNSIGNED
        tag, now = answer.headers.get("etag", ""), self._calls.clock.now()
        # Thousands of rules take longer to read than the loop may be held.
        found = await asyncio.to_thread(read_policy, answer.status, answer.body, tag, now)
        if isinstance(found, Policy):
            self._policy_etag = tag
        return found

    async def guardrails(self, grant: Grant | None) -> RuleChoice | None:
        gateway = self._discovery.announced
        if gateway is None or gateway.policy_url or not gateway.profile.guardrails_path:
            return None
        gateway = self._discovery.at(gateway, self._alive)
        url = f"{origin(gateway.api_base)}{gateway.profile.guardrails_path}"
        document = json_object(await self._calls.document(url, gateway, grant, {}))
        return None if document is None else guardrail_list(document)

    async def usage(self, grant: Grant | None) -> tuple[Reading, ...]:
        gateway = self._discovery.announced
        if gateway is None or not gateway.usage_url:
            return ()
        gateway = self._discovery.at(gateway, self._alive)
        answer = await self._calls.document(gateway.usage_url, gateway, grant, {})
        document = json_object(answer) or {}
        return readings(document.get("windows"), self._calls.clock.now(), "gateway")

    async def described(self, grant: Grant | None) -> GatewayInfo | None:
        gateway = await self._discovery.described(grant)
        return gateway.info if gateway is not None else None

    async def feedback(
        self, said: Feedback, grant: Grant | None, form_url: str = ""
    ) -> FeedbackResult:
        gateway = await self._discovery.known(DOCUMENT_TIMEOUT_S)
        if isinstance(gateway, Failure):
            return Failed(Problem.UNREACHABLE)
        there = self._discovery.at(gateway, self._alive)

        async def post(body: bytes, most: int) -> HttpAnswer | HttpProblem:
            return await self._calls.deliver(there.feedback_url, there, grant, body, most)

        now = self._calls.clock.now()
        return await send(said, post if there.feedback_url else None, now, form_url=form_url)

    def connect_ahead(self) -> None:
        self._warm(self._alive or self._discovery.found_at)

    async def drop_pool(self) -> None:
        self._calls.http.drop_pool()

    async def close(self) -> None:
        await self._discovery.close()
        if self._warming is not None and not self._warming.done():
            self._warming.cancel()
            await asyncio.wait([self._warming])
        await self.ways.close()
        await self._calls.http.close()

    # --- in which way ----------------------------------------------------------------------------

    def _question(self, gateway: Announced, request: CompletionRequest, where: str) -> Question:
        model = gateway.info.models.get(request.tier.value, "")
        mode = self._mode(gateway, request.tier, where)
        fails = self.ways.of(where, model).streams is Shown.FAILS
        most = 1 if (where, model) in self._one_at_a_time else gateway.profile.alternatives
        request = replace(request, alternatives=min(request.alternatives, most))
        streamed = not (fails or request.alternatives > 1 or (where, model) in self._doubted)
        return Question(gateway, request, model, mode, streamed)

    def _mode(self, gateway: Announced, tier: Tier, where: str) -> Mode:
        model = gateway.info.models.get(tier.value, "")
        wanted = gateway.modes.get(tier.value, gateway.profile.default_mode)
        return fim.best_way(wanted, model, self.ways.of(where, model))

    def _learned(self, asked: Question, where: str, event: GatewayEvent) -> GatewayEvent:
        """`event`, after what it shows about the way it was asked for in was remembered."""
        key = (where, asked.model)
        if isinstance(event, Finish):
            self._alive = where
            if not asked.several:
                self._show_streaming(key, Shown.WORKS if asked.streamed else Shown.FAILS)
                self._doubted.discard(key)
        if not isinstance(event, Failure):
            return event
        if asked.several:
            return self._one_from_now_on(key, event)
        if event.kind is FailureKind.CAPABILITY_MISSING:
            return self._another_way(asked, where, event)
        if not asked.streamed and key in self._doubted:
            # It fails in one piece as well, so it was not the streaming.
            self._doubted.discard(key)
            self._show_streaming(key, Shown.UNCLEAR)
            return event
        fails = event.kind in _FAILS and event.status in _NOT_STREAMED
        if not (fails and asked.streamed) or self.ways.of(*key).streams is not None:
            return event
        self._doubted.add(key)
        return Failure(FailureKind.CAPABILITY_MISSING, event.status, unprocessed=True)

    def _one_from_now_on(self, key: tuple[str, str], refused: Failure) -> Failure:
        """A refusal of what asked for alternatives: it may be asked for one text at once.

        Gateways pass `n` on to models that do not take it, and say so in many ways.
        """
        if refused.status not in _REFUSED or refused.kind not in _MAY_BE_FOR_ALTERNATIVES:
            return refused
        log.info("the model cannot be asked for alternatives; asking for one from now on")
        self._one_at_a_time.add(key)
        return Failure(FailureKind.CAPABILITY_MISSING, refused.status, unprocessed=True)

    def _another_way(self, asked: Question, where: str, refused: Failure) -> Failure:
        """The refusal of a way: the next one is used from now on, and may be tried at once."""
        # Asked for one text it refuses as well, so it was not for the alternatives.
        self._one_at_a_time.discard((where, asked.model))
        if asked.mode is Mode.PREFIX:
            # Nothing works, so it was not for the way it was asked in.
            self.ways.learn(where, asked.model, lambda known: replace(known, ways={}))
            return refused
        log.info("the model cannot be asked by %s; trying another way from now on", asked.mode)
        self._show(where, asked.model, asked.mode, Shown.FAILS)
        return replace(refused, unprocessed=True)

    def _show(self, where: str, model: str, mode: Mode, shown: Shown) -> None:
        now = self._calls.clock.now()
        self.ways.learn(where, model, lambda known: known.showing(mode, shown, now))

    def _show_streaming(self, key: tuple[str, str], shown: Shown) -> None:
        now = self._calls.clock.now()

        def change(known: Learned) -> Learned:
            return replace(known, streams=shown, at=known.at if known.ways else now)

        self.ways.learn(*key, change)

    # --- connections -----------------------------------------------------------------------------

    def _warm(self, where: str) -> None:
        """Open a connection in the background, so that the next request finds it open."""
        if self._warming is None or self._warming.done():
            warm = self._calls.get(f"{where}{WELL_KNOWN}", {})
            self._warming = asyncio.get_running_loop().create_task(warm)
