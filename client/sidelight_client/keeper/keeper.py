"""Keeps the session: runs the effects `domain.identity.session.reduce` asks for, and decides nothing itself.

One background task sleeps until the session has something to do. The request path only looks:
`peek` does no I/O.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, assert_never

from ..domain.health import Condition
from ..domain.identity.diagnosis_session import SessionSeen
from ..domain.identity.grant import Grant
from ..domain.identity.session import Session, reduce
from ..domain.identity.session_events import (
    AskPerson,
    DropPool,
    Event,
    Forget,
    Leaving,
    NetworkUp,
    Persist,
    Refused,
    Renew,
    Tick,
    Woke,
)
from ..domain.snapshot import SessionView
from ..ports import (
    Clock,
    GoingToSleep,
    IdentityProvider,
    NetworkChanged,
    PowerEvent,
    SignInFailed,
    SignInPrompt,
    Slept,
    Vault,
)
from ..waiting import at_most
from .facts import KeeperFacts, KeeperState, conditions, session_seen, view
from .listeners import Listeners
from .renewal import NoRenewal, RenewalView
from .renewal_runner import QUIET_MAX_S, RenewalRunner
from .sign_in_once import SharedSignIn
from .vault_side import VaultSide

log = logging.getLogger("sidelight.session")

TICK_MAX_S = 30.0
"""The longest single sleep: timers stand still while the machine sleeps, so a long one is late."""
TICK_MIN_S = 0.01
LAST_CHANCES = 2
"""How often an answer that was lost is asked for again before the machine sleeps."""
LOAD_PATIENCE_S = 0.5
"""How long a start waits for the vault; a keyring that hangs is waited for in the background."""


def _spread() -> float:
    """A random number in 0..1."""
    return secrets.randbelow(1_000_000) / 1_000_000


class SessionKeeper:
    """Keeps one person's session with the identity provider.

    Architecture invariant: no method but `peek` and `usable` gives a token away, and only the
    broker calls those.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        provider: IdentityProvider,
        vault: Vault,
        spread: Callable[[], float] = _spread,
        ask: Callable[[str], None] | None = None,
    ) -> None:
        """`ask` is called with the provider's reason, once per dead session across all processes."""
        self._clock = clock
        self._provider = provider
        self._spread = spread
        self._ask = ask
        facts = KeeperFacts(vault_mode=vault.mode, vault_place=vault.place)
        self._state = KeeperState(Session(jitter=spread()), facts)
        self._conditions: tuple[Condition, ...] = ()
        self._listeners = Listeners()
        self._runner = RenewalRunner(
            clock=clock,
            provider=provider,
            vault=vault,
            spread=spread,
            session_now=lambda: self._state.session,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._shared_sign_in = SharedSignIn(self._sign_in)
        self._woke_at = -math.inf
        self._held = VaultSide(
            *(clock, vault, self._state),
            dispatch=self._dispatch,
            changed=self._changed,
            spawn=self._spawn,
        )

    # --- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the vault and keep the session from now on.

        Returns when the vault has answered, or half a second later: until it has, the session
        is neither signed in nor signed out.
        """
        loading = self._spawn(self._held.load())
        self._spawn(self._run())
        await at_most(self._clock, LOAD_PATIENCE_S, asyncio.shield(loading))

    async def stop(self) -> None:
        """Stop; a renewal on the wire is waited for, because its answer exists nowhere else."""
        self._runner.hold_for_good()
        await self._shared_sign_in.stop()
        await self.quiet()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # --- the request path ------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        return self._state.session

    def peek(self) -> Grant | None:
        """The grant a request may use now. No I/O."""
        return self._state.session.peek(self._clock.now())

    async def usable(self, wait_s: float) -> Grant | None:
        """The grant a request may use, waiting up to `wait_s` for a renewal to bring it."""
        deadline = self._clock.monotonic() + wait_s
        # A person may type before any timer has noticed that the machine slept.
        self._tick()
        looking = self._held.look_if_due()
        while (grant := self.peek()) is None:
            left_s = deadline - self._clock.monotonic()
            hopeful = self._hopeful() or (looking is not None and not looking.done())
            if left_s <= 0 or not hopeful:
                return None
            await at_most(self._clock, left_s, self._listeners.news.wait())
        return grant

    def _hopeful(self) -> bool:
        session, now = self._state.session, self._clock.now()
        coming = session.renewing is not None or session.wakes_at(now) is not None
        return coming or not self._state.facts.loaded

    def refused(self, grant: Grant, claims: str = "") -> None:
        """The gateway answered 401 to a request that carried `grant`, or challenged for `claims`."""
        self._dispatch(Refused(self._clock.now(), grant.generation, claims))

    @property
    def renewals(self) -> Sequence[RenewalView]:
        """The last renewals and their outcome, the latest last; for `sidelight doctor`."""
        return tuple(self._runner.renewals)

    # --- people ----------------------------------------------------------------------------------

    async def sign_in(
        self, show: Callable[[SignInPrompt], None], device: bool = False
    ) -> SignInFailed | None:
        """Sign a person in; concurrent callers share one sign-in. None when it worked."""
        return await self._shared_sign_in.run(show, device=device)

    async def _sign_in(
        self, show: Callable[[SignInPrompt], None], device: bool
    ) -> SignInFailed | None:
        log.info("sign-in started: %s", "device code" if device else "browser")
        sign_in = self._provider.sign_in_with_device if device else self._provider.sign_in
        answer = await sign_in(show)
        if isinstance(answer, SignInFailed):
            log.info("sign-in failed: %s", answer.code)
            return answer
        await self._held.keep_sign_in(answer)
        log.info("sign-in complete: vault %s", self._state.facts.vault_mode)
        return None

    async def sign_out(self) -> None:
        """End the session here and at the provider, and empty the vault."""
        await self._held.keep_sign_out(self._provider)
        self._changed()

    # --- power -----------------------------------------------------------------------------------

    def power(self, event: PowerEvent) -> None:
        """Take note of a sleep, a wake or a network. After `GoingToSleep`, await `quiet`."""
        now = self._clock.now()
        match event:
            case GoingToSleep():
                self._runner.hold()
            case Slept(slept_s):
                self._runner.go_on()
                # What failed before the sleep says nothing about the network there is now.
                self._state.facts = replace(self._state.facts, failing_since=None)
                # Two sources may report one sleep; the second must not cut the new connections.
                if now - slept_s >= self._woke_at:
                    self._woke_at = now
                    self._dispatch(Woke(now, slept_s))
                else:
                    self._changed()
            case NetworkChanged():
                self._dispatch(NetworkUp(now))
            case _:
                assert_never(event)

    async def quiet(self, limit_s: float = QUIET_MAX_S) -> None:
        """Wait, for at most `limit_s`, until no renewal is on the wire and no answer is in doubt."""
        ends = self._clock.monotonic() + limit_s
        await self._runner.quiet(limit_s)
        for _ in range(LAST_CHANCES):
            left_s = ends - self._clock.monotonic()
            if left_s <= 0 or not self._state.session.in_doubt:
                return
            self._dispatch(Leaving(self._clock.now()))
            await self._runner.quiet(left_s)

    # --- what others may know --------------------------------------------------------------------

    def view(self) -> SessionView:
        """The session without its tokens."""
        return view(self._state.session, self._state.facts, self._clock.now())

    def diagnosis(self) -> SessionSeen:
        """The session as `sidelight doctor` shows it: no token."""
        return session_seen(
            self._state.session, self._state.facts, self.renewals, self._clock.now()
        )

    def conditions(self) -> tuple[Condition, ...]:
        """What is wrong with the session or the vault."""
        self._conditions = conditions(
            self._conditions, self._state.session, self._state.facts, self._clock.now()
        )
        return self._conditions

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after every change, until the returned function is called."""
        return self._listeners.subscribe(callback)

    # --- effects ---------------------------------------------------------------------------------

    def _dispatch(self, event: Event) -> None:
        self._state.session, effects = reduce(self._state.session, event)
        for effect in effects:
            match effect:
                case Renew():
                    self._runner.runs_in(self._spawn(self._renew(effect)))
                case DropPool():
                    # Never awaited: closing a dead TLS connection waits for a peer that is gone.
                    self._spawn(self._provider.drop_pool())
                case AskPerson(reason):
                    if self._ask is not None and not self._state.learned:
                        self._ask(reason)
                case Persist() | Forget():
                    # Done before the event: a grant comes out of the vault, or went into it under
                    # the lock that a renewal and a sign-out hold anyway.
                    pass
                case _:
                    assert_never(effect)
        self._changed()

    def _changed(self) -> None:
        self._held.note()
        self.conditions()
        self._listeners.tell()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _renew(self, effect: Renew) -> None:
        result, event = await self._runner.run(effect)
        if self._state.session.renewing == effect.renewal:
            self._state.facts = self._state.facts.after_renewal(
                result, effect.cause, self._clock.now()
            )
            self._state.learned = isinstance(result, NoRenewal) and result.learned
        if event is not None:
            self._dispatch(event)

    # --- the background task ---------------------------------------------------------------------

    def _tick(self) -> None:
        now = self._clock.now()
        wakes_at = self._state.session.wakes_at(now)
        if self._runner.may_start() and wakes_at is not None and wakes_at <= now:
            self._dispatch(Tick(now))

    async def _run(self) -> None:
        while True:
            news = self._listeners.news
            self._tick()
            pause_s = self._pause_s()
            if pause_s is None:
                await news.wait()
            else:
                await at_most(self._clock, pause_s, news.wait())
            if self._held.unlock_due_in_s() == 0:
                await self._held.look_for_unlock()

    def _pause_s(self) -> float | None:
        """How long nothing needs to be done; None until something happens."""
        now = self._clock.now()
        wakes_at = self._state.session.wakes_at(now)
        tick_s = None if wakes_at is None else max(wakes_at, self._runner.hold_until) - now
        look_s = self._held.unlock_due_in_s()
        due_s = [pause_s for pause_s in (tick_s, look_s) if pause_s is not None]
        return max(min(*due_s, TICK_MAX_S), TICK_MIN_S) if due_s else None
