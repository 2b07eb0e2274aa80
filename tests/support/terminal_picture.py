"""Draws what tmux captured of a terminal as an SVG: the same characters in the same cells and colours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 10
BASELINE = 13.5
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
FOREGROUND, BACKGROUND = "#d8dee9", "#16181d"
_SIXTEEN = (
    *("#1c1f26", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4"),
    *("#6b7280", "#ff8a93", "#b5e08f", "#ffd98a", "#8cc8ff", "#dfa0f5", "#7fd8e2", "#ffffff"),
)
_LEVELS = (0, 95, 135, 175, 215, 255)
"""The six levels of xterm's colour cube (256colres.h)."""
_ESCAPE = re.compile(r"\x1b\[([0-9;:]*)m")


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell is drawn; None is the terminal's own colour."""

    front: str | None = None
    back: str | None = None
    bold: bool = False
    faint: bool = False
    italic: bool = False
    underlined: bool = False
    reversed: bool = False

    @property
    def colours(self) -> tuple[str, str | None]:
        """Of the character, and of the cell where it is not the terminal's own."""
        if self.reversed:
            return self.back or BACKGROUND, self.front or FOREGROUND
        return self.front or FOREGROUND, self.back


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters of one look; `column` is where the first one stands."""

    column: int
    text: str
    look: Look


def svg(screen: str, title: str, cursor: tuple[int, int] | None = None) -> str:
    """The picture of `screen`, the text of `tmux capture-pane -e -p`.

    Args:
        screen: lines with the colours as escape sequences.
        title: what the picture shows, for whoever cannot see it.
        cursor: column and row of the cursor, where one is to be drawn.
    """
    lines = screen.rstrip("\n").split("\n")
    rows: list[list[Run]] = []
    look = Look()
    for line in lines:
        runs, look = _runs(line, look)
        rows.append(runs)
    columns = max((run.column + len(run.text) for runs in rows for run in runs), default=0)
    width = columns * CELL_WIDTH + 2 * MARGIN
    height = len(rows) * CELL_HEIGHT + 2 * MARGIN
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>',
        f'<g font-family="{FONT}" font-size="14">',
        *(part for row, runs in enumerate(rows) for run in runs for part in _drawn(row, run)),
    ]
    if cursor is not None:
        x, y = MARGIN + cursor[0] * CELL_WIDTH, MARGIN + cursor[1] * CELL_HEIGHT
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="2" height="{CELL_HEIGHT}" fill="{FOREGROUND}"/>'
        )
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _drawn(row: int, run: Run) -> Iterator[str]:
    front, back = run.look.colours
    x, y = MARGIN + run.column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT
    width = len(run.text) * CELL_WIDTH
    if back is not None:
        # A little wider, so that no seam shows between two cells of one colour.
        yield (
            f'<rect x="{x:g}" y="{y:g}" width="{width + 0.3:g}" height="{CELL_HEIGHT}" fill="{back}"/>'
        )
    styles = [f'fill="{front}"']
    styles += ['font-weight="bold"'] if run.look.bold else []
    styles += ['font-style="italic"'] if run.look.italic else []
    styles += ['opacity="0.6"'] if run.look.faint else []
    styles += ['text-decoration="underline"'] if run.look.underlined else []
    # Word by word, because what an SVG's blanks are worth is not the same everywhere.
    for word in re.finditer(r"\S+", run.text):
        at, long = x + word.start() * CELL_WIDTH, len(word[0]) * CELL_WIDTH
        yield (
            f'<text x="{at:g}" y="{y + BASELINE:g}" textLength="{long:g}" {" ".join(styles)}>'
            f"{escape(word[0])}</text>"
        )


def _runs(line: str, look: Look) -> tuple[list[Run], Look]:
    """The runs of a line that begins in `look`, and the look that it ends in."""
    runs: list[Run] = []
    column = 0
    for place, part in enumerate(_ESCAPE.split(line)):
        if place % 2:
            look = changed(look, part)
        elif part:
            runs.append(Run(column, part, look))
            column += len(part)
    return runs, look


def changed(look: Look, codes: str) -> Look:
    """The look after a "select graphic rendition" (ECMA-48 §8.3.117, colours as in ITU-T T.416)."""
    words = iter(codes.split(";"))
    for word in words:
        # A colon belongs to the code before it, such as the shape of an underline.
        code, _, detail = word.partition(":")
        number = int(code or 0)
        match number:
            case 0:
                look = Look()
            case 1:
                look = replace(look, bold=True)
            case 2:
                look = replace(look, faint=True)
            case 3:
                look = replace(look, italic=True)
            case 4:
                look = replace(look, underlined=detail != "0")
            case 7:
                look = replace(look, reversed=True)
            case 22:
                look = replace(look, bold=False, faint=False)
            case 23:
                look = replace(look, italic=False)
            case 24:
                look = replace(look, underlined=False)
            case 27:
                look = replace(look, reversed=False)
            case 38:
                look = replace(look, front=_colour(words, detail))
            case 48:
                look = replace(look, back=_colour(words, detail))
            case 58:
                _colour(words, detail)  # Of an underline, which is drawn in the character's colour.
            case 39:
                look = replace(look, front=None)
            case 49:
                look = replace(look, back=None)
            case _ if 30 <= number <= 37 or 90 <= number <= 97:
                look = replace(look, front=_SIXTEEN[number - 30 if number < 40 else number - 82])
            case _ if 40 <= number <= 47 or 100 <= number <= 107:
                look = replace(look, back=_SIXTEEN[number - 40 if number < 50 else number - 92])
            case _:
                pass  # What changes nothing that can be drawn.
    return look


def _colour(words: Iterator[str], detail: str) -> str | None:
    """The colour after 38, 48 or 58: `5;n` or `2;r;g;b`, or both with colons."""
    if detail:
        words = iter([word for word in detail.split(":") if word])
    kind = next(words, "")
    if kind == "5":
        return _of_256(int(next(words, "0")))
    if kind == "2":
        red, green, blue = (int(next(words, "0")) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return None


def _of_256(number: int) -> str:
    if number < 16:
        return _SIXTEEN[number]
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    number -= 16
    levels = (_LEVELS[number // 36], _LEVELS[number // 6 % 6], _LEVELS[number % 6])
    return "#{:02x}{:02x}{:02x}".format(*levels)
