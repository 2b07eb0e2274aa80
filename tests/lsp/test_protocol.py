"""A session with everything in it, every message of which keeps to the protocol's own model."""

from __future__ import annotations

import asyncio

import pytest

from lsp.fakes import GHOST, URI, editor, lsp_range, snapshot
from lsp.test_features import blocks
from sidelight_client.api import Condition
from support.lsp_checker import check, model_or_skip

pytestmark = pytest.mark.anyio

CAPABLE = {
    "textDocument": {**GHOST["textDocument"], "diagnostic": {}, "completion": {}},
    "workspace": {"diagnostics": {"refreshSupport": True}, "configuration": True},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
}


@pytest.mark.parametrize("capabilities", [CAPABLE, {}], ids=["capable", "plain"])
async def test_every_message_of_a_session_keeps_to_the_protocol(capabilities: object) -> None:
    model = model_or_skip()
    broker = blocks("secret")
    broker.sign_in_gate = asyncio.Event()
    at = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 2}}
    async with editor(broker) as client:
        await client.initialize(
            capabilities, initializationOptions={"sidelight": {"messages": True}}
        )
        for asked in client.requested("workspace/configuration"):
            await client.answer(asked, [None])
        await client.open("ab\nsecret")
        assert await client.items(0, 2) == []
        await client.edit((1, 0), (1, 6), "public")
        assert len(await client.items(0, 2)) == 1
        await client.type((0, 2), "f")
        await client.inline(0, 3)
        await client.ask("textDocument/completion", at)
        cancelled = await client.inline(1, 1)
        await client.notify("$/cancelRequest", {"id": cancelled})
        await client.rest()
        await client.open("secret", uri="file:///two.py")
        await client.items(0, 0, uri="file:///two.py")
        there = {"textDocument": {"uri": "file:///two.py"}}
        await client.request("textDocument/hover", {**there, "position": at["position"]})
        await client.request(
            "textDocument/codeAction",
            {**there, "range": lsp_range((0, 0), (0, 3)), "context": {"diagnostics": []}},
        )
        if capabilities:
            await client.request("textDocument/diagnostic", there)
        broker.publish(snapshot(2, conditions=(Condition("network.offline", since=0.0),)))
        sign_in = await client.ask("workspace/executeCommand", {"command": "sidelight.signIn"})
        for asked in client.requested("window/workDoneProgress/create"):
            await client.answer(asked, None)
        for asked in client.requested("window/showDocument"):
            await client.answer(asked, {"success": True})
        broker.sign_in_gate.set()
        await client.settle()
        assert client.response(sign_in) is not None
        for asked in client.requested("workspace/diagnostic/refresh"):
            await client.answer(asked, None)
        await client.leave()
        assert check(client.traffic, model) == []
