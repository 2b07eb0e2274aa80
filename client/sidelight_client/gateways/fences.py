"""Chat models wrap code in Markdown fences although they were asked not to; this takes them off."""

from __future__ import annotations

FENCE = "```"


class FenceStripper:
    """Passes text on as it comes, without a fence around it."""

    def __init__(self) -> None:
        self._held = ""
        self._begun = False
        self._fenced = False
        self._closed = False

    def feed(self, text: str) -> str:
        """The text that is certain not to be a fence."""
        self._held += text
        if not self._begun and not self._begin():
            return ""
        if not self._fenced:
            passed, self._held = self._held, ""
            return passed
        *lines, self._held = self._held.split("\n")
        return "".join(f"{line}\n" for line in lines if self._inside(line))

    def end(self) -> str:
        """What was held back, now that nothing follows."""
        rest, self._held = self._held, ""
        if not self._begun:
            return "" if rest.startswith(FENCE) else rest
        return rest if self._inside(rest) else ""

    def _begin(self) -> bool:
        """Decide about the first line; False while more of it is needed."""
        if FENCE.startswith(self._held[: len(FENCE)]) and len(self._held) < len(FENCE):
            return False
        if self._held.startswith(FENCE):
            _, found, rest = self._held.partition("\n")
            if not found:
                return False
            self._fenced, self._held = True, rest
        self._begun = True
        return True

    def _inside(self, line: str) -> bool:
        self._closed = self._closed or (self._fenced and line.startswith(FENCE))
        return not self._closed
