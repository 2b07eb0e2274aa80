"""One window on several folders, each with rules of its own, while folders come and go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp.fakes import Editor
from lsp.test_places import typing_in
from sidelight_client.domain.policy.organisation import Policy
from sidelight_client.domain.window import CutReason
from sidelight_client.testing.fakes import FakeGateway

pytestmark = pytest.mark.anyio

REASON = "Payments are in scope of PCI DSS."
CLOSED = f'[[place]]\npath = "**"\nmode = "off"\nreason = "{REASON}"\n'
PARTLY = '[[place]]\npath = "keys/**"\nmode = "off"\n'
FRIEND = "def compute_total_price(order):\n    return order.held_secret\n"
HERE = "from friend import compute_total_price\n\ntotal_price = compute_total_price(\n"
AT = (2, len("total_price = compute_total_price("))
ALONE = Policy()
"""An organisation without any rule: only the folders' own count."""


class Workspace:
    """A folder that is a repository, with a file to write in and one that would help there."""

    def __init__(self, folder: Path, rules: str = "") -> None:
        self.folder = folder
        (folder / ".git").mkdir(parents=True)
        if rules:
            (folder / ".sidelight.toml").write_text(rules, "utf-8")

    def file(self, name: str, text: str) -> str:
        """Write a file; its uri."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return path.as_uri()

    @property
    def told(self) -> dict[str, str]:
        return {"uri": self.folder.as_uri(), "name": self.folder.name}


async def change(client: Editor, added: list[Workspace], removed: list[Workspace]) -> None:
    """The person opens and closes folders of the window."""
    event = {"added": [one.told for one in added], "removed": [one.told for one in removed]}
    await client.notify("workspace/didChangeWorkspaceFolders", {"event": event})


async def asked(client: Editor, gateway: FakeGateway, uri: str) -> list[Any]:
    """What the gateway is asked when the person asks for a suggestion in a file."""
    before = len(gateway.asked)
    await client.inline(*AT, uri, invoked=True)
    await client.rest()
    return gateway.asked[before:]


async def reason(client: Editor, uri: str) -> str:
    """Why there was nothing in a file, as the person is told."""
    place = {"uri": uri, "position": {"line": AT[0], "character": AT[1]}}
    told = await client.command("sidelight.explain", place)
    return f"{told['code']} {told['text']}"


async def test_of_several_folders_each_is_judged_by_its_own_rules(tmp_path: Path) -> None:
    closed = Workspace(tmp_path / "payments", CLOSED)
    partly = Workspace(tmp_path / "vault", PARTLY)
    opened = Workspace(tmp_path / "shop")
    async with typing_in(ALONE) as (client, gateway):
        await change(client, [closed, partly, opened], [])
        uris = {
            name: one.file(name, HERE)
            for name, one in (
                ("card.py", closed),
                ("keys/card.py", partly),
                ("door.py", partly),
                ("order.py", opened),
            )
        }
        for uri in uris.values():
            await client.open(HERE, uri)
        found = {name: len(await asked(client, gateway, uri)) for name, uri in uris.items()}
        assert found == {"card.py": 0, "keys/card.py": 0, "door.py": 1, "order.py": 1}
        assert REASON in await reason(client, uris["card.py"])
        assert "policy.place" in await reason(client, uris["keys/card.py"])


@pytest.mark.parametrize("rules", [CLOSED, ""], ids=["closed", "open"])
async def test_nothing_of_one_folder_goes_along_with_another(tmp_path: Path, rules: str) -> None:
    one, other = Workspace(tmp_path / "one", rules), Workspace(tmp_path / "other")
    async with typing_in(ALONE) as (client, gateway):
        await change(client, [one, other], [])
        foreign = one.file("friend.py", FRIEND)
        own = other.file("friend.py", FRIEND.replace("held_secret", "price"))
        here = other.file("order.py", HERE)
        await client.open(FRIEND, foreign)
        await client.open(FRIEND.replace("held_secret", "price"), own)
        await client.open(HERE, here)
        (request,) = await asked(client, gateway, here)
        sent = {part.uri for part in request.window.parts}
        assert foreign not in sent
        assert "held_secret" not in "".join(part.text for part in request.window.parts)
        assert own in sent, "its neighbour in the same folder does"
        why = CutReason.POLICY if rules else CutReason.SCOPE
        assert {cut.why for cut in request.window.cuts if cut.uri == foreign} == {why}


async def test_the_rules_of_a_folder_hold_from_when_it_is_added_and_whether_it_is_or_not(
    tmp_path: Path,
) -> None:
    first, late = Workspace(tmp_path / "first"), Workspace(tmp_path / "late", CLOSED)
    async with typing_in(ALONE) as (client, gateway):
        await change(client, [first], [])
        here, there = first.file("a.py", HERE), late.file("b.py", HERE)
        await client.open(HERE, here)
        await client.open(HERE, there)
        assert await asked(client, gateway, there) == [], "a file of no folder of the window"
        await change(client, [late], [])
        assert await asked(client, gateway, there) == []
        assert len(await asked(client, gateway, here)) == 1
        await change(client, [], [late])
        assert await asked(client, gateway, there) == [], "the file is still what it was"


async def test_rules_that_are_written_while_the_folder_is_open_hold_from_then_on(
    tmp_path: Path,
) -> None:
    one = Workspace(tmp_path / "one")
    async with typing_in(ALONE) as (client, gateway):
        await change(client, [one], [])
        here = one.file("a.py", HERE)
        await client.open(HERE, here)
        assert len(await asked(client, gateway, here)) == 1
        (one.folder / ".sidelight.toml").write_text(CLOSED, "utf-8")
        await client.edit((0, 0), (0, 0), "import os\n", here)
        before = len(gateway.asked)
        await client.inline(AT[0] + 1, AT[1], here, invoked=True)
        await client.rest()
        assert len(gateway.asked) == before
