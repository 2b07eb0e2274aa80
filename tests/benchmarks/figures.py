"""Medians and ratios: how several repetitions become one number that another machine would also give."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Samples:
    """What was measured, by contender and file size: one list a repetition."""

    of: dict[tuple[str, int], list[list[float]]] = field(
        default_factory=dict[tuple[str, int], list[list[float]]]
    )

    def add(self, name: str, size: int, values: Sequence[float]) -> None:
        self.of.setdefault((name, size), []).append(list(values))

    def median(self, name: str, size: int) -> float | None:
        """The median of the repetitions' medians."""
        rows = [statistics.median(row) for row in self.of.get((name, size), []) if row]
        return statistics.median(rows) if rows else None

    def ratio(self, name: str, other: str, size: int) -> float | None:
        a, b = self.median(name, size), self.median(other, size)
        return a / b if a is not None and b else None

    def growth(self, name: str, small: int, large: int) -> float | None:
        """By how much a figure grows from the small file to the large one."""
        a, b = self.median(name, small), self.median(name, large)
        return b / a if b is not None and a else None

    def best(self, names: Sequence[str], size: int) -> str | None:
        """The contender with the least."""
        known = [(value, one) for one in names if (value := self.median(one, size)) is not None]
        return min(known)[1] if known else None

    def count(self, name: str) -> int:
        return sum(len(row) for (who, _), rows in self.of.items() if who == name for row in rows)


def times(value: float | None) -> str:
    """A ratio in words."""
    return "n/a" if value is None else f"x{value:.2f}"


def unit(value: float | None, scale: float, name: str) -> str:
    return "n/a" if value is None else f"{value * scale:.3g} {name}"
