"""What every session in the broker is held to: valid messages both ways, and no long hold of the loop."""

from __future__ import annotations

import re

import pytest

from sidelight_client.embedded.gateway import EmbeddedGateway
from support.lsp_checker import check_where_possible

from .conftest import SOURCE, Sidelight
from .test_completion_travels import TYPED, Buffer, sign_in, with_a_broker

pytestmark = pytest.mark.anyio

HOLD = re.compile(r"the loop was held for \d+ ms, computing (\d+) ms, by (.*)")
COMPUTING_MS = 10
"""What a handler may compute in one turn. The turn itself may be longer on a busy machine."""


async def test_every_message_of_a_whole_session_is_what_the_protocol_says(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type(TYPED)
        await buffer.ghost()
        buffer.type('\nssn = "536-22-8765"\n')
        await buffer.ghost()
        await editor.wait_for("textDocument/publishDiagnostics", lambda p: p["diagnostics"])
        gateway.faults.throttle = "neutral"
        buffer.type("value = ")
        await buffer.ghost()
        await editor.shutdown()
    assert check_where_possible(editor.traffic) == []


@with_a_broker
async def test_no_handler_computes_for_more_than_ten_milliseconds_while_somebody_types(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        buffer = Buffer(editor, sidelight.workspace / "big.py", SOURCE * 500)
        await buffer.ghost()
        warm = len(_log(sidelight))
        for word in re.findall(r"\s*\S+", TYPED * 6):
            for character in word:
                buffer.type(character)
            await buffer.ghost()
        await editor.shutdown()
    held = [
        (int(found[1]), found[2])
        for line in _log(sidelight)[warm:]
        if (found := HOLD.search(line)) and "importlib" not in found[2]
    ]
    assert [hold for hold in held if hold[0] > COMPUTING_MS] == []


@with_a_broker
async def test_a_completion_through_a_gateway_loads_no_library_that_it_does_not_need(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    sidelight.environment["PYTHONPROFILEIMPORTTIME"] = "1"  # Python then tells each in the log.
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type(TYPED)
        assert await buffer.ghost()
        await editor.shutdown()
    told = (line.rpartition("|")[2].strip() for line in _log(sidelight) if "import time:" in line)
    imported = {".".join(name.split(".")[:2]) for name in told}
    assert {"asyncio", "sidelight_client", "sidelight_lsp"} <= imported
    assert (
        imported
        & {
            *(
                "pygls",
                "lsprotocol",
                "cattrs",
                "attr",
                "httpx",
                "anyio",
                "keyring",
                "msal",
                "requests",
            ),
            *("truststore", "secretstorage", "sidelight_client.embedded", "html"),
        }
        == set()
    )


def _log(sidelight: Sidelight) -> list[str]:
    return sidelight.places.log_file.read_text("utf-8").splitlines()
