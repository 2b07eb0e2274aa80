"""The session as the broker sees it: who is signed in, who is asked to be, and what is said of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

from ..domain.completion import CompletionRequest, Trigger, Unauthorized, UnauthorizedReason
from ..domain.health import Condition, Severity, release
from ..domain.identity.diagnosis_session import SessionSeen
from ..domain.identity.grant import Grant
from ..domain.identity.session import Phase
from ..domain.snapshot import SessionView
from ..domain.words.catalogue import Message, say
from ..keeper import SessionKeeper
from ..ports import Clock, SignInFailed, SignInPrompt
from ..waiting import at_most
from .facts import BrokerFacts

GRANT_WAIT_S = {Trigger.AUTOMATIC: 0.15, Trigger.INVOKED: 2.0}
"""How long a request waits for a renewal that is on its way."""


class SessionSide:
    """The keeper, where the gateway asks anybody to sign in; and the people to ask."""

    def __init__(
        self,
        clock: Clock,
        keeper: SessionKeeper | None,
        facts: BrokerFacts,
        changed: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._keeper = keeper
        self._facts = facts
        self._changed = changed
        self._opening: asyncio.Future[None] | None = None
        self._approve: Callable[[SignInPrompt], None] | None = None
        self._died = ""
        self._asking: dict[int, Callable[[Message, str], None]] = {}
        self._numbers = itertools.count(1)

    @property
    def keeper(self) -> SessionKeeper | None:
        """The keeper, or None when the gateway asks nobody to sign in."""
        info = self._facts.info
        return None if info is not None and info.auth_kind == "none" else self._keeper

    def opens_with(
        self, signing_in: asyncio.Future[None], approve: Callable[[SignInPrompt], None]
    ) -> None:
        """See `Broker.opens_with`."""
        self._opening = signing_in
        self._approve = approve
        signing_in.add_done_callback(lambda _done: self._changed())
        self._changed()

    def view(self) -> tuple[SessionView, tuple[Condition, ...]]:
        keeper = self.keeper
        if keeper is None:
            return SessionView(Phase.FRESH), ()
        view, conditions = keeper.view(), keeper.conditions()
        opening = self._opening is not None and not self._opening.done()
        if opening and view.phase is Phase.SIGNED_OUT:
            return replace(view, phase=Phase.EXPIRED), release(conditions, "session.signed_out")
        return view, conditions

    def diagnosis(self) -> SessionSeen:
        keeper = self.keeper
        if keeper is None:
            return SessionSeen("not_needed")
        return replace(keeper.diagnosis(), phase=self.view()[0].phase)

    async def sign_in(
        self, show: Callable[[SignInPrompt], None], *, device: bool = False
    ) -> SignInFailed | None:
        if self._keeper is None:
            return None
        if self._approve is not None:
            return await self._keeper.sign_in(self._approve)
        return await self._keeper.sign_in(show, device=device)

    async def sign_out(self) -> None:
        if self._opening is not None and not self._opening.done():
            # A sign-in that is under way would end after the sign-out, and undo it.
            await asyncio.wait([self._opening])
        if self._keeper is not None:
            await self._keeper.sign_out()

    async def grant(self, trigger: Trigger) -> Grant | None:
        """What a request may use now, or in a moment; None when there is nothing to use."""
        keeper = self.keeper
        if keeper is None:
            return None
        wait_s = GRANT_WAIT_S[trigger]
        if keeper.peek() is None and self._opening is not None:
            await at_most(self._clock, wait_s, asyncio.shield(self._opening))
        return await keeper.usable(wait_s)

    def died(self, reason: str) -> None:
        """Take note that the provider rejected the session; the keeper says it once."""
        self._died = reason

    def asks_person(self, ask: Callable[[Message, str], None]) -> Callable[[], None]:
        number = next(self._numbers)
        self._asking[number] = ask

        def leave() -> None:
            self._asking.pop(number, None)

        return leave

    def unauthorized(self, request: CompletionRequest) -> Unauthorized:
        """Why there is no session for `request`; a person is asked where only they can help."""
        reason = self.missing()
        if reason is UnauthorizedReason.NEEDS_PERSON:
            self._ask_person(request.trace_id)
        return Unauthorized(request.trace_id, reason)

    def missing(self) -> UnauthorizedReason:
        """Why there is no session to use."""
        return {
            Phase.SIGNED_OUT: UnauthorizedReason.SIGNED_OUT,
            Phase.NEEDS_PERSON: UnauthorizedReason.NEEDS_PERSON,
        }.get(self.view()[0].phase, UnauthorizedReason.RENEWING)

    def _ask_person(self, trace_id: str) -> None:
        if not self._died or not self._asking:
            return
        self._died = ""
        told = next((c for c in self.view()[1] if c.kind.severity is Severity.ERROR), None)
        if told is not None:
            newest = self._asking[max(self._asking)]
            newest(say(told.code, told.facts), trace_id)
