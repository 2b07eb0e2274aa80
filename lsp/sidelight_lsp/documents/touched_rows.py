"""Which rows of a document several edits touched, as if they had been one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TouchedRows:
    """The rows from `first` on: so many (`removed`) before the edits, and so many (`inserted`) now."""

    first: int
    removed: int
    inserted: int

    def take_in(self, first: int, removed: int, inserted: int) -> None:
        """Take a later edit in, whose rows are counted as they were just before it.

        What lies between two edits counts as touched.
        """
        end = self.first + self.inserted
        begin, last = min(self.first, first), max(end, first + removed)
        self.removed += self.first - begin + last - end
        self.inserted = last - begin + inserted - removed
        self.first = begin
