"""A model that knows what will be typed: it is right in coherent runs, for a set share of the text.

What is right at a key is read off the trace itself: what finally stands between the character
before the cursor and the one behind it. Nothing is drawn at random; a hash of the place decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from sidelight_client.api import CLOSING_TAIL

from .traces import Trace

RUN = 24
"""Characters of the final text in which the model is right throughout, or wrong throughout."""

RUN_LOOKED_BACK = 600
WRONG = "\u00a7 nothing anybody types here"


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is right after one key.

    Attributes:
        place: the cursor's place in the final text; None while what stands before it will go.
        since: the final place from which on everything up to the cursor stands as it will.
        right: what will finally follow the cursor up to what follows it now.
        closers: what follows it now and stays, where nothing but closers follows on the line: an
            editor put them there, and a suggestion that brings them itself takes their place.
        beyond: what will finally follow those closers, up to what follows them now.
    """

    place: int | None
    since: int
    right: str
    closers: str = ""
    beyond: str = ""

    def agrees(self, shown: str) -> bool:
        """Whether everything of a suggestion is what will finally stand there."""
        return self.over.startswith(shown)

    @property
    def over(self) -> str:
        """What will finally follow the cursor, the closers and what comes behind them included."""
        return self.right + self.closers + self.beyond if self.closers else self.right


@dataclass(frozen=True, slots=True)
class Model:
    """How good and how fast the model behind the gateway is.

    Attributes:
        hit_share: which share (0..1) of the final text it foresees.
        latency_s: how long an answer takes, give or take 15 %.
        lines: how many lines an answer has.
        seed: another seed foresees other places.
    """

    hit_share: float = 0.7
    latency_s: float = 0.15
    lines: int = 1
    seed: int = 0


def ahead(trace: Trace) -> list[Ahead]:
    """What is right after each key of the trace."""
    last = list(range(len(trace.start)))
    for last in _replayed(trace):  # noqa: B007 -- the names at the end tell who stays
        pass
    final_place = {name: place for place, name in enumerate(last)}
    found: list[Ahead] = []
    text = trace.start
    for key, names in zip(trace.keys, _replayed(trace), strict=True):
        text = text[: key.at] + key.insert + text[key.at + key.delete :]
        cursor = key.at + len(key.insert)
        before = final_place.get(names[cursor - 1]) if cursor else -1
        if before is None:
            found.append(Ahead(None, 0, ""))
            continue
        end = next((final_place[n] for n in names[cursor:] if n in final_place), len(trace.final))
        since, back = before + 1, cursor - 1
        first = max(cursor - RUN_LOOKED_BACK, 0)
        while back >= first and final_place.get(names[back]) == since - 1:
            since -= 1
            back -= 1
        right = trace.final[before + 1 : end]
        stands = end
        for name in names[cursor : cursor + len(_tail(text, cursor))]:
            if final_place.get(name) != stands:
                break
            stands += 1
        closers, beyond = trace.final[end:stands], ""
        if closers:
            behind = names[cursor + len(closers) :]
            ends = next((final_place[n] for n in behind if n in final_place), len(trace.final))
            beyond = trace.final[stands:ends]
        found.append(Ahead(before + 1, since, right, closers, beyond))
    return found


def _tail(text: str, cursor: int) -> str:
    """The rest of the cursor's line where it is nothing but closers."""
    ends = text.find("\n", cursor)
    tail = text[cursor : ends if ends >= 0 else len(text)]
    return tail if not tail.strip(CLOSING_TAIL) else ""


def answer(trace: Trace, now: Ahead, model: Model, foreseen: str = "") -> str:
    """What the model says after `foreseen` is typed at a key: right text, or plainly wrong text."""
    whole = now.right if len(foreseen) <= len(now.right) else now.over
    right = whole[len(foreseen) :]
    if now.place is None or not whole.startswith(foreseen) or not right:
        return WRONG
    place = now.place + len(foreseen)
    cut = first_lines(right, model.lines)
    if share(f"{trace.name} {model.seed} {place // RUN}") < model.hit_share:
        return cut
    kept = int(share(f"{trace.name} kept {place // RUN}") * 4)
    return cut[: min(kept, len(cut) - 1)] + WRONG


def latency_s(model: Model, number: int) -> float:
    """How long the answer to the request of that number takes."""
    return model.latency_s * (0.85 + 0.3 * share(f"latency {model.seed} {number}"))


def first_lines(text: str, lines: int) -> str:
    """The first `lines` lines that are not blank, without the last line end."""
    end = 0
    for line in text.splitlines(keepends=True):
        if lines <= 0:
            break
        end += len(line)
        lines -= 1 if line.strip() else 0
    return text[:end].rstrip("\n") or text[:end]


def share(words: str) -> float:
    """A number from 0 to 1 that depends on `words` alone, on every machine."""
    return int.from_bytes(blake2b(words.encode(), digest_size=4).digest()) / 2**32


def _replayed(trace: Trace) -> Iterator[list[int]]:
    """The document after each key as the names of its characters; a name is never used again."""
    names = list(range(len(trace.start)))
    fresh = len(names)
    for key in trace.keys:
        names[key.at : key.at + key.delete] = range(fresh, fresh + len(key.insert))
        fresh += len(key.insert)
        yield names
