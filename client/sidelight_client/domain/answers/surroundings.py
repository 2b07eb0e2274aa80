"""The text around an answer, as the filters of answers look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..window.edges import is_blank
from ..window.parts import PartKind, Window

NEAR = 40
"""Lines that are compared; what a model repeats stands close."""


@dataclass(frozen=True)
class Around:
    """The text around an answer, as far as it was sent.

    Each filter looks at the lines again, so they are cut once.

    Attributes:
        open_ended: the file goes on above `before` and below `after`, so that what is opened and
            closed there is not known.
    """

    before: str
    after: str
    language: str = "plaintext"
    open_ended: bool = False

    @cached_property
    def line(self) -> str:
        """The cursor's line up to the cursor."""
        return self.before.rpartition("\n")[2]

    @cached_property
    def above(self) -> Sequence[str]:
        """The nearest lines above the cursor's that are not blank, the nearest first."""
        lines = reversed(self.before.split("\n")[-NEAR:-1])
        return tuple(line.rstrip() for line in lines if not is_blank(line))

    @cached_property
    def below(self) -> Sequence[str]:
        """The nearest lines below the cursor's that are not blank."""
        lines = self.after.split("\n", NEAR)[1:NEAR]
        return tuple(line.rstrip() for line in lines if not is_blank(line))


def around_of(window: Window, language: str) -> Around:
    """The text around the cursor of a request."""
    start = next((p.range.start for p in window.parts if p.kind is PartKind.PREFIX), None)
    uri = next((p.uri for p in window.parts if p.kind is PartKind.PREFIX), "")
    cut_below = any(
        cut.uri == uri and (cut.range is None or (start is not None and cut.range.start > start))
        for cut in window.cuts
    )
    cut_above = start is not None and (start.line, start.character) != (0, 0)
    before, after = unix(window.prefix), unix(window.suffix)
    return Around(before, after, language, open_ended=cut_above and cut_below)


def unix(text: str) -> str:
    """`text` with LF line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
