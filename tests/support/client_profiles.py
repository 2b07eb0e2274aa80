"""What each editor says first, recorded from the real one, for the tests that play it without having it.

`SIDELIGHT_RECORD_PROFILES=1 python3 installers/dev.py test --no-checks tests/editors` records all
anew: `tests/lsp/profiles` then has what the installed versions say. Without the variable a
recording is only looked at, so that a test of a real editor also says when it begins otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from sidelight_client.testing.lsp_traffic import Direction, Recorded

from .lsp_checker import read_traffic

FOLDER = Path(__file__).parents[1] / "lsp" / "profiles"
VARIABLE = "SIDELIGHT_RECORD_PROFILES"
PLACE = "/home/ada/repo"
"""Where every recorded workspace lies."""
PROCESS = 4711
MOST = 12
"""So many messages an editor may send before it opens a document."""
OPENS = "textDocument/didOpen"


def keep(name: str, folder: Path, place: Path | None = None) -> None:
    """Look at the first session in `folder`, or record it as the profile `name`.

    `place` is the workspace, for an editor that does not tell of it.
    """
    session = min(folder.glob("*.jsonl"), default=None)
    assert session is not None, f"nothing was recorded of {name}"
    profile = profile_of(read_traffic(session), place)
    if os.environ.get(VARIABLE):
        text = json.dumps(profile, indent=2, ensure_ascii=False, sort_keys=True)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        return
    kept = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    now = iter(order(profile))
    # A change of settings or files may come at any moment, also between the recorded messages.
    missing = [method for method in order(kept) if method not in now]
    assert missing == [], (
        f"{name} begins otherwise now, with {order(profile)}; record it anew ({VARIABLE})"
    )


def profile_of(traffic: Sequence[Recorded], place: Path | None = None) -> dict[str, Any]:
    """The first message, those up to the first document, and the answers to the server's questions.

    Without what is this machine's: processes, folders, the document's text.
    """
    first = traffic[0].message
    assert first["method"] == "initialize"
    told: list[dict[str, Any]] = []
    answers: dict[str, Any] = {}
    asked: dict[Any, str] = {}
    for entry in traffic[1:]:
        message = entry.message
        if entry.direction is Direction.TO_CLIENT:
            if "method" in message and "id" in message:
                asked[message["id"]] = message["method"]
        elif "method" in message and not (told and told[-1]["method"] == OPENS):
            told.append({"method": message["method"], "params": message.get("params")})
        elif "method" not in message and message.get("id") in asked and "result" in message:
            answers.setdefault(asked[message["id"]], message["result"])
    assert 0 < len(told) <= MOST
    assert told[-1]["method"] == OPENS, "no document was opened"
    told[-1]["params"]["textDocument"]["text"] = ""
    params: dict[str, Any] = {**first["params"], "processId": PROCESS}
    profile: dict[str, Any] = {"initialize": params, "then": told, "answers": answers}
    scrubbed: dict[str, Any] = _scrubbed(profile, _places(first["params"], place))
    text = json.dumps(scrubbed)
    assert "/tmp/" not in text, f"a folder of this machine is in it: {text}"
    return scrubbed


def order(profile: dict[str, Any]) -> list[str]:
    """The methods up to the first document, in their order."""
    return [message["method"] for message in profile["then"]]


def _places(params: dict[str, Any], place: Path | None) -> list[str]:
    uri: str = params.get("rootUri") or ""
    told = unquote(urlsplit(uri).path) if uri.startswith("file:") else ""
    uris: list[str] = [one["uri"] for one in params.get("workspaceFolders") or ()]
    given = [str(place)] if place is not None else []
    places = {one.rstrip("/") for one in (told, *(urlsplit(one).path for one in uris), *given)}
    return sorted(places - {""}, key=len)


def _scrubbed(value: Any, places: list[str]) -> Any:
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {key: _scrubbed(one, places) for key, one in table.items()}
    if isinstance(value, list):
        return [_scrubbed(one, places) for one in cast("list[Any]", value)]
    if isinstance(value, str):
        for place in places:
            value = value.replace(place, PLACE)
    return value
