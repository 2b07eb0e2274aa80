"""Whatever happens in whatever order, the session ends for one reason only."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import GoingToSleep, NetworkChanged, Record, RenewalRefused, Slept
from sidelight_client.testing.fakes import FakeClock, FakeIdp, FakeVault, grant, settle

STEPS = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from([0.3, 20.0, 3600.0, 20_000.0])),
    st.tuples(st.just("lid"), st.sampled_from([30.0, 3600.0, 50_000.0])),
    st.tuples(st.just("woke"), st.sampled_from([0.0, 30.0, 50_000.0])),
    st.tuples(
        st.sampled_from(
            ["going", "network", "refused", "refused_old", "type", "answer", "hold_answers"]
        ),
        st.just(0.0),
    ),
    st.tuples(st.just("other_process"), st.just(0.0)),
)

ANSWERS = st.sampled_from(["ok", "not_processed", "ambiguous", "busy", "ok", "rejected"])


@dataclass
class Idp(FakeIdp):
    """Answers with the next word; rotates strictly, and counts what goes on at once."""

    clock: FakeClock = field(default_factory=FakeClock)
    words: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    rejected: int = 0
    number: int = 1
    current: str = "refresh-1"
    reused: int = 0

    async def renew(self, grant: Grant) -> Grant | RenewalRefused:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
            assert grant.refresh_token is not None
            self.reused += grant.refresh_token.reveal() != self.current
            word = self.words.pop(0) if self.words else "ok"
        finally:
            self.at_once -= 1
        match word:
            case "ok":
                return self.next_grant()
            case "rejected":
                self.rejected += 1
                return RenewalRefused(RenewalFailure.REJECTED, "invalid_grant")
            case "busy":
                return RenewalRefused(RenewalFailure.NOT_PROCESSED, "http.503", 120.0)
            case _:
                return RenewalRefused(RenewalFailure(word), word)

    def next_grant(self) -> Grant:
        self.number += 1
        self.current = f"refresh-{self.number}"
        return grant(self.clock.now(), token=f"access-{self.number}", refresh=self.current)


async def play(steps: list[tuple[str, float]], words: list[str]) -> None:
    clock = FakeClock()
    idp = Idp(clock=clock, words=words)
    vault = FakeVault(held=Record(1, clock.now(), grant()))
    asked: list[str] = []
    keepers = [
        SessionKeeper(clock=clock, provider=idp, vault=vault, spread=lambda: 0.5, ask=asked.append)
        for _ in range(2)
    ]
    for keeper in keepers:
        await keeper.start()
    await settle()
    keeper = keepers[0]
    first = keeper.session.grant
    assert first is not None
    seen = 1
    for name, number in steps:
        match name:
            case "advance":
                await clock.advance(number)
            case "lid":
                await clock.close_lid(number)
            case "woke":
                keeper.power(Slept(number))
            case "going":
                keeper.power(GoingToSleep())
            case "network":
                keeper.power(NetworkChanged())
            case "refused":
                if (held := keeper.peek()) is not None:
                    keeper.refused(held)
            case "refused_old":
                keeper.refused(first)
            case "type":
                typing = asyncio.ensure_future(keeper.usable(0.15))
                await clock.advance(0.2)
                assert typing.done()
            case "hold_answers":
                idp.gate = idp.gate or asyncio.Event()
            case "answer":
                if idp.gate is not None:
                    idp.gate.set()
                    idp.gate = None
            case _:
                if vault.held is not None and not vault.held.rejected and idp.at_once == 0:
                    generation = vault.held.generation + 1
                    theirs = replace(idp.next_grant(), generation=generation)
                    vault.held = Record(generation, clock.now(), theirs)
        await settle()
        assert idp.most_at_once <= 1
        assert idp.reused == 0
        session = keeper.session
        if idp.rejected == 0:
            assert keeper.view().phase not in (Phase.SIGNED_OUT, Phase.NEEDS_PERSON)
            assert not asked
        assert session.grant is not None
        assert session.grant.generation >= seen, "an older grant came back"
        seen = session.grant.generation
        live = keeper.peek()
        assert live is None or live.usable(clock.now())
        assert len(asked) <= idp.rejected <= 1
    # Nothing is stuck: let go of everything and give it time.
    if idp.gate is not None:
        idp.gate.set()
        idp.gate = None
    idp.words.clear()
    for keeper in keepers:
        keeper.power(Slept(0.0))
    await clock.advance(400)
    if idp.rejected == 0:
        assert all(keeper.peek() is not None for keeper in keepers)
    else:
        assert keeper.view().phase in (Phase.NEEDS_PERSON, Phase.FRESH, Phase.STALE, Phase.EXPIRED)
    for keeper in keepers:
        await keeper.stop()


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=25), st.lists(ANSWERS, max_size=12))
def test_only_a_rejection_ends_a_session_and_renewals_go_one_at_a_time(
    steps: list[tuple[str, float]], words: list[str]
) -> None:
    asyncio.run(play(steps, list(words)))
