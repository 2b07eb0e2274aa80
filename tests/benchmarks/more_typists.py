"""Further people who type: one who changes what is there, and others who judge what was chosen before."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from .judging_typists import JUDGING
from .other_languages import LANGUAGES, cut
from .traces import Trace
from .typists import TYPISTS, Typist, chunks, quick_gap, region

LONGEST_PAUSE_S = 90.0


def heavy_tailed(seed: str, keys: int) -> Trace:
    """Gaps without an upper end: mostly quick, some of seconds, and a minute away now and then."""
    name, before, typed, after = region(seed, keys)
    typist = _typist(seed, before, after, _tail_gap)
    for chunk in chunks(typist.random, typed, 3, 50):
        typist.type(chunk, slips=0.05)
        typist.t += min(0.2 * typist.random.paretovariate(1.1), LONGEST_PAUSE_S)
    return typist.trace(name, "python", "heavy_tailed")


def refactorer(seed: str, keys: int) -> Trace:
    """Changes what is there: renames, wraps, adds arguments in the middle of lines, and a line of its own."""
    name, before, typed, after = region(seed, keys * 3)
    typist = _typist(seed, before + typed, after, quick_gap)
    hand, base = typist.random, len(before)
    while len(typist.keys) < keys:
        words = [
            one for one in re.finditer(r"[A-Za-z_]{4,}", typist.text[: len(typist.text) - len(after)])
            if one.start() >= base
        ]  # fmt: skip
        place = hand.choice(words)
        typist.pause(0.5, 4.0)
        match hand.randrange(4):
            case 0:
                typist.move(place.end())
                typist.back(hand.randint(1, len(place.group())))
                typist.type(hand.choice(words).group(), slips=0.03)
            case 1:
                typist.move(place.start())
                typist.type(f"{hand.choice(words).group()}(", slips=0.03)
                typist.move(typist.cursor + len(place.group()))
                typist.type(")")
            case 2:
                typist.move(place.end())
                typist.type(
                    f", {hand.choice(words).group()}={hand.choice(words).group()}", slips=0.03
                )
            case _:
                end = typist.text.find("\n", place.end())
                typist.move(end if end >= 0 else len(typist.text))
                line = hand.choice([one for one in typed.splitlines() if one.strip()])
                typist.type("\n" + line, slips=0.03)
    return typist.trace(name, "python", "refactorer")


def polyglot(seed: str, keys: int) -> Trace:
    """Go, TypeScript, SQL or YAML, each person with a rhythm of their own."""
    hand = random.Random(seed)
    language = hand.choice(sorted(LANGUAGES))
    before, typed, after = cut(hand, LANGUAGES[language](hand), keys)
    usual_s, spread = hand.uniform(0.09, 0.3), hand.uniform(0.3, 0.7)
    typist = _typist(
        seed, before, after, lambda one: min(usual_s * one.lognormvariate(0, spread), 2.0)
    )
    slips, patience = hand.uniform(0.0, 0.06), hand.uniform(0.5, 4.0)
    for chunk in chunks(typist.random, typed, 8, 60):
        typist.type(chunk, slips=slips, own_indent=language == "yaml")
        typist.pause(0.2, patience)
    return typist.trace(f"made.{language}", language, "polyglot")


def partial(seed: str, keys: int) -> Trace:
    """Takes a word or two of what is offered by one key, types on, and changes some of what was taken."""
    name, before, typed, after = region(seed, keys * 3)
    typist = _typist(seed, before, after, quick_gap)
    words = re.findall(r"\s*\S+", typed)
    while words and len(typist.keys) < keys:
        typist.type(words.pop(0), slips=0.03)
        if words and typist.random.random() < 0.5:
            typist.pause(0.3, 1.2)
            taken = "".join(words[: typist.random.randint(1, 4)])
            del words[: taken.count(" ") + 1]
            typist.put(taken)
            if typist.random.random() < 0.3:
                typist.pause(0.3, 1.0)
                typist.back(min(typist.random.randint(1, 8), len(taken)))
    return typist.trace(name, "python", "partial")


def dictation(seed: str, keys: int) -> Trace:
    """Speaks: several words come at once, seconds apart, and every fifth piece is said again."""
    name, before, typed, after = region(seed, keys * 10)
    typist = _typist(seed, before, after, lambda one: one.uniform(0.05, 0.3))
    words = re.findall(r"\s*\S+", typed)
    while words and len(typist.keys) < keys:
        said = "".join(words[: typist.random.randint(1, 6)])
        del words[: len(re.findall(r"\s*\S+", said))]
        typist.pause(0.8, 5.0)
        if typist.random.random() < 0.2:
            typist.put(said.swapcase())
            typist.pause(0.5, 2.0)
            typist.replace(typist.cursor - len(said), len(said), "")
            typist.pause(0.5, 2.0)
        typist.put(said)
    return typist.trace(name, "python", "dictation")


def pair(seed: str, keys: int) -> Trace:
    """One of two files that are written in turn: some lines, then half a minute elsewhere, then back."""
    name, before, typed, after = region(seed, keys)
    typist = _typist(seed, before, after, quick_gap)
    for chunk in chunks(typist.random, typed, 40, 160):
        for burst in chunks(typist.random, chunk, 8, 40):
            typist.type(burst, slips=0.03)
            typist.pause(0.3, 1.5)
        back_to = typist.cursor
        typist.pause(10.0, 60.0)
        typist.move(max(back_to - typist.random.randint(0, 120), 0))
        typist.pause(0.3, 2.0)
        typist.move(back_to)
    return typist.trace(name, "python", "pair")


FAMILIES: dict[str, Callable[[str, int], Trace]] = {
    **TYPISTS,
    "heavy_tailed": heavy_tailed,
    "refactorer": refactorer,
    "polyglot": polyglot,
    "partial": partial,
    "dictation": dictation,
    "pair": pair,
}
HELD_OUT = ("polyglot", "partial", "dictation", "pair")
"""Nobody looked at what the policy does on these while anything of it was chosen."""

CHOSEN_ON = tuple(family for family in FAMILIES if family not in HELD_OUT)


EVERYBODY = {**FAMILIES, **JUDGING}


def made(families: tuple[str, ...], *, seed: int, per_family: int, keys: int) -> list[Trace]:
    """Traces of each family; the same seed gives the same traces."""
    return [
        EVERYBODY[family](f"{family}-{seed}-{number}", keys)
        for family in families
        for number in range(per_family)
    ]


def _tail_gap(hand: random.Random) -> float:
    return min(max(hand.lognormvariate(-1.9, 0.8), 0.03), LONGEST_PAUSE_S)


def _typist(seed: str, before: str, after: str, gap: Callable[[random.Random], float]) -> Typist:
    typist = Typist(seed, before + after, gap=gap)
    typist.cursor = len(before)
    return typist
