"""Types a trace into a real server at the speed it was made, and looks at the screen as a person does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sidelight_client.api import Position

from .contenders import Contender
from .driver import Answer, Driver, frame, rows_of
from .open_file import OpenFile, place
from .oracle import Ahead, Model, ahead
from .processes import Spent, spent_by
from .simulator import LOOK_S, position, reachable
from .stage import Stage
from .stub_model import at_keys
from .traces import Key, Trace

AT_REST_S = 0.6
"""A pause of the trace longer than this is shortened: nothing new happens in it."""


@dataclass(frozen=True)
class Run:
    """One trace typed into one server.

    Attributes:
        family: who typed.
        shown: keys after which the right text was on the screen in time.
        reachable: the same for a client that asks at every key and keeps every answer.
        cancelled: requests given up after they were sent.
        bytes_in: what the gateway was sent.
        spent: what the server's processes used meanwhile.
    """

    family: str
    keys: int
    shown: int
    reachable: int
    requests: int
    cancelled: int
    bytes_in: int
    spent: Spent


def hurried(trace: Trace) -> Trace:
    """The trace with its long pauses shortened."""
    keys, t, last_t = list[Key](), 0.0, 0.0
    for key in trace.keys:
        t += min(key.t - last_t, AT_REST_S)
        last_t = key.t
        keys.append(replace(key, t=t))
    return replace(trace, keys=tuple(keys))


def below(trace: Trace, above: str) -> Trace:
    """The trace at the end of a large file."""
    by = len(above)
    keys = tuple(replace(key, at=key.at + by) for key in trace.keys)
    name = f"{above.count(chr(10))}_{trace.name}"
    return Trace(name, trace.language, above + trace.start, keys, above + trace.final, trace.family)


def typed(stage: Stage, contender: Contender, trace: Trace, model: Model) -> Run:
    """Type a trace in real time. Raises NoAnswerError when the server does not start."""
    futures = ahead(trace)
    stage.stub.oracle(
        name=trace.name,
        final=trace.final,
        keys=at_keys(trace, futures),
        hit_share=model.hit_share,
        latency_s=model.latency_s,
        lines=model.lines,
    )
    driver = contender.start(stage)
    try:
        uri = (stage.workspace / trace.name.replace("/", "_")).with_suffix(".py").as_uri()
        editor = Editor(contender, driver, uri, trace, futures)
        where = {"textDocument": {"uri": uri}, "position": place(Position(0, 0))}
        driver.request("textDocument/hover", where)  # The file was taken.
        driver.screen = editor.answered
        pids = contender.processes(driver.process.pid)
        before = spent_by(pids)
        shown = editor.type_all()
        spent = spent_by(pids) - before
        counts = stage.stub.counts()
    finally:
        driver.close()
    return Run(
        trace.family,
        len(trace.keys),
        shown,
        reachable(trace, futures, model),
        counts["requests"],
        counts["cancelled"],
        counts["bytes_in"],
        spent,
    )


def until(moment: float) -> None:
    """Wait for a moment (perf_counter)."""
    left_s = moment - time.perf_counter()
    if left_s > 0:
        time.sleep(left_s)


class Editor:
    """Types, asks at each key, and looks at the screen.

    It keeps a suggestion while what is typed agrees with it, as VS Code does, and never asks again
    before the next key.

    Attributes:
        ghost: what is on the screen behind the cursor.
    """

    def __init__(
        self,
        contender: Contender,
        driver: Driver,
        uri: str,
        trace: Trace,
        futures: list[Ahead],
        *,
        wait_until: Callable[[float], None] = until,
    ) -> None:
        self._futures = futures
        self._contender, self._driver, self._trace = contender, driver, trace
        self._text = trace.start
        self._file = OpenFile(driver, uri, trace.start, trace.language)
        self._wait_until = wait_until
        self._asked = 0
        self._column = 0
        self.ghost = ""

    def type_all(self) -> int:
        """How often the right text was on the screen in time."""
        shown, begins, keys = 0, time.perf_counter(), self._trace.keys
        for number, (key, now) in enumerate(zip(keys, self._futures, strict=True)):
            at = begins + key.t - keys[0].t
            next_s = keys[number + 1].t - key.t if number + 1 < len(keys) else LOOK_S
            self._wait_until(at)
            self._press(key)
            self._wait_until(at + min(LOOK_S, next_s))
            ghost = self.ghost
            shown += bool(ghost) and now.place is not None and now.agrees(ghost)
        return shown

    def answered(self, answer: Answer, number: int) -> None:
        """A server answered, in the thread that reads from it."""
        # An answer out of the cache may be here before `send` has returned.
        if number >= self._asked and answer.error is None:
            self.ghost = offered(answer.result, self._column) or self.ghost

    def _press(self, key: Key) -> None:
        kept = key.insert and not key.delete and self.ghost.startswith(key.insert)
        after = self.ghost[len(key.insert) :] if kept else ""
        edit = b""
        if not key.moves_only:
            begin, end = position(self._text, key.at), position(self._text, key.at + key.delete)
            edit = self._file.edited(begin, end, key.insert)
            self._text = self._text[: key.at] + key.insert + self._text[key.at + key.delete :]
        at = self._file.on_the_wire(position(self._text, key.at + len(key.insert)))
        superseded, self._asked = self._asked, self._asked + 1
        self._column, self.ghost = at.character, after
        self._driver.write(edit)
        if superseded:
            cancel = {"method": "$/cancelRequest", "params": {"id": superseded}}
            self._driver.write(frame({"jsonrpc": "2.0", **cancel}))
        self._asked = self._driver.send(*self._contender.ask_typing(self._file.uri, at))


def offered(result: object, column: int) -> str:
    """The first suggestion's text from the cursor on."""
    choices = rows_of(result, "choices")
    if choices:
        return str(choices[0].get("code_completion", ""))
    rows = rows_of(result)
    if not rows:
        return ""
    row = rows[0]
    edit: dict[str, Any] = row.get("textEdit") or {}
    text = str(edit.get("newText") or row.get("insertText") or "")
    span: dict[str, Any] | None = edit.get("range") or edit.get("insert") or row.get("range")
    begins: int = span["start"]["character"] if span else column
    return text[max(column - begins, 0) :]
