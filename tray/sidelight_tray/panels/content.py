"""What a panel consists of, as values: cards, rows and charts, each with the sentence that is read aloud.

Whatever is painted is described here first; the painting files look at nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ..face.acts import Action, Tone
from ..face.state import TrayState


class Mark(StrEnum):
    """The shape beside an entry: the twin of its colour."""

    SQUARE = "square"
    TRIANGLE = "triangle"
    DASH = "dash"
    RING = "ring"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one tone."""

    text: str
    tone: Tone = Tone.PLAIN
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is about at the left, what is known of it at the right."""

    left: Span
    right: tuple[Span, ...] = ()
    small: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One large number, what it is of, and a verdict."""

    value: str
    of: str
    verdict: Span
    spoken: str


@dataclass(frozen=True, slots=True)
class Gauge:
    """A bar from nothing to a limit; with a label it is a thin one in a row.

    Attributes:
        share: 0 to 1; None while unknown, which is drawn as an empty, dashed bar.
        tick: where an even pace would be.
        soft: whether the limit only asks; its end is drawn open.
    """

    spoken: str
    share: float | None = None
    tick: float | None = None
    tone: Tone = Tone.ACCENT
    soft: bool = False
    label: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Amounts over time, the oldest first, with the line of a limit. None is an unknown amount."""

    values: tuple[float | None, ...]
    spoken: str
    limit: float | None = None
    limit_label: str = ""
    current: int = -1
    """Which bar is still growing; -1 for the last."""
    axis: tuple[tuple[int, str], ...] = ()
    """Labels below the bars, each with the index of the bar it belongs to."""


@dataclass(frozen=True, slots=True)
class Days:
    """One bar a day: `GOOD`, `WARN`, `BAD`, or `MUTED` for a day of which nothing is known."""

    tones: tuple[Tone, ...]
    spoken: str


@dataclass(frozen=True, slots=True)
class Lane:
    """How long one tier's answers take; the seconds are drawn on a scale that all lanes share."""

    name: str
    p50_s: float | None
    p95_s: float | None
    target_s: float | None
    texts: tuple[str, str, str]
    tone: Tone = Tone.GOOD


@dataclass(frozen=True, slots=True)
class Lanes:
    """Several lanes on one logarithmic scale."""

    lanes: tuple[Lane, ...]
    spoken: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole; `level` 0 to 2 is how strongly it is drawn."""

    label: str
    amount: float
    level: int


@dataclass(frozen=True, slots=True)
class Stack:
    """The parts of a whole in one bar, with a legend."""

    parts: tuple[Part, ...]
    spoken: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an incident; `at` is empty for one that has not been reached."""

    label: str
    at: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """The steps of an incident from left to right."""

    steps: tuple[Step, ...]
    spoken: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened, and the one thing that can be done about it.

    `place` is where it was, shortened to one line; `whole_place` is what it was shortened from.
    """

    mark: Mark
    tone: Tone
    title: str
    detail: str
    action: Action | None = None
    place: str = ""
    whole_place: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph."""

    text: str
    tone: Tone = Tone.MUTED


@dataclass(frozen=True, slots=True)
class Choices:
    """Buttons in a row; the first is the one that Enter presses."""

    actions: tuple[Action, ...]
    primary: bool = False


Item = Row | Figure | Gauge | Bars | Days | Lanes | Stack | Timeline | Entry | Note | Choices


@dataclass(frozen=True, slots=True)
class Card:
    """A group of items under a heading.

    Attributes:
        key: names the card from one snapshot to the next.
        tone: `WARN` and `BAD` colour the whole card; anything else does not.
        icon: the state whose shape stands before the title, if any.
    """

    key: str
    title: str
    items: tuple[Item, ...]
    right: tuple[Span, ...] = ()
    tone: Tone = Tone.PLAIN
    icon: TrayState | None = None
    link: Action | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything in one window.

    Attributes:
        wide: cards over the whole width.
        columns: cards side by side, a tuple a column.
        stale: whether all of it is from before, so that it is drawn faded.
    """

    state: TrayState
    title: str
    subtitle: str
    pill: str
    pill_tone: Tone
    wide: tuple[Card, ...] = ()
    columns: tuple[tuple[Card, ...], ...] = ()
    buttons: tuple[Action, ...] = ()
    last: tuple[Action, ...] = field(default=())
    stale: bool = False
