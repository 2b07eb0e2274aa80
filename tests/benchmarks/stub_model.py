"""The model behind the stub gateway: it says what the simulator's does, at the place it finds by the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .oracle import Ahead, Model, answer
from .traces import Trace

LOOKED_AT = (400, 120, 60, 30, 12)
"""How much text on either side of the cursor must agree with the final text; the longest decides."""

BEFORE, BEHIND = 120, 30
"""How much text on either side of the cursor tells a moment of the typing from all others."""

CANARY = "quokka"
"""The word a client's canary wants read out of the suffix (`domain/routing/fim.py`)."""


AtKey = tuple[str, str, int | None, str, str, str]
"""After one key: the text before the cursor and behind it, and of what is right there its place in the
final text, its text, the closers behind the cursor and what follows those (see `oracle.Ahead`)."""


def at_keys(trace: Trace, futures: Sequence[Ahead]) -> list[AtKey]:
    """What is right after each key of a trace, and the text by which a request for it is known."""
    found, text = list[AtKey](), trace.start
    for key, now in zip(trace.keys, futures, strict=True):
        text = text[: key.at] + key.insert + text[key.at + key.delete :]
        cursor = key.at + len(key.insert)
        before, behind = text[max(cursor - BEFORE, 0) : cursor], text[cursor : cursor + BEHIND]
        found.append((before, behind, now.place, now.right, now.closers, now.beyond))
    return found


@dataclass(slots=True)
class Told:
    """What will be typed, and how good and fast the model is; set by `POST /oracle`.

    It answers as `oracle.answer` does in the simulator, but knows of the cursor only what the request
    says: which key it was sent after is looked up by the text around the cursor. What was asked from
    elsewhere, or by a client that sends less, is looked up in the final text.

    Attributes:
        keys: what is right after each key, as `at_keys` tells it.
    """

    name: str = "trace"
    final: str = ""
    keys: list[AtKey] = field(default_factory=list[AtKey])
    fixed: str = "answer = 42"
    hit_share: float = 1.0
    latency_s: float = 0.0
    lines: int = 1

    @property
    def model(self) -> Model:
        return Model(self.hit_share, self.latency_s, self.lines)

    def answer(self, prefix: str, suffix: str) -> str:
        """What the model says between the two."""
        if not self.final:
            return self.fixed
        trace = Trace(self.name, "", "", (), self.final)
        if (known := self._key(prefix, suffix)) is not None:
            now, foreseen = known
            return answer(trace, now, self.model, foreseen)
        place = self._place(prefix)
        if place is None:
            return answer(trace, Ahead(None, 0, ""), self.model)
        return answer(
            trace, Ahead(place, 0, self.final[place : self._end(suffix, place)]), self.model
        )

    def _key(self, prefix: str, suffix: str) -> tuple[Ahead, str] | None:
        """What is right after the key of a request, and what of it the client foresaw already."""
        best: tuple[Ahead, str] | None = None
        for before, behind, place, right, closers, beyond in self.keys:
            begins = prefix.rfind(before)
            if begins < 0:
                continue
            now, foreseen = Ahead(place, 0, right, closers, beyond), prefix[begins + len(before) :]
            # What was accepted with closers it brings has taken the place of those.
            left = behind.removeprefix(closers) if len(foreseen) > len(right) else behind
            same = left[: len(suffix)] == suffix[: len(left)]
            if same and now.agrees(foreseen) and (best is None or len(foreseen) <= len(best[1])):
                best = now, foreseen
        return best

    def _place(self, prefix: str) -> int | None:
        """Where in the final text the cursor is; the latest such place, as above may stand the like."""
        for count in LOOKED_AT:
            tail = prefix[-count:]
            at = self.final.rfind(tail) if len(tail) == count else -1
            if at >= 0:
                return at + count
        return None

    def _end(self, suffix: str, place: int) -> int:
        """Where in the final text that begins which stands behind the cursor already."""
        if len(suffix) < LOOKED_AT[-1]:
            ends = self.final.endswith(suffix) and len(self.final) - len(suffix) >= place
            return len(self.final) - len(suffix) if ends else len(self.final)
        found = (self.final.find(suffix[:count], place) for count in LOOKED_AT)
        return next((at for at in found if at >= 0), len(self.final))


def reply(told: Told, question: dict[str, Any]) -> str:
    """What the model says to a request of any dialect.

    A client may ask first whether the model sees what stands behind the cursor. One that is not shown
    it asks as it would a chat model, of which this one knows nothing: then no answer is right.
    """
    prefix, suffix = _around(question)
    return CANARY if CANARY in suffix else told.answer(prefix, suffix)


def _around(asked: dict[str, Any]) -> tuple[str, str]:
    """The text before the cursor and the text behind it, in any dialect."""
    if "segments" in asked:
        segments: dict[str, Any] = asked["segments"]
        return str(segments.get("prefix", "")), str(segments.get("suffix") or "")
    prompt, suffix = str(asked.get("prompt", "")), str(asked.get("suffix") or "")
    # refact sends one string: <fim_prefix>…<fim_suffix>…<fim_middle>.
    before, marked, behind = prompt.partition("<fim_suffix>")
    return (before, behind.partition("<fim_middle>")[0]) if marked else (prompt, suffix)
