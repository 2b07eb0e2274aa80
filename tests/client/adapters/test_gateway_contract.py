"""Our client and the embedded gateway mean the same thing: each of its faults, read by our profile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.discovered_identity import DiscoveredProvider
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.domain.completion import Blocked, CompletionRequest, SourceKind
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.policy.organisation import Mode, Policy
from sidelight_client.domain.policy.place_policy import DocumentPlace, PlacePolicy, RepositoryLevel
from sidelight_client.domain.reading import outcome_of
from sidelight_client.domain.spending.budget import Scope
from sidelight_client.domain.window import take
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.ports import Delta, Finish, GatewayEvent, GatewayInfo, SignInPrompt

pytestmark = pytest.mark.anyio

CODE = "def total(prices):\n    result = sum(prices)\n    return result\n"
LINES = ["def total(prices):\n", "    result = sum(prices)\n", "    return \n"]


@dataclass
class Bench:
    embedded: EmbeddedGateway
    gateway: HttpGateway
    grant: Grant

    async def ask(
        self, lines: list[str] | None = None, deadline_s: float = 5.0
    ) -> list[GatewayEvent]:
        request = asking(lines or LINES)
        return [e async for e in self.gateway.complete(request, self.grant, deadline_s)]

    async def last(self, deadline_s: float = 5.0) -> GatewayEvent:
        return (await self.ask(deadline_s=deadline_s))[-1]


def asking(lines: list[str]) -> CompletionRequest:
    window = take(lines, Position(2, 11), "file:///shop.py")
    return CompletionRequest("b" * 32, Document("file:///shop.py", "python"), window)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "prices.py").write_text(CODE)
    socket = tmp_path / "g.sock"
    clock = SystemClock()
    embedded = EmbeddedGateway(EmbeddedSettings(socket, workspaces=(tmp_path / "shop",)), clock)
    await embedded.start()
    await embedded.workspace_ready()
    gateway = HttpGateway(embedded.url, HttpClient(socket), clock=clock, embedded=True)
    provider = DiscoveredProvider(gateway.discover, HttpClient(socket), clock, None)
    approving: list[asyncio.Task[None]] = []

    def show(prompt: SignInPrompt) -> None:
        approving.append(asyncio.create_task(embedded.approve(prompt.url)))

    grant = await provider.sign_in(show)
    assert isinstance(grant, Grant)
    await asyncio.gather(*approving)
    yield Bench(embedded, gateway, grant)
    await provider.close()
    await gateway.close()
    await embedded.stop()


async def test_it_is_recognised_by_its_document(bench: Bench) -> None:
    info = await bench.gateway.discover()
    assert isinstance(info, GatewayInfo)
    assert (info.profile, info.embedded, info.models["fast"]) == ("sidelight", True, "workspace")
    assert {(r.scope, r.hard) for r in info.limits} == {
        (Scope.USER, True),
        (Scope.TEAM, True),
        (Scope.ORG, False),
    }


async def test_a_completion_comes_from_the_workspace_and_says_so(bench: Bench) -> None:
    events = await bench.ask()
    assert "".join(e.text for e in events if isinstance(e, Delta)).startswith("result")
    last = events[-1]
    assert isinstance(last, Finish)
    assert last.source.kind is SourceKind.WORKSPACE
    assert "prices.py" in last.source.label
    assert last.tokens.prompt
    user = next(r for r in last.readings if r.scope is Scope.USER)
    assert (user.limit, user.used, user.hard) == (120.0, 1.0, True)
    assert user.resets_at is not None


async def test_a_block_is_at_the_exact_characters_of_the_persons_file(bench: Bench) -> None:
    lines = ["ssn = '123-45-6789'\n", "\n", "    return \n"]
    last = (await bench.ask(lines))[-1]
    assert isinstance(last, Failure)
    outcome = outcome_of(last, asking(lines), 0.0)
    assert isinstance(outcome, Blocked)
    (finding,) = outcome.findings
    assert finding.rule == "us_ssn"
    assert (finding.range.start, finding.range.end) == (Position(0, 7), Position(0, 18))
    assert outcome.title == "US social security number"
    assert "123-45-6789" not in repr(outcome)


@pytest.mark.parametrize(
    ("switches", "kind"),
    [
        ({"expire_tokens": True}, FailureKind.AUTH_EXPIRED),
        ({"block": True}, FailureKind.POLICY_BLOCKED),
        ({"budget": True}, FailureKind.BUDGET_EXCEEDED),
        ({"outage": True}, FailureKind.UPSTREAM_DOWN),
        ({"bad_gateway_html": True}, FailureKind.UPSTREAM_DOWN),
        ({"model_denied": True}, FailureKind.AUTH_MODEL_DENIED),
        ({"scanner_down": True}, FailureKind.POLICY_UNAVAILABLE),
        ({"context_limit": 1}, FailureKind.CONTEXT_EXCEEDED),
        ({"garbage": True}, FailureKind.UPSTREAM_DOWN),
        ({"stream_error": True}, FailureKind.UPSTREAM_DOWN),
        ({"cut_stream": True}, FailureKind.UPSTREAM_DOWN),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value.value,
)
async def test_each_fault_is_understood(
    bench: Bench, switches: dict[str, object], kind: FailureKind
) -> None:
    bench.embedded.faults.set(switches)
    last = await bench.last()
    assert isinstance(last, Failure)
    assert last.kind is kind
    bench.embedded.faults.clear()
    assert isinstance(await bench.last(), Finish)


async def test_a_wrong_context_size_and_a_wrong_model_bring_their_facts(bench: Bench) -> None:
    bench.embedded.faults.set({"context_limit": 3})
    too_large = await bench.last()
    bench.embedded.faults.set({"context_limit": 0, "model_denied": True})
    denied = await bench.last()
    assert isinstance(too_large, Failure)
    assert isinstance(denied, Failure)
    assert too_large.facts["limit"] == 3
    assert float(too_large.facts["got"]) > 3
    assert denied.facts["model"] == "workspace"


@pytest.mark.parametrize("dialect", ["neutral", "retry-after-ms", "openai", "litellm", "kong"])
async def test_a_429_is_a_limit_with_its_delay_in_every_dialect(bench: Bench, dialect: str) -> None:
    bench.embedded.faults.set({"throttle": dialect, "throttle_delay_s": 90.0})
    last = await bench.last()
    assert isinstance(last, Failure)
    assert last.kind in (FailureKind.LIMIT_USER, FailureKind.LIMIT_VENDOR)
    assert last.retry_delay_s == pytest.approx(90.0, abs=2.0)


@pytest.mark.parametrize(
    "switches", [{"hang_mid_stream": True}, {"never_end": True}, {"slow_s": 9.0}]
)
async def test_what_does_not_end_is_late(bench: Bench, switches: dict[str, object]) -> None:
    bench.embedded.faults.set(switches)
    request = CompletionRequest(
        "b" * 32, asking(LINES).document, asking(LINES).window, max_tokens=2
    )
    events = [e async for e in bench.gateway.complete(request, bench.grant, 0.4)]
    assert events[-1] == Failure(FailureKind.UPSTREAM_TIMEOUT)


async def test_the_policy_and_the_usage_are_read(bench: Bench) -> None:
    await bench.ask()
    rules = await bench.gateway.policy(bench.grant)
    assert isinstance(rules, Policy)
    assert "us_ssn" in {rule.id for rule in rules.content_rules}
    place = DocumentPlace((RepositoryLevel("x/.env"),))
    assert PlacePolicy(rules).judge(place).mode is Mode.OFF
    assert await bench.gateway.policy(bench.grant) is None
    usage = {r.scope: r.used for r in await bench.gateway.usage(bench.grant)}
    assert usage == {Scope.USER: 1.0, Scope.TEAM: 1.0, Scope.ORG: 1.0}


async def test_without_a_session_it_says_that_the_key_is_not_known(bench: Bench) -> None:
    events = [e async for e in bench.gateway.complete(asking(LINES), None, 5.0)]
    assert isinstance(events[-1], Failure)
    assert events[-1].kind is FailureKind.AUTH_INVALID
