"""What happens to a request's text before it is sent: it may go, it is stopped here, or redacted.

Stopping here costs no request and says where; the gateway would have refused it anyway.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from ..completion import Finding
from ..policy.organisation import RedactionMode
from ..window import Part, Window
from .marks import ContentPlace
from .redaction import Redacted, redact
from .rule import Candidate, Matcher, Rule, Validators
from .scan_state import ContentFinding, ScanLimits, ScanState
from .verdict import Answer, Hit, judge

MAX_HITS = 200
"""A request with more places to judge is not looked at further: its answer is incomplete."""


@dataclass(frozen=True, slots=True)
class MaySend:
    """Nothing is known that would stop the text.

    Attributes:
        complete: False when not all of it could be looked at with every rule: nothing known is
            not "clean" then.
    """

    complete: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """The gateway would refuse it; `rule` decides, and `findings` are in the person's documents."""

    rule: Rule
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class NotRedactable:
    """Values should be replaced, and cannot be: too many, too large a text, or a rule that objects
    to whatever stands in their place.
    """

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Replaced:
    """The text may be sent as `window`; what comes back is to be restored with `redacted`."""

    window: Window
    redacted: Redacted


Passage = MaySend | Stopped | Replaced | NotRedactable
"""Every answer to "may this be sent?"; finish a `match` over it with `assert_never`."""


class ContentPreview:
    """The content rules in force, ready to be asked. Safe to call from any thread.

    Args:
        matcher: the compiled rules.
        validators: by name.
        salt: random bytes of this process, for its placeholders.
        redaction: what the organisation decided.
    """

    def __init__(
        self,
        matcher: Matcher,
        validators: Validators,
        salt: bytes,
        redaction: RedactionMode = RedactionMode.ALLOW,
    ) -> None:
        self.matcher = matcher
        self.redaction = redaction
        self._validators = validators
        self._salt = salt

    def live(self, place: ContentPlace, limits: ScanLimits | None = None) -> ScanState:
        """The findings of a document that is edited, for an editor to show."""
        return ScanState(self.matcher, self._validators, place, limits)

    def scan(
        self, lines: Sequence[str], place: ContentPlace
    ) -> tuple[tuple[ContentFinding, ...], bool]:
        """The findings of a whole text, and whether it was searched to its end."""
        limits = ScanLimits(step=1_000_000, step_rows=20_000, row=20_000_000, findings=10_000)
        state = self.live(place, limits)
        state.open(lines)
        while state.step(lines):
            pass
        return tuple(state.findings()), state.searched

    def before_sending(
        self,
        window: Window,
        place_of: Callable[[str], ContentPlace],
        *,
        asked_to_redact: bool = False,
        file: str = "",
    ) -> Passage:
        """Whether `window` may be sent.

        Args:
            window: what would be sent.
            place_of: the place of the document with a uri.
            asked_to_redact: whether the person chose to redact.
            file: the whole text of the document, in which no placeholder may occur.
        """
        hits: list[tuple[Part, int, Hit]] = []
        complete = not self.matcher.problems
        offsets: dict[str, int] = {}
        for part in window.parts:
            found, whole = self._hits(part.text, place_of(part.uri))
            complete = complete and whole
            hits += ((part, offsets.get(part.kind, 0), hit) for hit in found)
            offsets[part.kind] = offsets.get(part.kind, 0) + len(part.text)
        forced = self.redaction is RedactionMode.FORCE
        if forced or (asked_to_redact and self.redaction is RedactionMode.ALLOW):
            # A value may run from before the cursor to behind it: only the joined text shows it.
            replaced = self._replaced(window, place_of, file)
            if replaced is None:
                return NotRedactable(_findings(window, hits))
            return replaced if replaced.redacted.originals else MaySend(complete)
        stopping = [one for one in hits if one[2].would_block is Answer.YES]
        if not stopping:
            return MaySend(complete)
        return Stopped(stopping[0][2].rule, _findings(window, stopping))

    def _replaced(
        self, window: Window, place_of: Callable[[str], ContentPlace], file: str
    ) -> Replaced | None:
        place = place_of(window.parts[0].uri) if window.parts else ContentPlace()

        def find(text: str) -> list[tuple[int, int]] | None:
            # A mark in the workspace cannot loosen what leaves, so it does not count here.
            hits, complete = self._hits(text, place, keep_made_up=True)
            return [(hit.start, hit.end) for hit in hits] if complete else None

        redacted = redact([part.text for part in window.parts], find, self._salt, file)
        if redacted is None:
            return None
        parts = zip(window.parts, redacted.texts, strict=True)
        sent = tuple(replace(part, text=text) for part, text in parts)
        return Replaced(replace(window, parts=sent), redacted)

    def _hits(
        self, text: str, place: ContentPlace, *, keep_made_up: bool = False
    ) -> tuple[list[Hit], bool]:
        """What is found in a text as a gateway sees it, whole; offsets are into the text."""
        found = self.matcher.find([text], 1)
        if not found.candidates:
            return [], found.complete
        rows = text.splitlines(keepends=True)
        starts = [0, *accumulate(map(len, rows))]
        hits: list[Hit] = []
        for candidate in found.candidates[:MAX_HITS]:
            row = bisect_right(starts, candidate.start) - 1
            end_row = bisect_right(starts, candidate.end - 1) - 1
            lined = Candidate(
                candidate.rule,
                row,
                candidate.start - starts[row],
                end_row,
                candidate.end - starts[end_row],
                candidate.exact,
            )
            hit = judge(lined, rows, "", place, self._validators, keep_made_up=keep_made_up)
            if hit is not None:
                start, end = starts[hit.row] + hit.start, starts[hit.end_row] + hit.end
                hits.append(replace(hit, row=0, start=start, end_row=0, end=end))
        return hits, found.complete and len(found.candidates) <= MAX_HITS


def _findings(window: Window, hits: Sequence[tuple[Part, int, Hit]]) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for part, offset, hit in hits:
        place = window.locate(part.kind, offset + hit.start, offset + hit.end)
        if place is not None:
            found.append(Finding(hit.rule.id, *place, hit.masked))
    return tuple(found)
