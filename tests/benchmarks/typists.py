"""Made traces: six ways to type a real source file, each a family of its own, from a seed.

`more_typists` holds further ones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from importlib import metadata
from itertools import pairwise

from .traces import Key, Trace

CODE = (
    ("h11", "h11/_connection.py"),
    ("httpx", "httpx/_urls.py"),
    ("h11", "h11/_readers.py"),
    ("httpx", "httpx/_multipart.py"),
    ("httpcore", "httpcore/_async/connection.py"),
    ("keyring", "keyring/backend.py"),
)
"""Files that come with Sidelight's own dependencies; their versions are locked."""

PROSE_OF = ("httpx", "pygls", "keyring", "cattrs")

SLIPS = "etaoinshrdlu"


class Typist:
    """Writes one trace: a hand with a rhythm, and a document it types in."""

    def __init__(self, seed: str, start: str, *, gap: Callable[[random.Random], float]) -> None:
        self.random = random.Random(seed)
        self.start = self.text = start
        self.cursor = 0
        self.t = 0.0
        self.keys: list[Key] = []
        self._gap = gap

    def pause(self, shortest: float, longest: float) -> None:
        """Do nothing for a while."""
        self.t += self.random.uniform(shortest, longest)

    def move(self, at: int) -> None:
        """Put the cursor somewhere."""
        self._edit(at, 0, "")

    def put(self, text: str) -> None:
        """Insert `text` in one edit: one key, or what was in the clipboard."""
        self._edit(self.cursor, 0, text)

    def back(self, count: int = 1) -> None:
        """Press backspace `count` times."""
        for _ in range(count):
            self._edit(self.cursor - 1, 1, "")

    def replace(self, at: int, delete: int, insert: str) -> None:
        """An edit anywhere, such as a formatter's."""
        self._edit(at, delete, insert)

    def type(self, text: str, *, slips: float = 0.0, own_indent: bool = False) -> None:
        """Type `text` key by key; `slips` is the share of keys that go wrong and are put right.

        The indentation of a new line comes with its line end, as editors do it, unless the typist
        types it with keys of their own.
        """
        place = 0
        while place < len(text):
            key = text[place]
            if key == "\n" and not own_indent:
                rest = text[place + 1 :]
                key += rest[: len(rest) - len(rest.lstrip(" "))]
            elif key.isalpha() and self.random.random() < slips:
                self._slip(text[place : place + self.random.randint(0, 2)])
            self.put(key)
            place += len(key)

    def trace(self, name: str, language: str, family: str) -> Trace:
        return Trace(name, language, self.start, tuple(self.keys), self.text, family)

    def _slip(self, ahead: str) -> None:
        wrong = self.random.choice(SLIPS) + ahead.split("\n", maxsplit=1)[0]
        for key in wrong:
            self.put(key)
        self.pause(0.1, 0.25)
        self.back(len(wrong))

    def _edit(self, at: int, delete: int, insert: str) -> None:
        self.t += self._gap(self.random)
        self.keys.append(Key(round(self.t, 4), at, delete, insert))
        self.text = self.text[:at] + insert + self.text[at + delete :]
        self.cursor = at + len(insert)


def quick_gap(hand: random.Random) -> float:
    return min(max(hand.lognormvariate(-2.2, 0.35), 0.06), 0.2)


def slow_gap(hand: random.Random) -> float:
    return min(max(hand.lognormvariate(-1.05, 0.4), 0.18), 0.9)


def steady(seed: str, keys: int) -> Trace:
    """Fast and even: 60 to 200 ms a key, short pauses now and then, three slips in a hundred."""
    name, before, typed, after = region(seed, keys)
    typist = _at_gap(seed, before, after, quick_gap)
    for chunk in chunks(typist.random, typed, 10, 45):
        typist.type(chunk, slips=0.03)
        typist.pause(0.3, 0.9)
    return typist.trace(name, "python", "steady")


def thinker(seed: str, keys: int) -> Trace:
    """Bursts and long pauses; now and then the end of what was just typed is thrown away."""
    name, before, typed, after = region(seed, keys)
    typist = _at_gap(seed, before, after, quick_gap)
    for chunk in chunks(typist.random, typed, 6, 40):
        if typist.random.random() < 0.15:
            wrong = "".join(typist.random.choices(SLIPS + "_. (", k=typist.random.randint(4, 14)))
            typist.type(wrong)
            typist.pause(0.5, 2.5)
            typist.back(len(wrong))
        typist.type(chunk, slips=0.05)
        typist.pause(0.6, 6.0)
    return typist.trace(name, "python", "thinker")


