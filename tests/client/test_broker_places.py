"""Places end to end: what a real gateway received, over a real repository, by every kind of rule."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.completion import (
    Blocked,
    Completed,
    CompletionRequest,
    Outcome,
    ReviewLabel,
    Trigger,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.explaining.explain import explain
from sidelight_client.domain.place import Document, Position, Range
from sidelight_client.domain.policy.organisation import (
    REVIEW_LABEL_NOTE,
    Mode,
    PlaceRule,
    Policy,
    PolicyTrouble,
)
from sidelight_client.domain.snapshot import Snapshot
from sidelight_client.domain.window import Part, PartKind, Window, take
from sidelight_client.keeper import SessionKeeper
from sidelight_client.link.wire_completion import outcome_from_json, outcome_to_json
from sidelight_client.ports import GatewayInfo
from sidelight_client.settings import Layer, resolve
from sidelight_client.testing.fakes import (
    FakeClock,
    FakeGateway,
    FakeIdp,
    FakeVault,
    grant,
    settle,
)
from support.raw_server import RawServer, answer, raw_server, sse

pytestmark = pytest.mark.anyio

HELD = "confidential_interchange_fee"
ANSWER = sse({"choices": [{"text": "1", "finish_reason": "stop"}]})
GUARDED: dict[str, Any] = {
    "version": 1,
    "name": "Guarded",
    "auth": {"kind": "none"},
    "endpoints": {"policy": "/policy"},
}


def repository(folder: Path, remote: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(f'[remote "origin"]\n\turl = https://{remote}.git\n')
    return folder


def tab(path: Path) -> Part:
    """A piece of an open file, as a client would send it along."""
    place = Range(Position(0, 0), Position(1, 0))
    return Part(PartKind.TAB, path.as_uri(), place, f"{HELD} = 0.3\n", "similar")


def asking(path: Path, *others: Part, text: str = "pay(\n") -> CompletionRequest:
    around = take(text.splitlines(keepends=True), Position(0, 3), path.as_uri())
    window = Window((*others, *around.parts), around.cuts)
    document = Document(path.as_uri(), "python")
    return CompletionRequest("b" * 32, document, window, trigger=Trigger.INVOKED)


@asynccontextmanager
async def guarded(
    rules: Mapping[str, Any], answers: int = 1
) -> AsyncIterator[tuple[Broker, RawServer]]:
    """A broker at a gateway over HTTP with these rules, which records every byte it is sent."""
    clock = FakeClock()
    replies = (answer(200, GUARDED), answer(200, dict(rules)), *[ANSWER] * answers)
    async with raw_server(*replies) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=clock)
        broker = Broker(
            clock=clock,
            settings=resolve([]),
            gateway=gateway,
            keeper=SessionKeeper(clock=clock, provider=FakeIdp(), vault=FakeVault()),
            repositories=WorkspacePlaces(),
            version="0.1.0",
        )
        await broker.start()
        try:
            yield broker, server
        finally:
            await broker.stop()
            await gateway.close()


def received(server: RawServer) -> str:
    return " ".join(one.body.decode() for one in server.asked)


def off(**match: str) -> dict[str, Any]:
    rule = {"id": "pci", "match": match, "mode": "off", "reason": "PCI scope.", "owner": "sec@x"}
    return {"repo_rules": [rule]}


@pytest.mark.parametrize(
    "match",
    [
        {"path": "fees.py"},
        {"marker": ".pci-scope"},
        {"kind": "terraform"},
        {"category": "data_handling"},
    ],
)
async def test_not_one_byte_of_a_closed_file_leaves_as_context_of_another(
    tmp_path: Path, match: dict[str, str]
) -> None:
    repo = repository(tmp_path, "h/web/shop")
    (repo / "closed").mkdir()
    (repo / "closed" / ".pci-scope").touch()
    closed, text = repo / "closed" / "fees.py", f"import pandas\n{HELD} = 0.3\n"
    if "kind" in match:
        closed, text = closed.with_suffix(".txt"), f'module "{HELD}" {{\n}}\n'
    closed.write_text(text)
    allowed = repo / "open.py"
    allowed.write_text("pay(\n")
    async with guarded(off(**match), answers=2) as (broker, server):
        outcome = await broker.complete(asking(allowed, tab(closed)))
        assert isinstance(outcome, Completed)
        assert "pay" in received(server)
        assert HELD not in received(server)
        assert not broker.may_leave(closed.as_uri(), "python")
        assert broker.may_leave(allowed.as_uri(), "python")
        sent = len(server.asked)
        direct = await broker.complete(asking(closed, text=text))
        assert isinstance(direct, Blocked)
        assert (direct.rule, direct.why, direct.owner) == ("pci", "PCI scope.", "sec@x")
        assert len(server.asked) == sent


async def test_the_first_request_after_the_start_waits_for_the_rules(tmp_path: Path) -> None:
    closed = repository(tmp_path, "h/pay/ledger") / "a.py"
    async with guarded(off(remote="h/pay/*")) as (broker, server):
        assert isinstance(await broker.complete(asking(closed)), Blocked)
        assert [one.target for one in server.asked][1:] == ["/policy"]


async def test_a_marker_that_is_put_there_counts_for_the_next_request(tmp_path: Path) -> None:
    place = repository(tmp_path, "h/web/shop") / "deep" / "er" / "a.py"
    place.parent.mkdir(parents=True)
    async with guarded(off(marker=".pci-scope"), answers=2) as (broker, _):
        assert isinstance(await broker.complete(asking(place)), Completed)
        (tmp_path / "deep" / ".pci-scope").touch()
        assert isinstance(await broker.complete(asking(place)), Blocked)
        (tmp_path / "deep" / ".pci-scope").unlink()
        assert isinstance(await broker.complete(asking(place)), Completed)


async def test_what_is_typed_counts_and_not_only_what_was_saved(tmp_path: Path) -> None:
    place = repository(tmp_path, "h/web/shop") / "notes.txt"
    place.write_text("nothing yet\n")
    async with guarded(off(kind="infrastructure")) as (broker, server):
        typed = 'resource "aws_instance" "web" {\n'
        assert isinstance(await broker.complete(asking(place, text=typed)), Blocked)
        assert "aws_instance" not in received(server)


async def test_a_link_into_a_closed_repository_is_closed(tmp_path: Path) -> None:
    closed = repository(tmp_path / "pay", "h/pay/ledger") / "fees.py"
    closed.write_text(f"{HELD} = 0.3\n")
    link = repository(tmp_path / "shop", "h/web/shop") / "fees.py"
    link.symlink_to(closed)
    folder = tmp_path / "shop" / "sub"
    folder.symlink_to(tmp_path / "pay")
    sneaky = tmp_path / "shop" / ".." / "pay" / "fees.py"
    async with guarded(off(remote="h/pay/*")) as (broker, server):
        for path in (link, folder / "fees.py", sneaky):
            assert isinstance(await broker.complete(asking(path)), Blocked), path
        mine = tmp_path / "shop" / "a.py"
        assert isinstance(await broker.complete(asking(mine, tab(link))), Completed)
        assert HELD not in received(server)


class Bench:
    """A broker with a scripted gateway."""

    def __init__(self, policy: Policy | PolicyTrouble | None, **settings: object) -> None:
        self.clock = FakeClock()
        self.gateway = FakeGateway(rules=policy)
        info = GatewayInfo("Fake", "https://gateway.example", "sidelight", has_policy=True)
        self.gateway.info = info
        self.keeper = SessionKeeper(
            clock=self.clock, provider=FakeIdp(signs_in=grant(self.clock.now())), vault=FakeVault()
        )
        self.broker = Broker(
            clock=self.clock,
            settings=resolve([(Layer.FILE, settings)]),
            gateway=self.gateway,
            keeper=self.keeper,
            repositories=WorkspacePlaces(),
            version="0.1.0",
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Bench]:
        await self.broker.start()
        await self.broker.sign_in(lambda _prompt: None)
        await settle()
        try:
            yield self
        finally:
            await self.broker.stop()

    async def ask(self, path: Path) -> Outcome:
        return await self.broker.complete(asking(path))

    def codes(self) -> set[str]:
        snapshot: Snapshot = self.broker.snapshot()
        return {condition.code for condition in snapshot.conditions}


def policy(mode: Mode, **matchers: Any) -> Policy:
    return Policy("1", place_rules=(PlaceRule("rule", mode, reason="Because.", **matchers),))


async def test_a_review_label_lets_it_pass_and_says_so(tmp_path: Path) -> None:
    async with Bench(policy(Mode.REVIEW_LABEL)).running() as bench:
        outcome = await bench.ask(tmp_path / "a.py")
        assert isinstance(outcome, Completed)
        assert REVIEW_LABEL_NOTE in outcome.notes
        assert outcome.review == ReviewLabel("rule", "Because.")
        assert outcome_from_json(outcome_to_json(outcome)) == outcome
        message = explain(outcome)
        assert message is not None
        assert (message.code, "Because." in message.text) == ("policy.review_label", True)
        decision = bench.broker.snapshot().decisions[0]
        assert (decision.reason, REVIEW_LABEL_NOTE in decision.notes) == ("rule", True)


async def test_local_only_asks_a_model_on_this_machine_and_no_other(tmp_path: Path) -> None:
    bench = Bench(policy(Mode.LOCAL_ONLY))
    async with bench.running():
        outcome = await bench.ask(tmp_path / "a.py")
        assert isinstance(outcome, Blocked)
        message = explain(outcome)
        assert message is not None
        assert (message.code, "Because." in message.text) == ("policy.local_only", True)
        assert bench.gateway.asked == []
    near = Bench(policy(Mode.LOCAL_ONLY))
    near.gateway.info = GatewayInfo("Near", "http://sidelight.embedded", "sidelight", embedded=True)
    async with near.running():
        assert isinstance(await near.ask(tmp_path / "a.py"), Completed)


async def test_the_setting_for_unknown_repositories_counts_at_once(tmp_path: Path) -> None:
    async with Bench(None).running() as bench:
        assert isinstance(await bench.ask(tmp_path / "a.py"), Completed)
        bench.broker.update_settings(resolve([(Layer.POLICY, {"policy.unknown_remote": "off"})]))
        outcome = await bench.ask(tmp_path / "a.py")
        assert isinstance(outcome, Blocked)
        assert outcome.rule == "unknown_remote"


@pytest.mark.parametrize("trouble", PolicyTrouble)
async def test_rules_that_cannot_be_read_close_everything_until_they_can(
    tmp_path: Path, trouble: PolicyTrouble
) -> None:
    async with Bench(trouble).running() as bench:
        outcome = await bench.ask(tmp_path / "a.py")
        assert isinstance(outcome, Blocked)
        assert (outcome.rule, trouble.value in outcome.why) == ("policy.unread", True)
        assert "policy.unread" in bench.codes()
        bench.gateway.rules = policy(Mode.ON)
        await bench.clock.advance(31)
        await bench.ask(tmp_path / "a.py")
        await settle()
        assert isinstance(await bench.ask(tmp_path / "a.py"), Completed)
        assert "policy.unread" not in bench.codes()


async def test_rules_that_cannot_be_had_again_stay_as_they_were_and_that_is_said(
    tmp_path: Path,
) -> None:
    async with Bench(policy(Mode.OFF, path="closed.py")).running() as bench:
        bench.gateway.rules = PolicyTrouble.FUTURE
        await bench.clock.advance(301)
        await bench.ask(tmp_path / "a.py")
        await settle()
        assert "policy.unusable" in bench.codes()
        assert isinstance(await bench.ask(tmp_path / "a.py"), Completed)
        assert isinstance(await bench.ask(tmp_path / "closed.py"), Blocked)


async def test_nothing_is_sent_to_a_gateway_whose_rules_nobody_asked_for_yet(
    tmp_path: Path,
) -> None:
    bench = Bench(None)
    async with bench.running():
        bench.broker._facts.rules_pending = True
        outcome = await bench.broker._arrivals._completions.complete(
            replace(asking(tmp_path / "a.py"), trigger=Trigger.AUTOMATIC),
            bench.broker._places.verdict(tmp_path.as_uri(), "", ()),
            0.0,
        )
        assert isinstance(outcome, Unavailable)
        assert outcome.reason is UnavailableReason.RULES_NOT_READY
        assert bench.gateway.asked == []


async def test_the_organisations_own_file_closes_beside_the_gateways_rules(tmp_path: Path) -> None:
    async with Bench(policy(Mode.OFF, path="gateways.py")).running() as bench:
        bench.broker.update_organisation_policy(policy(Mode.OFF, path="ours.py"))
        assert isinstance(await bench.ask(tmp_path / "ours.py"), Blocked)
        assert isinstance(await bench.ask(tmp_path / "gateways.py"), Blocked)
        bench.broker.update_organisation_policy(PolicyTrouble.UNREADABLE)
        assert isinstance(await bench.ask(tmp_path / "ours.py"), Blocked)
        assert isinstance(await bench.ask(tmp_path / "a.py"), Completed)
        assert "policy.file_unusable" in bench.codes()
        bench.broker.update_organisation_policy(Policy())
        assert isinstance(await bench.ask(tmp_path / "ours.py"), Completed)
        assert "policy.file_unusable" not in bench.codes()


async def test_a_workspace_file_closes_a_folder_and_its_mistakes_close_too(tmp_path: Path) -> None:
    repo = repository(tmp_path, "h/web/shop")
    own = repo / ".sidelight.toml"
    async with Bench(None).running() as bench:
        own.write_text('[[place]]\npath = "secret/*"\nmode = "off"\nreason = "Ours."\n')
        blocked = await bench.ask(repo / "secret" / "a.py")
        assert isinstance(blocked, Blocked)
        assert blocked.why == "Ours."
        assert isinstance(await bench.ask(repo / "a.py"), Completed)
        own.write_text('[[place]]\npath = "secret/*"\nmode = "offf"\n')
        assert isinstance(await bench.ask(repo / "secret" / "a.py"), Blocked)
        assert isinstance(await bench.ask(repo / "a.py"), Completed)
        own.write_text("[[place")
        assert isinstance(await bench.ask(repo / "a.py"), Blocked)
        own.unlink()
        assert isinstance(await bench.ask(repo / "a.py"), Completed)


async def test_no_credential_of_a_remote_is_told_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    repo = repository(tmp_path, "me:s3cr3t-t0ken@h.example/web/shop")
    async with Bench(policy(Mode.REVIEW_LABEL, remote="h.example/*")).running() as bench:
        with caplog.at_level("DEBUG"):
            outcome = await bench.ask(repo / "a.py")
        told = repr(outcome) + repr(bench.broker.snapshot()) + repr(bench.gateway.asked)
        assert REVIEW_LABEL_NOTE in told
        assert "s3cr3t" not in told + caplog.text + json.dumps(str(bench.broker._places.__dict__))


async def test_ten_thousand_rules_are_made_ready_beside_the_loop(tmp_path: Path) -> None:
    closed = repository(tmp_path, "h/pay/ledger") / "a.py"
    many = [{"id": f"r{n}", "match": {"remote": f"h/t{n}/*"}, "mode": "off"} for n in range(9_999)]
    rules = {"repo_rules": [*many, *off(remote="h/pay/*")["repo_rules"]]}
    async with guarded(rules) as (broker, server):
        outcome = await broker.complete(asking(closed))
        assert isinstance(outcome, Blocked)
        assert outcome.rule == "pci"
        assert [one.target for one in server.asked][1:] == ["/policy"]
