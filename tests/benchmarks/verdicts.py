"""The table at the end: each of the fourteen figures held, missed or not measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from .report import Line

FIGURES = {
    1: "spawn to initialize",
    2: "spawn to first completion",
    3: "type-through answer",
    4: "added latency, uncached",
    5: "didChange",
    6: "right suggestion on screen 50 ms after the key",
    7: "gateway requests per 1,000 keys",
    8: "requests cancelled after sending",
    9: "bytes per typed key",
    10: "CPU per 1,000 keys",
    11: "memory, one window and eight",
    12: "wake-ups and CPU at rest",
    13: "longest hold of the loop",
    14: "cached-token ratio over a typing trace",
}


class Verdict(StrEnum):
    """What came of a figure."""

    HELD = "held"
    MISS = "MISS"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the table.

    Attributes:
        held: of its lines that were held against something, how many held.
        judged: how many there were.
        missed: what was missed, each with what came out.
        unknown: what it could not be held against in this run: a peer that was not there.
    """

    figure: int
    name: str
    verdict: Verdict
    held: int
    judged: int
    missed: tuple[str, ...]
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        count = f"{self.held} of {self.judged} held" if self.judged else "-"
        without = f"; without {', '.join(self.unknown)}" if self.unknown and self.judged else ""
        return f"| {self.figure:>2} | {self.name:<46} | {self.verdict:<12} | {count}{without} |"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def table(lines: Iterable[Line]) -> list[Row]:
    """The fourteen rows."""
    found = list(lines)
    return [_row(number, name, found) for number, name in FIGURES.items()]


def _row(number: int, name: str, lines: Sequence[Line]) -> Row:
    judged = [(line, ok) for line in lines if (ok := line.verdict(number)) is not None]
    missed = tuple(f"{line.name}: {line.ours}" for line, ok in judged if not ok)
    verdict = Verdict.NOT_MEASURED
    if judged:
        verdict = Verdict.MISS if missed else Verdict.HELD
    told = (text for line in lines if line.number == number for text in line.against)
    unknown = sorted({text.removesuffix(" n/a") for text in told if text.endswith(" n/a")})
    return Row(
        number, name, verdict, len(judged) - len(missed), len(judged), missed, tuple(unknown)
    )
