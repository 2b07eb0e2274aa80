"""What the broker hands to the usage ledger: every way a request ends, and how often it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.completion import CompletionRequest, Source, SourceKind, TokenUse
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.place import Document, FileLine, Position
from sidelight_client.domain.provenance import Provenance
from sidelight_client.domain.snapshot import DecisionView, Snapshot
from sidelight_client.domain.window import take
from sidelight_client.keeper import SessionKeeper
from sidelight_client.link.elsewhere import ElsewhereBroker
from sidelight_client.ports import Delta, Finish, VaultState
from sidelight_client.settings import Settings
from sidelight_client.testing.fakes import FakeClock, FakeGateway, FakeIdp, FakeVault, grant, settle

pytestmark = pytest.mark.anyio

URI = "file:///work/pay.py"
SOURCE = Source(SourceKind.MODEL, "fake model")


def question() -> CompletionRequest:
    window = take(["pay(\n"], Position(0, 4), URI)
    return CompletionRequest("a" * 32, Document(URI, "python"), window, client="Neovim 0.11.2")


class Kept:
    """A ledger that keeps what it is given."""

    def __init__(self) -> None:
        self.decisions: list[DecisionView] = []

    def record(self, decision: DecisionView) -> None:
        self.decisions.append(decision)

    def note_provenance(self, known: Provenance) -> None:
        del known


class Bench:
    def __init__(self, vault: FakeVault | None = None) -> None:
        self.clock, self.gateway, self.ledger = FakeClock(), FakeGateway(), Kept()
        self.idp = FakeIdp(signs_in=grant(self.clock.now()))
        self.broker = Broker(
            clock=self.clock,
            settings=Settings(),
            gateway=self.gateway,
            keeper=SessionKeeper(
                clock=self.clock, provider=self.idp, vault=vault or FakeVault(), spread=lambda: 0.0
            ),
            repositories=WorkspacePlaces(),
            ledger=self.ledger,
            version="0.1.0",
        )


@asynccontextmanager
async def running(vault: FakeVault | None = None) -> AsyncIterator[Bench]:
    bench = Bench(vault)
    await bench.broker.start()
    assert await bench.broker.sign_in(lambda _prompt: None) is None
    await settle()
    try:
        yield bench
    finally:
        await bench.broker.stop()


async def test_an_answer_is_recorded_with_what_it_took() -> None:
    async with running() as bench:
        tokens = TokenUse(1_200, 900, 17, 0.000_25)
        bench.gateway.script = lambda _request: (
            Delta("amount)"),
            Finish(SOURCE, tokens, "acme-fast"),
        )
        await bench.broker.complete(question())
        await settle()
        (kept,) = bench.ledger.decisions
        assert (kept.outcome, kept.sends, kept.model) == ("completed", 1, "acme-fast")
        assert (kept.editor, kept.endpoint) == ("Neovim 0.11.2", "https://gateway.example")
        assert (kept.prompt_tokens, kept.cached_tokens, kept.output_tokens) == (1_200, 900, 17)
        assert kept.cost == 0.000_25
        assert kept.first_s is not None
        assert bench.broker.snapshot().decisions == (replace(kept, place=FileLine("pay.py", 1)),)


async def test_the_place_is_told_in_the_snapshot_and_never_handed_to_the_ledger() -> None:
    async with running() as bench:
        await bench.broker.complete(question())
        await settle()
        assert [kept.place for kept in bench.ledger.decisions] == [None]
        told = bench.broker.snapshot()
        assert [one.place for one in told.decisions] == [FileLine("pay.py", 1)]
        elsewhere = ElsewhereBroker(bench.broker)
        assert [one.place for one in elsewhere.snapshot().decisions] == [None]
        heard: list[Snapshot] = []
        undo = elsewhere.subscribe(heard.append)
        bench.broker.pause(bench.clock.now() + 60)
        await settle()
        undo()
        assert [one.place for one in heard[-1].decisions] == [None]


async def test_what_was_refused_before_sending_was_not_sent() -> None:
    async with running() as bench:
        bench.broker.pause(bench.clock.now() + 60)
        await bench.broker.complete(question())
        await settle()
        (kept,) = bench.ledger.decisions
        assert (kept.outcome, kept.reason, kept.sends) == ("unavailable", "paused", 0)


async def test_a_request_sent_again_with_a_renewed_session_counts_twice() -> None:
    async with running() as bench:
        answers = [(Failure(FailureKind.AUTH_EXPIRED),), (Delta("x"), Finish(SOURCE))]
        bench.gateway.script = lambda _request: answers.pop(0)
        bench.idp.renewals = [grant(bench.clock.now(), generation=2, token="access-2")]
        await bench.broker.complete(question())
        await settle()
        (kept,) = bench.ledger.decisions
        assert (kept.outcome, kept.sends) == ("completed", 2)


async def test_a_request_nobody_waits_for_any_more_is_recorded_because_it_was_sent() -> None:
    async with running() as bench:
        bench.gateway.gate = asyncio.Event()
        asking = asyncio.ensure_future(bench.broker.complete(question()))
        await settle()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await settle()
        (kept,) = bench.ledger.decisions
        assert (kept.outcome, kept.sends, kept.prompt_tokens) == ("abandoned", 1, None)
        # The list of recent decisions is about answers.
        assert bench.broker.snapshot().decisions == ()


async def test_a_folder_that_cannot_be_written_is_a_condition_until_it_can() -> None:
    async with running() as bench:
        bench.broker.process.storage_problem("/home/ada/state", "the disk is full")
        assert [c.code for c in bench.broker.snapshot().conditions] == ["storage.unwritable"]
        bench.broker.process.storage_problem("/home/ada/state", "")
        assert bench.broker.snapshot().conditions == ()


async def test_a_folder_that_neither_vault_nor_ledger_can_write_is_told_once() -> None:
    async with running(FakeVault(durable=VaultState.UNWRITABLE)) as bench:
        bench.broker.process.storage_problem("/home/ada/state", "the disk is full")
        codes = [c.code for c in bench.broker.snapshot().conditions]
        assert codes.count("storage.unwritable") == 1
