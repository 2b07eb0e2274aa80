"""The model behind the stub gateway: it says what the simulator's does, at the place it finds by the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .oracle import Ahead, Model, answer
from .traces import Trace

LOOKED_AT = (400, 120, 60, 30, 12)
"""How much text on either side of the cursor must agree with the final text; the longest decides."""

CANARY = "quokka"
"""The word a client's canary wants read out of the suffix (`domain/routing/fim.py`)."""


@dataclass(slots=True)
class Told:
    """What will be typed, and how good and fast the model is; set by `POST /oracle`.

    It answers as `oracle.answer` does in the simulator, but knows of the cursor only what the request
    says: the place in the final text is looked up by the text around it.
    """

    name: str = "trace"
    final: str = ""
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
        place = self._place(prefix)
        if place is None:
            return answer(trace, Ahead(None, 0, ""), self.model)
        return answer(
            trace, Ahead(place, 0, self.final[place : self._end(suffix, place)]), self.model
        )

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
