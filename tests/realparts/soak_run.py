"""Sleep and wake, over and over, with everything that goes wrong around them; and the figures of it.

Three sessions share a vault as three processes do. Naps are virtual and move the provider's clock,
too; what happens while awake takes the time it takes.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import random
import time
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from sidelight_client.adapters.oidc_tokens import jwt_claims
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.session import Phase
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import GoingToSleep, NetworkChanged, Slept

from .laptop import LidClock, running_keeper, sign_in, within
from .network import HOST, UP, WAYS_TO_BE_DOWN, Network, running_network
from .provider_process import Provider, running_provider
from .soak_figures import Figures, Plan

SESSIONS = 3
RECOVERY_MAX_S = 20.0
WAIT_TYPING_S = 0.15
UNNOTICED_MAX_S = 3.0
"""How long a wake that nobody announced may go unnoticed."""
SLOWEST_MS = 250
"""The longest the provider takes for a renewal."""


class _Tally(logging.Handler):
    """Counts how every single renewal ended, from the trace the sessions write."""

    def __init__(self, figures: Figures) -> None:
        super().__init__(logging.DEBUG)
        self._figures = figures
        self.last: collections.deque[str] = collections.deque(maxlen=40)

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        self.last.append(line)
        if line.startswith("renewal ") and (" complete " in line or " failed " in line):
            self._figures.attempts[line.rpartition(" s: ")[2]] += 1


@contextmanager
def _tallied(figures: Figures) -> Generator[_Tally]:
    log, tally = logging.getLogger("sidelight.session"), _Tally(figures)
    level = log.level
    log.addHandler(tally)
    log.setLevel(logging.DEBUG)
    try:
        yield tally
    finally:
        log.removeHandler(tally)
        log.setLevel(level)


async def soak(plan: Plan, seed: int, cycles: int, folder: Path) -> tuple[Figures, list[str]]:
    """Run it; the figures, and every token the provider issued meanwhile (for leak searches)."""
    chance = random.Random(f"{plan.name} {seed}")
    figures = Figures(plan, seed)
    async with AsyncExitStack() as stack:
        tally = stack.enter_context(_tallied(figures))
        network = await stack.enter_async_context(running_network(chance))
        provider = stack.enter_context(
            running_provider(
                mount="/oauth2/default",
                origin=f"http://{HOST}:{network.port}",
                grace=plan.grace,
                rotate=plan.rotate,
                dpop=plan.dpop,
                refreshLife=10 * 365 * 86400,
            )
        )
        network.target = int(provider.origin.rpartition(":")[2])
        laptop = Laptop(
            plan=plan,
            chance=chance,
            figures=figures,
            network=network,
            provider=provider,
            tally=tally,
        )
        await laptop.set_up(stack, folder)
        for _ in range(cycles):
            await laptop.cycle()
        laptop.settle_accounts()
        return figures, provider.issued()


class Laptop:
    """Three sessions, a lid, and somebody who types now and then."""

    def __init__(
        self,
        *,
        plan: Plan,
        chance: random.Random,
        figures: Figures,
        network: Network,
        provider: Provider,
        tally: _Tally,
    ) -> None:
        self.plan, self.chance, self.figures = plan, chance, figures
        self.network, self.provider, self.tally = network, provider, tally
        self.clock = LidClock(provider)
        self.keepers: list[SessionKeeper] = []
        self.asked: list[str] = []
        self.refused_tokens: set[str] = set()
        self._cut_before = 0
        self._in_doubt = False

    async def set_up(self, stack: AsyncExitStack, folder: Path) -> None:
        for number in range(SESSIONS):
            keeper = await stack.enter_async_context(
                running_keeper(
                    self.provider,
                    self.clock,
                    folder,
                    ask=self.asked.append,
                    dpop=self.plan.dpop,
                )
            )
            self.keepers.append(keeper)
            if number == 0:
                assert await sign_in(keeper) is None
                assert (grant := keeper.peek()) is not None
                assert grant.proven is self.plan.dpop

    async def cycle(self) -> None:
        self.figures.cycles += 1
        announced = self.chance.random() >= self.plan.unannounced
        await self._work()
        await self._force_a_renewal()
        nap_s = 600.0 * 96.0 ** self.chance.random()  # From ten minutes to sixteen hours.
        await self._sleep(nap_s, announced=announced)
        await self._wake(nap_s, announced=announced)
        await self._account_for_a_loss(announced=announced)
        for keeper in self.keepers:
            await self._complete(keeper)

    # --- awake -----------------------------------------------------------------------------------

    async def _work(self) -> None:
        if self.chance.random() < self.plan.refusals:
            grant = self.keepers[0].peek()
            if grant is not None:
                self.refused_tokens.add(grant.access_token.reveal())
        if self.chance.random() < self.plan.resets:
            self.provider.fault("reset")
        elif self.chance.random() < self.plan.drops:
            # Only where it can be mended: processed, and the answer lost while we are awake.
            self.provider.fault("drop")
        for keeper in self.chance.sample(self.keepers, SESSIONS):
            await self._complete(keeper)

    async def _complete(self, keeper: SessionKeeper) -> None:
        """What typing does: a request, and after a 401 one replay with a newer token."""
        for replay in (False, True):
            grant = await keeper.usable(WAIT_TYPING_S)
            if grant is None:
                self.figures.silent += 1
                return
            if self._gateway_takes(grant):
                self.figures.good += 1
                return
            keeper.refused(grant)
            if replay:
                self.figures.auth_failures += 1
                self.figures.notes.append(f"cycle {self.figures.cycles}: 401 after a replay")

    def _gateway_takes(self, grant: Grant) -> bool:
        token = grant.access_token.reveal()
        return token not in self.refused_tokens and jwt_claims(token)["exp"] > self.clock.now()

    async def _force_a_renewal(self) -> None:
        """Now and then a renewal is on the wire at the moment the lid closes."""
        if self.chance.random() >= self.plan.forced:
            return
        keeper = self.chance.choice(self.keepers)
        grant = keeper.peek()
        if grant is not None:
            self.refused_tokens.add(grant.access_token.reveal())
            keeper.refused(grant)
            self.provider.fault("slow", ms=self.chance.randrange(20, SLOWEST_MS))
            await within(self.network.under_way, self.chance.choice((0.02, 0.2, 0.5)))

    # --- asleep ----------------------------------------------------------------------------------

    async def _sleep(self, nap_s: float, *, announced: bool) -> None:
        if announced:
            for keeper in self.keepers:
                keeper.power(GoingToSleep())
            await asyncio.gather(*(keeper.quiet() for keeper in self.keepers))
        self._cut_before = self.network.lost
        self._in_doubt = any(keeper.session.in_doubt for keeper in self.keepers)
        self.network.fall_asleep()
        cut = self.network.lost - self._cut_before
        self.figures.cut_in_flight += cut
        # Blocking from here to the end of the nap: nothing of ours runs. The provider does, and
        # what it was asked it answers long before the nap is over.
        time.sleep(SLOWEST_MS / 1000 + 0.1 if cut else 0.0)  # noqa: ASYNC251
        self.clock.close_lid(nap_s)

    async def _wake(self, nap_s: float, *, announced: bool) -> None:
        down_s = 0.0 if self.chance.random() < 0.3 else 0.05 + self.chance.random() * 1.0
        if down_s and self.chance.random() < self.plan.long_down:
            down_s += 2.0 + self.chance.random() * 5.0
        if down_s:
            await self.network.turn(self.chance.choice(WAYS_TO_BE_DOWN))
        unnoticed_s = 0.0 if announced else self.chance.random() * UNNOTICED_MAX_S
        noticed = asyncio.create_task(self._notice(nap_s, unnoticed_s))
        typing = self.chance.random() < 0.5
        if typing:
            await self._complete(self.chance.choice(self.keepers))
        await asyncio.sleep(down_s)
        await self.network.turn(UP)
        up_at = time.monotonic()
        if self.chance.random() < 0.8:
            for keeper in self.keepers:
                keeper.power(NetworkChanged())
        waits = [self._recovered(keeper, up_at) for keeper in self.keepers]
        await asyncio.gather(noticed, *waits)

    async def _notice(self, nap_s: float, unnoticed_s: float) -> None:
        await asyncio.sleep(unnoticed_s)
        for keeper in self.keepers:
            keeper.power(Slept(nap_s))

    async def _recovered(self, keeper: SessionKeeper, up_at: float) -> None:
        """Wait, without typing, until a request would be answered."""
        while keeper.peek() is None:
            if keeper.view().phase is Phase.NEEDS_PERSON:
                return
            if time.monotonic() - up_at > RECOVERY_MAX_S:
                self.figures.time_outs += 1
                self.figures.notes.append(f"cycle {self.figures.cycles}: {list(self.tally.last)}")
                return
            await asyncio.sleep(0.005)
        self.figures.recovered_s.append(time.monotonic() - up_at)

    # --- what it came to -------------------------------------------------------------------------

    async def _account_for_a_loss(self, *, announced: bool) -> None:
        """A session that is over must be explained; then the person signs in, and it goes on."""
        await within(
            lambda: all(keeper.session.renewing is None for keeper in self.keepers),
            RECOVERY_MAX_S,
        )
        over = [k for k in self.keepers if k.view().phase in (Phase.NEEDS_PERSON, Phase.SIGNED_OUT)]
        if not over:
            return
        cut = self.network.lost - self._cut_before
        # A sleep that nobody announced takes an answer away, or the moment to ask for it again.
        if (cut or self._in_doubt) and not announced and self.plan.loses:
            self.figures.losses_explained += 1
        else:
            self.figures.losses_unexplained += 1
            self.figures.notes.append(
                f"cycle {self.figures.cycles}: announced={announced}, cut={cut}, "
                f"in doubt={self._in_doubt}: "
                f"{list(self.tally.last)}"
            )
        for keeper in over:
            grant = keeper.session.grant
            if grant is not None and grant.usable(self.clock.now()) and keeper.peek() is None:
                self.figures.live_not_served += 1
        self.figures.wrong_prompts += len(self.asked) != 1
        self.figures.prompts += len(self.asked)
        self.asked.clear()
        assert await sign_in(over[0]) is None
        # The other processes must learn of it, without being asked anything.
        if not await within(
            lambda: all(k.view().phase is not Phase.NEEDS_PERSON for k in self.keepers),
            RECOVERY_MAX_S,
        ):
            self.figures.time_outs += 1
            self.figures.notes.append(f"cycle {self.figures.cycles}: sign-in not learned of")

    def settle_accounts(self) -> None:
        """Every renewal the provider made must have arrived here, or be known to be lost."""
        told = self.provider.counters()
        self.figures.revoked = told.revoked
        self.figures.prompts += len(self.asked)
        known = self.figures.attempts["renewed"] + self.network.lost + told.dropped
        self.figures.untraced = max(told.renewals - known, 0)
