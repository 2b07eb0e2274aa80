"""Two folders in one window, of which one is closed: nothing of it turns up in the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Sidelight
from .test_completion_travels import TYPED, Buffer

pytestmark = pytest.mark.anyio

CLOSED = '[[place]]\npath = "**"\nmode = "off"\n'
CARDS = "def card_of_holder(holder: str) -> str:\n    return holder.held_secret_number\n"


async def test_a_closed_folder_is_silent_and_gives_nothing_to_the_one_beside_it(
    sidelight: Sidelight, tmp_path: Path
) -> None:
    closed = tmp_path / "payments"
    (closed / ".git").mkdir(parents=True)
    (closed / ".sidelight.toml").write_text(CLOSED, "utf-8")
    (closed / "cards.py").write_text(CARDS, "utf-8")
    async with sidelight.editor() as editor:
        added = {"uri": closed.as_uri(), "name": closed.name}
        editor.notify(
            "workspace/didChangeWorkspaceFolders", {"event": {"added": [added], "removed": []}}
        )
        buffer = Buffer(editor, sidelight.workspace / "new.py", "")
        buffer.type(TYPED)
        assert (await buffer.ghost_when_signed_in()).startswith("entries:")
        buffer.type("entries:\n        pass\n\n\n" + CARDS.partition("held")[0])
        assert await buffer.ghost() == ""
        inside = Buffer(editor, closed / "new.py", "")
        inside.type(TYPED)
        assert await inside.ghost() == ""
        place = {"uri": inside.uri, "position": {"line": 0, "character": 0}}
        words = {"command": "sidelight.explain", "arguments": [place]}
        told = await editor.request("workspace/executeCommand", words)
        assert told["code"] == "policy.place"