def repetitive(seed: str, keys: int) -> Trace:
    """Fixtures: rows that look alike, typed steadily with a look aside after some of them."""
    hand = random.Random(seed)
    words = ["alpha", "bravo", "carol", "delta", "echo", "fox", "golf", "hotel"]
    head = "import pytest\n\n\n@pytest.fixture\ndef users():\n    return [\n"
    rows = [
        f'        {{"id": {1000 + number}, "name": "{hand.choice(words)}", '
        f'"role": "{hand.choice(("admin", "reader", "writer"))}", "active": {hand.random() < 0.7}}},'
        for number in range(keys // 50 + 2)
    ]
    typed = "\n".join(rows)[:keys]
    typist = _at_gap(seed, head, "\n    ]\n", quick_gap)
    for line in typed.splitlines(keepends=True):
        typist.type(line, slips=0.02)
        if typist.random.random() < 0.4:
            typist.pause(0.4, 2.0)
    return typist.trace("test_users.py", "python", "repetitive")


def jumper(seed: str, keys: int) -> Trace:
    """Types a little here and a little there, pastes, and runs a formatter over other lines."""
    name, before, typed, after = region(seed, keys)
    lines = begun_lines(typed)
    places = sorted(random.Random(seed).sample(range(len(lines)), k=max(len(lines) // 6, 1)))
    starts = [0, *places, len(lines)]
    pieces = ["".join(lines[a:b]) for a, b in pairwise(starts) if a < b]
    order = list(range(len(pieces)))
    typist = _at_gap(seed, before, after, quick_gap)
    typist.random.shuffle(order)
    done: dict[int, str] = {}
    for number in order:
        at = len(before) + sum(len(text) for place, text in done.items() if place < number)
        typist.pause(0.8, 3.0)
        typist.move(max(at - typist.random.randint(1, 40), 0))
        typist.pause(0.2, 1.2)
        typist.move(at)
        _edit_piece(typist, pieces[number], after)
        done[number] = pieces[number]
    return typist.trace(name, "python", "jumper")


def _edit_piece(typist: Typist, piece: str, after: str) -> None:
    first, *others = begun_lines(piece)
    if others and typist.random.random() < 0.25:
        typist.type(first, slips=0.03)
        typist.pause(0.2, 0.8)
        typist.put("".join(others))
    else:
        for chunk in chunks(typist.random, piece, 12, 60):
            typist.type(chunk, slips=0.03)
            typist.pause(0.3, 1.5)
    if after and typist.random.random() < 0.3:
        # A formatter takes a blank out of a line further down and puts it back.
        cursor, end = typist.cursor, len(typist.text)
        typist.replace(end, 0, " ")
        typist.replace(end, 1, "")
        typist.move(cursor)


def prose(seed: str, keys: int) -> Trace:
    """Sentences of a README: long lines, a pause after some of them, four slips in a hundred."""
    hand = random.Random(seed)
    package = PROSE_OF[hand.randrange(len(PROSE_OF))]
    text = str(metadata.metadata(package).json.get("description", ""))
    start = text.find("\n\n", hand.randrange(0, max(len(text) - keys * 2, 1))) + 1
    end = text.find("\n", start + keys)
    typist = _at_gap(seed, text[:start], text[end:], quick_gap)
    for chunk in chunks(typist.random, text[start:end], 20, 90):
        typist.type(chunk, slips=0.04)
        typist.pause(0.4, 2.5)
    return typist.trace(f"{package}.md", "markdown", "prose")


def slow(seed: str, keys: int) -> Trace:
    """Looks for each key, types the indentation by hand, and stops to read."""
    name, before, typed, after = region(seed, keys)
    typist = _at_gap(seed, before, after, slow_gap)
    for chunk in chunks(typist.random, typed, 15, 60):
        typist.type(chunk, slips=0.04, own_indent=True)
        typist.pause(1.0, 4.0)
    return typist.trace(name, "python", "slow")


TYPISTS: dict[str, Callable[[str, int], Trace]] = {
    "steady": steady,
    "thinker": thinker,
    "repetitive": repetitive,
    "jumper": jumper,
    "prose": prose,
    "slow": slow,
}


def region(seed: str, keys: int) -> tuple[str, str, str, str]:
    """A source file cut at line ends: its name, what stands before, what is typed, what follows."""
    hand = random.Random(seed)
    package, path = CODE[hand.randrange(len(CODE))]
    file = next(f for f in metadata.files(package) or () if f.as_posix() == path)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    first = hand.randrange(len(lines) // 6, max(len(lines) // 2, len(lines) // 6 + 1))
    last, size = first, 0
    while last < len(lines) and size < keys:
        size += len(lines[last].lstrip(" "))
        last += 1
    return (path.rpartition("/")[2], *cut_out(lines, first, last))


def cut_out(lines: list[str], first: int, last: int) -> tuple[str, str, str]:
    """What stands before some lines, these lines, and what follows them.

    They are typed as people type lines: from the end of the line above, a line end first, so that
    nothing but the line end stands behind the cursor.
    """
    text, begins = "".join(lines), sum(map(len, lines[:first])) - 1
    ends = begins + sum(map(len, lines[first:last]))
    return text[:begins], text[begins:ends], text[ends:]


def begun_lines(text: str) -> list[str]:
    """The lines of `text`, each with the line end that opens it."""
    return re.findall(r"\n[^\n]*", text)


def chunks(hand: random.Random, text: str, shortest: int, longest: int) -> list[str]:
    """`text` in runs between two pauses, which people make where a word or a line ends."""
    found: list[str] = []
    place = 0
    while place < len(text):
        end = min(place + hand.randint(shortest, longest), len(text))
        while end < len(text) and text[end - 1].isalnum():
            end += 1
        found.append(text[place:end])
        place = end
    return found


def _at_gap(seed: str, before: str, after: str, gap: Callable[[random.Random], float]) -> Typist:
    typist = Typist(seed, before + after, gap=gap)
    typist.cursor = len(before)
    return typist
