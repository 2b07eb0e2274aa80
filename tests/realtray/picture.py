"""A picture of a display: counts pixels of a colour, finds where they are, and keeps itself as a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the latter two are outside."""

RED = ((255, 92, 80), (217, 45, 32))
AMBER = ((255, 178, 36), (224, 134, 0))
"""What a badge is painted in, for a dark panel and for a light one (sidelight_tray.icon.icon)."""
NEAR = 40


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of red, green and blue, and the PNG they came from."""

    width: int
    height: int
    data: bytes
    line: int
    png: bytes

    @classmethod
    def of_png(cls, png: bytes) -> Picture:
        from PySide6.QtGui import QImage

        read = QImage.fromData(png, "PNG").convertToFormat(QImage.Format.Format_RGB888)
        assert not read.isNull(), "no picture was taken"
        data = bytes(read.constBits())
        return cls(read.width(), read.height(), data, read.bytesPerLine(), png)

    def at(self, x: int, y: int) -> Colour:
        start = y * self.line + 3 * x
        return (self.data[start], self.data[start + 1], self.data[start + 2])

    def places(self, colours: Sequence[Colour], box: Box) -> list[tuple[int, int]]:
        """Where in `box` the picture has one of `colours`, or nearly."""
        left, top, right, bottom = box
        return [
            (x, y)
            for y in range(max(top, 0), min(bottom, self.height))
            for x in range(max(left, 0), min(right, self.width))
            if any(_near(self.at(x, y), colour) for colour in colours)
        ]

    def changed(self, before: Picture, box: Box) -> list[tuple[int, int]]:
        """Where in `box` this picture is another than `before`."""
        left, top, right, bottom = box
        return [
            (x, y)
            for y in range(top, min(bottom, self.height))
            for x in range(left, min(right, self.width))
            if not _near(self.at(x, y), before.at(x, y))
        ]

    def colours(self, box: Box) -> int:
        """How many different colours there are in `box`: one for what is painted flat."""
        left, top, right, bottom = box
        return len({self.at(x, y) for y in range(top, bottom) for x in range(left, right)})

    def keep(self, name: str) -> Path:
        """Keep it beside the other pictures of the run, for a person to look at."""
        folder = Path(os.environ.get("SIDELIGHT_ARTEFACTS", "artifacts"))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        path.write_bytes(self.png)
        return path


def middle(places: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The middle of the box around some places."""
    across, down = [x for x, _ in places], [y for _, y in places]
    return ((min(across) + max(across)) // 2, (min(down) + max(down)) // 2)


def _near(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) <= NEAR for a, b in zip(one, other, strict=True))
