"""What an editor's open files give to a request: nothing of a file the rules close, end to end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from lsp.fakes import Editor, FakeBroker, editor
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.policy.infrastructure import FileKind
from sidelight_client.domain.policy.organisation import Mode, PlaceRule, Policy
from sidelight_client.domain.window import CutReason
from sidelight_client.keeper import SessionKeeper
from sidelight_client.settings import Layer, resolve
from sidelight_client.testing.fakes import FakeClock, FakeGateway, FakeIdp, FakeVault, grant, settle

pytestmark = pytest.mark.anyio

CLOSED = 'module "held_secret_network" {\n  total_price = compute_total_price\n}\n'
FRIEND = (
    "def compute_total_price(order):\n    total_price = order.total_price\n    return total_price\n"
)
HERE = "from friend import compute_total_price\n\ntotal_price = compute_total_price(\n"


@asynccontextmanager
async def typing_in(policy: Policy) -> AsyncGenerator[tuple[Editor, FakeGateway]]:
    """An editor at a real broker whose gateway keeps what it was asked."""
    clock, gateway = FakeClock(), FakeGateway(rules=policy)
    broker = Broker(
        clock=clock,
        settings=resolve([(Layer.FILE, {})]),
        gateway=gateway,
        keeper=SessionKeeper(
            clock=clock, provider=FakeIdp(signs_in=grant(clock.now())), vault=FakeVault()
        ),
        repositories=WorkspacePlaces(),
        version="0.1.0",
    )
    await broker.start()
    await broker.sign_in(lambda _prompt: None)
    await settle()
    try:
        async with editor(cast("FakeBroker", broker)) as client:
            await client.initialize()
            yield client, gateway
    finally:
        await broker.stop()


def rules(**matchers: Any) -> Policy:
    return Policy("1", place_rules=(PlaceRule("closed", Mode.OFF, **matchers),))


async def open_all(client: Editor, folder: Path) -> tuple[str, str, str]:
    """A file to write in, one that may help, and one that rules close; as their uris."""
    (folder / ".git").mkdir()
    texts = {"main.py": HERE, "friend.py": FRIEND, "net.txt": CLOSED}
    for name, text in reversed(texts.items()):
        (folder / name).write_text(text)
        await client.open(text, (folder / name).as_uri(), "python")
    main, friend, closed = ((folder / name).as_uri() for name in texts)
    return main, friend, closed


@pytest.mark.parametrize(
    "matchers", [{"path": "net.txt"}, {"kinds": frozenset((FileKind.TERRAFORM,))}]
)
async def test_an_open_file_that_is_closed_gives_nothing_to_its_neighbour(
    tmp_path: Path, matchers: dict[str, Any]
) -> None:
    async with typing_in(rules(**matchers)) as (client, gateway):
        main, friend, closed = await open_all(client, tmp_path)
        await client.inline(2, len("total_price = compute_total_price("), main, invoked=True)
        await client.rest()
        assert gateway.asked, "nothing was asked"
        window = gateway.asked[-1].window
        assert friend in {part.uri for part in window.parts}
        assert closed not in {part.uri for part in window.parts}
        assert "held_secret" not in "".join(part.text for part in window.parts)
        assert {cut.why for cut in window.cuts if cut.uri == closed} == {CutReason.POLICY}


async def test_without_the_rule_the_same_file_helps(tmp_path: Path) -> None:
    async with typing_in(Policy()) as (client, gateway):
        main, _, closed = await open_all(client, tmp_path)
        await client.inline(2, len("total_price = compute_total_price("), main, invoked=True)
        await client.rest()
        assert closed in {part.uri for part in gateway.asked[-1].window.parts}


async def test_in_a_closed_file_nothing_is_asked(tmp_path: Path) -> None:
    async with typing_in(rules(path="net.txt")) as (client, gateway):
        _, _, closed = await open_all(client, tmp_path)
        await client.inline(1, 3, closed, invoked=True)
        await client.rest()
        assert gateway.asked == []
