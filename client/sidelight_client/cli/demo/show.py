"""Renders what the demonstration saw: for a person, or as one JSON object."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass, field
from typing import Any

DIM, BOLD, RESET = "\x1b[2m", "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class CompletionSeen:
    """The ghost text a person would see, and where it came from. `line` is counted from 1."""

    file: str
    line: int
    before: str
    text: str
    source: str
    tier: str
    ms: float
    trace_id: str


@dataclass(frozen=True, slots=True)
class BlockSeen:
    """A diagnostic on the characters a rule objects to. `line` and columns are counted from 1."""

    file: str
    line: int
    column: int
    end_column: int
    rule: str
    message: str
    source_line: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class LimitSeen:
    """A limit that was reached, as the status told it."""

    scope: str
    unit: str
    limit: float
    used: float | None
    resets_at: float | None
    message: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the demonstration saw."""

    completion: CompletionSeen
    block: BlockSeen
    limit: LimitSeen
    status: dict[str, Any]
    timings_ms: dict[str, float] = field(default_factory=dict[str, float])


def as_json(seen: Seen) -> dict[str, Any]:
    """The documented object: `completion`, `block`, `limit`, `status`, `timings_ms`."""
    return {
        "completion": asdict(seen.completion),
        "block": asdict(seen.block),
        "limit": asdict(seen.limit),
        "status": seen.status,
        "timings_ms": {name: round(ms, 1) for name, ms in seen.timings_ms.items()},
    }


def as_text(seen: Seen, status_lines: list[str], *, colour: bool) -> str:
    """The same, as a person would see it in an editor."""

    def dim(text: str) -> str:
        return f"{DIM}{text}{RESET}" if colour else text

    def bold(text: str) -> str:
        return f"{BOLD}{text}{RESET}" if colour else text

    done, block = seen.completion, seen.block
    mark = " " * (block.column - 1) + "~" * max(block.end_column - block.column, 1)
    ghost = done.text.split("\n")
    told = [
        bold(f"A completion — {done.file}:{done.line}"),
        f"    {done.before}{dim(ghost[0] if colour else f'[{ghost[0]}]')}",
        *(f"    {dim(line)}" for line in ghost[1:]),
        f"  {done.source} · {done.tier} tier · {done.ms:.0f} ms · trace {done.trace_id}",
        "",
        bold(f"A block, explained at its line — {block.file}:{block.line}"),
        f"    {block.source_line}",
        f"    {mark}",
        *_wrapped(block.message),
        f"  rule {block.rule} · trace {block.trace_id}",
        "",
        bold("A limit"),
        *_wrapped(seen.limit.message),
        "",
        bold("The status"),
        *(wrapped for line in status_lines for wrapped in _wrapped(line)),
        "",
        dim(
            "Times in ms: " + ", ".join(f"{name} {ms:.0f}" for name, ms in seen.timings_ms.items())
        ),
    ]
    return "\n".join(told)


def _wrapped(text: str, columns: int = 100) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        text.strip(), columns, initial_indent=f"  {indent}", subsequent_indent=f"  {indent}"
    )
