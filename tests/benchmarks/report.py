"""What every suite of the benchmarks takes and gives: options in, one line a figure out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked on the command line; see README.md.

    Attributes:
        missing: peers that were asked for and cannot be had, with the reason; suites add to it.
    """

    quick: bool = False
    peers: str = "auto"
    traces: Path | None = None
    hit_share: float = 0.7
    latency_ms: float = 150.0
    suggestion_lines: int | None = None
    missing: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Line:
    """One figure.

    Attributes:
        number: its number in the table of figures to hold.
        name: what was measured.
        ours: what came out, with its unit.
        against: what it was held against, and the verdict on each in words.
        passed: None for a figure that is only shown.
        verdicts: by figure, where the line says something of several; else what `passed` says of its own.
        facts: the numbers behind it, for `--json`.
    """

    number: int
    name: str
    ours: str
    against: tuple[str, ...] = ()
    passed: bool | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    verdicts: dict[int, bool] = field(default_factory=dict[int, bool])

    def verdict(self, figure: int) -> bool | None:
        """Whether that figure was held, as far as this line goes; None where it says nothing of it."""
        if self.verdicts:
            return self.verdicts.get(figure)
        return self.passed if figure == self.number else None

    def __str__(self) -> str:
        verdict = {True: "PASS", False: "FAIL", None: "shown"}[self.passed]
        return " | ".join(
            (f"#{self.number} {self.name}", f"ours {self.ours}", *self.against, verdict)
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Suite:
    """Some figures that are measured together; `run` yields a line as soon as it is known."""

    name: str
    figures: frozenset[int]
    run: Callable[[Options], Iterable[Line]]

    def wanted(self, only: frozenset[str]) -> bool:
        """Whether `--only` asks for it, by name or by a figure's number; an empty one asks for all."""
        return not only or self.name in only or bool(only & {str(one) for one in self.figures})


def held(ok: bool, text: str) -> str:
    """A bound with its verdict."""
    return f"{text} {'ok' if ok else 'MISSED'}"
