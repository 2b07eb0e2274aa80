"""Typing traces: who typed what, when and where, as JSON lines (the format is in README.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

VERSION = 1


@dataclass(frozen=True, slots=True)
class Key:
    """One edit, or a move of the cursor where it neither deletes nor inserts.

    Attributes:
        t: seconds since the trace began.
        at: where the edit begins, in code points from the start of the document.
        delete: how many code points it takes out there.
        insert: what it puts in there; the cursor is behind it afterwards.
    """

    t: float
    at: int
    delete: int = 0
    insert: str = ""

    @property
    def moves_only(self) -> bool:
        return not self.delete and not self.insert


@dataclass(frozen=True, slots=True)
class Trace:
    """One document while it is typed in."""

    name: str
    language: str
    start: str
    keys: tuple[Key, ...]
    final: str
    family: str = ""

    def problem(self) -> str | None:
        """What is wrong with it; None where the keys lead from `start` to `final` in order."""
        text = self.start
        for number, key in enumerate(self.keys, 1):
            if not 0 <= key.at <= key.at + key.delete <= len(text):
                return f"key {number} lies outside the document"
            text = text[: key.at] + key.insert + text[key.at + key.delete :]
        if any(later.t < earlier.t for earlier, later in pairwise(self.keys)):
            return "the keys are not in the order of time"
        return None if text == self.final else "the keys do not lead to the final text"


class TraceUnreadableError(ValueError):
    """A file is no trace; the text says where and why."""


def dump(trace: Trace) -> Iterator[str]:
    """The lines of a trace file."""
    header = {
        "trace": VERSION,
        "file": trace.name,
        "language": trace.language,
        "family": trace.family,
        "start": trace.start,
        "final": trace.final,
    }
    yield json.dumps(header)
    for key in trace.keys:
        line: dict[str, object] = {"t": round(key.t, 4), "at": key.at}
        if key.delete:
            line["delete"] = key.delete
        if key.insert:
            line["insert"] = key.insert
        yield json.dumps(line)


def load(lines: Iterable[str], name: str) -> Trace:
    """Read a trace file. Raises TraceUnreadableError."""
    try:
        rows = [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise TraceUnreadableError(f"{name}: {error}") from None
    if not rows or rows[0].get("trace") != VERSION:
        raise TraceUnreadableError(f"{name}: the first line is no header of version {VERSION}")
    header = rows[0]
    try:
        keys = tuple(
            Key(
                float(row["t"]),
                int(row["at"]),
                int(row.get("delete", 0)),
                str(row.get("insert", "")),
            )
            for row in rows[1:]
        )
        trace = Trace(
            name=str(header["file"]),
            language=str(header.get("language", "plaintext")),
            start=str(header["start"]),
            keys=keys,
            final=str(header["final"]),
            family=str(header.get("family") or "outside"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TraceUnreadableError(f"{name}: {error!r}") from None
    if problem := trace.problem():
        raise TraceUnreadableError(f"{name}: {problem}")
    return trace


def load_folder(folder: Path) -> list[Trace]:
    """Every `*.jsonl` in `folder`, by name. Raises TraceUnreadableError, also where there is none."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise TraceUnreadableError(f"{folder}: there is no *.jsonl file")
    return [load(file.read_text(encoding="utf-8").splitlines(), file.name) for file in files]
