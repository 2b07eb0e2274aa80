"""When the first lines of an answer that is still coming are shown: pure decisions.

An editor is answered once and shows no more until it asks again, so what is shown early is less
than the whole for a key or two. That is worth it only where the whole would come much later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .answers import answer

REST_WORTH_WAITING_S = 0.15
"""Half of what the fast tier aims at: whoever waits for longer had rather read the first line now."""

_LATEST = 0.3
"""How much the latest answer counts in what is usual."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """How answers come to one session; `rest_s` is how long after their first line they usually end."""

    rest_s: float = 0.0

    def ended(self, rest_s: float) -> Streaming:
        """An answer ended so long after its first line was there."""
        return replace(self, rest_s=self.rest_s + (rest_s - self.rest_s) * _LATEST)

    def wait_s(self, *, all_there_is: bool) -> float:
        """How long to wait for the rest before the lines that are there are shown.

        Args:
            all_there_is: more of the answer would not be shown at this place.
        """
        return 0.0 if all_there_is or self.rest_s > REST_WORTH_WAITING_S else REST_WORTH_WAITING_S


def all_there_is(line: str, cursor: int, text: str, max_lines: int) -> bool:
    """Whether the editor would show no more at this place if `text` went on in further lines.

    So it is where text stands behind the cursor, and where no more lines are wanted.
    """
    shown = answer(line, cursor, text, max_lines=max_lines)
    return shown == answer(line, cursor, f"{text}\nx", max_lines=max_lines)
