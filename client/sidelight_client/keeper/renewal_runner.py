"""Runs renewals one after the other, keeps them off the wire before a sleep, and remembers the last."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from ..domain.identity.session import Session
from ..domain.identity.session_events import Event, Renew, RenewalFailure, Renewed
from ..ports import Clock, IdentityProvider, RenewalRefused, Vault
from ..waiting import at_most
from .renewal import NoRenewal, Renewal, RenewalResult, RenewalView, event_of, renew_once

log = logging.getLogger("sidelight.session")

HOLD_MAX_S = 30.0
"""After this an announced sleep is believed to have been called off."""
QUIET_MAX_S = 4.5
"""How long a sleep is delayed for a renewal on the wire; logind allows 5 s by default."""
RENEWALS_KEPT = 20


class RenewalRunner:
    """Carries out the `Renew` effects of one session.

    Attributes:
        renewals: the last ones and their outcome, the latest last.
        hold_until: when renewals may start again after an announced sleep.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        provider: IdentityProvider,
        vault: Vault,
        spread: Callable[[], float],
        session_now: Callable[[], Session],
    ) -> None:
        self._clock = clock
        self._provider = provider
        self._vault = vault
        self._spread = spread
        self._session_now = session_now
        self._running: set[asyncio.Task[None]] = set()
        self.renewals: deque[RenewalView] = deque(maxlen=RENEWALS_KEPT)
        self.hold_until = -math.inf

    def hold(self) -> None:
        """Start nothing new: the machine is about to sleep."""
        self.hold_until = self._clock.now() + HOLD_MAX_S

    def hold_for_good(self) -> None:
        """Start nothing new: this process is about to end."""
        self.hold_until = math.inf

    def go_on(self) -> None:
        self.hold_until = -math.inf

    def may_start(self) -> bool:
        return self._clock.now() >= self.hold_until

    async def quiet(self, limit_s: float) -> None:
        """Wait, for at most `limit_s`, until the tasks that renewals run in have ended."""
        if self._running:
            await at_most(self._clock, limit_s, asyncio.wait(tuple(self._running)))

    def runs_in(self, task: asyncio.Task[None]) -> None:
        """Take note that a renewal runs in `task`: from now on `quiet` waits for it."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def run(self, effect: Renew) -> tuple[RenewalResult, Event | None]:
        """Carry out a renewal; what it came to, and what the session is to be told of it."""
        began_at = self._clock.now()
        # A week without a network must not fill the log: what repeats is for debugging.
        level = logging.DEBUG if self._session_now().attempts else logging.INFO
        log.log(level, "renewal %d started: %s", effect.renewal, effect.cause)
        result = await self._renew(effect)
        now = self._clock.now()
        event, outcome = event_of(result, effect.renewal, now, self._spread())
        good = isinstance(result, Renewal)
        if isinstance(event, Renewed) and isinstance(result, Renewal) and not result.adopted:
            event = replace(event, claims=effect.claims)
        log.log(
            logging.INFO if good else level,
            "renewal %d %s after %.1f s: %s",
            effect.renewal,
            "complete" if good else "failed",
            now - began_at,
            outcome,
        )
        self.renewals.append(RenewalView(began_at, effect.cause, outcome, now - began_at))
        return result, event

    async def _renew(self, effect: Renew) -> RenewalResult:
        try:
            return await renew_once(
                self._session_now,
                effect.renewal,
                clock=self._clock,
                provider=self._provider,
                vault=self._vault,
                may_send=lambda: effect.last_chance or self.may_start(),
                claims=effect.claims,
            )
        except Exception:
            # A mistake of ours must not leave a renewal "in flight" for ever: try again later.
            log.exception("renewal %d broke", effect.renewal)
            return NoRenewal(RenewalRefused(RenewalFailure.AMBIGUOUS, "internal"))
