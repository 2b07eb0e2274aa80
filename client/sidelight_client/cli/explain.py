"""`sidelight explain FILE[:LINE[:COL]]`: why there is nothing here, and what would be sent from here."""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from ..adapters.folders import folders
from ..adapters.usage_file import read_taken
from ..adapters.usage_ledger import FILE_NAME
from ..domain.completion import CompletionRequest, Outcome, Tier, Trigger
from ..domain.explaining.explain import explain
from ..domain.explaining.explained import Explained
from ..domain.explaining.line_origin import Taken, line_origin
from ..domain.explaining.window_words import ledger_message
from ..domain.place import Document
from ..domain.provenance import Way
from ..domain.window import WindowLimits, take
from ..domain.window.ledger import ledger_of
from ..domain.window.tokens_estimate import TokenRates
from ..domain.words.catalogue import Message, say
from ..errors import ExitCode
from ..link.dial import dial
from ..settings import Settings
from ..trace import new_trace_id
from .complete import Place, exit_code, language_of, read_place

_WAYS = {
    Way.ACCEPTED: "accepted",
    Way.PARTLY: "accepted in part",
    Way.TYPED: "typed over",
    Way.DISMISSED: "dismissed",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a place.

    Attributes:
        explained: what an editor's session says, where one has the file open.
        outcome: what stands in the way of a request made now; None when nothing is known to.
        window: what a request made now would read.
        origin: the suggestion its line came with, if that is known.
    """

    explained: Explained | None
    outcome: Outcome | None
    window: Message
    origin: Taken | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="FILE[:LINE[:COL]]", help="counted from 1")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> ExitCode:
    place, whole = _place(arguments.place)
    answer = asyncio.run(_asked(place, whole=whole))
    if arguments.json:
        print(json.dumps(as_json(answer), ensure_ascii=False))
    else:
        print("\n\n".join(as_text(answer)))
    return ExitCode.OK if answer.outcome is None else exit_code(answer.outcome)


def _place(said: str) -> tuple[Place, bool]:
    """The place, and whether it is the whole file; what is not said is counted as 1.

    Raises:
        UsageError: there is no such place.
        RefusedError: the file cannot be read.
    """
    head, _, last = said.rpartition(":")
    if not head or not last.isdecimal():
        return read_place(f"{said}:1:1"), True
    before = head.rpartition(":")
    if before[0] and before[2].isdecimal():
        return read_place(said), False
    return read_place(f"{said}:1"), False


async def _asked(place: Place, *, whole: bool) -> Answer:
    uri, language = place.path.absolute().as_uri(), language_of(place.path)
    limits = Settings()
    window = take(
        place.lines,
        place.at,
        uri,
        WindowLimits(limits.number("context.prefix_chars"), limits.number("context.suffix_chars")),
    )
    request = CompletionRequest(
        new_trace_id(),
        Document(uri, language),
        window,
        trigger=Trigger.INVOKED,
        client="command line",
    )
    client = await dial(folders())
    try:
        explained = await client.explanation(uri, None if whole else place.at)
        outcome = await client.weighed(request)
    finally:
        await client.close()
    return Answer(
        explained,
        outcome,
        ledger_message(ledger_of(window, language, TokenRates()), 0, Tier.FAST),
        None if whole else _origin(uri, place),
    )


def _origin(uri: str, place: Place) -> Taken | None:
    """Nothing where the ledger cannot be read: `sidelight usage` says why."""
    try:
        taken = read_taken(folders().state / FILE_NAME)
    except (OSError, sqlite3.Error):
        return None
    return line_origin(taken, uri, place.lines, place.at.line)


def as_text(answer: Answer) -> list[str]:
    """The answer in paragraphs: what happened in the editor, what would happen now, what is read."""
    told: list[str] = []
    if answer.explained is not None:
        told.append(f"In your editor{_when(answer.explained)}: {answer.explained.text}")
    message = _now(answer)
    told.append(f"A request made now: {message.title}. {message.text}")
    if answer.explained is None or not answer.explained.more:
        told.append(f"It would read: {answer.window.what} {answer.window.means}")
    if answer.origin is not None:
        message = _came_with(answer.origin)
        told.append(f"{message.title}. {message.text}")
    return told


def _came_with(origin: Taken) -> Message:
    return say(
        "explain.line_origin",
        {
            "way": _WAYS[origin.way],
            "day": time.strftime("%Y-%m-%d %H:%M", time.localtime(origin.at)),
            "trace_id": origin.trace_id,
            "there": origin.still_there,
            "lines": origin.lines,
        },
    )


def _when(explained: Explained) -> str:
    if explained.at is None:
        return ""
    line = "" if explained.line is None else f", line {explained.line + 1}"
    return f" at {time.strftime('%H:%M:%S', time.localtime(explained.at))}{line}"


def _now(answer: Answer) -> Message:
    message = None if answer.outcome is None else explain(answer.outcome)
    return message or say("explain.nothing_in_the_way")


def as_json(answer: Answer) -> dict[str, Any]:
    """The documented object; `editor` is null where no editor has the file open."""
    explained = answer.explained
    now = _now(answer)
    return {
        "editor": None
        if explained is None
        else {
            **_message(explained.message),
            "trace_id": explained.trace_id or None,
            "at": explained.at,
            "line": None if explained.line is None else explained.line + 1,
            "more": [_message(one) for one in explained.more],
        },
        "now": {
            "outcome": None if answer.outcome is None else type(answer.outcome).__name__.lower(),
            **_message(now),
        },
        "window": _message(answer.window),
        "origin": None if answer.origin is None else _origin_json(answer.origin),
    }


def _origin_json(origin: Taken) -> dict[str, Any]:
    return {
        **_message(_came_with(origin)),
        "trace_id": origin.trace_id,
        "at": origin.at,
        "way": origin.way.value,
        "lines": origin.lines,
        "still_there": origin.still_there,
    }


def _message(message: Message) -> dict[str, str]:
    return {"code": message.code, "title": message.title, "text": message.text}
