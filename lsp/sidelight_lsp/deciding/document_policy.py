"""The policy of one document, kept in step with its edits: what the engine and the simulator drive.

It holds no task and asks no clock; the caller sends, waits and answers.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace

from sidelight_client.api import Moment, Pace, Position, Trigger, place_of

from ..completing.answers import covered_tail
from ..completing.suggestions import Left, Suggestions
from ..completing.through import CLOSERS, Anchor, Suggestion, closer_in, typed_at
from ..documents.document import Edit, TextDocument
from .policy import Because, Decision, Reuse, Situation, decide, nearly_typed, reuses
from .policy_state import (
    Answered,
    Event,
    Followed,
    Ignored,
    Key,
    Moved,
    PolicyState,
    Refused,
    Sent,
    reduce,
)

MIN_FOLLOWED = 5
"""Whoever typed so much of a suggestion, or more than half of it, followed it."""

BLANK_LINES_SKIPPED = 3


@dataclass(slots=True)
class Shown:
    """The suggestion the person sees, and how much of it was typed at the latest key."""

    suggestion: Suggestion
    typed: int
    length: int


@dataclass(slots=True)
class DocumentPolicy:
    """State, suggestions and what is shown; `decide` is the only question."""

    state: PolicyState = field(default_factory=PolicyState)
    suggestions: Suggestions = field(default_factory=Suggestions)
    shown: Shown | None = None
    _followed_up: str = ""
    """Its trace id: what follows that suggestion was asked for, and is not again where nothing came of it."""
    _place: tuple[int, Position, Position] | None = None
    _line: tuple[int, str] = (0, "")

    def edited(self, document: TextDocument, edit: Edit | None, now_s: float) -> None:
        """The document was edited; `edit` is None where its whole text was replaced."""
        if edit is None:
            self._reduce(Moved(now_s))
            return
        self.suggestions.edited(document, edit)
        inserted = document.text(edit.start, edit.new_end)
        self._reduce(Key(now_s, inserted, self._deleted(edit)))
        row = edit.new_end.line
        self._line = (row, document.line(row))
        self._place = (document.revision, edit.start, edit.new_end)

    def decide(
        self,
        document: TextDocument,
        at: Position,
        *,
        trigger: Trigger,
        joinable: bool,
        prefetching: bool,
        refused: Because | None,
        pace: Pace,
        now_s: float,
        shortest_rest_s: float,
    ) -> Decision:
        """What to do about an ask at `at`; see `policy.Situation` for the words."""
        self._found_at(document, at, now_s)
        left = self.left(document, at)
        if (
            left is not None
            and refused is None
            and reuses(trigger, asked=left.suggestion.asked)
            and not nearly_typed(left.texts[0], left.typed, self.state)
        ):
            return Reuse(left.texts)  # As nearly every key along a suggestion; nothing else counts.
        situation = Situation(
            left=left.texts if left is not None else (),
            following=left.typed if left is not None else 0,
            joinable=joinable,
            prefetched=prefetching or (left is not None and self._knows_what_follows(left)),
            refused=refused,
            trigger=trigger,
            moment=self._moment(document, at),
            state=self.state,
            pace=pace,
            now_s=now_s,
            shortest_rest_s=shortest_rest_s,
            asked=left is not None and left.suggestion.asked,
        )
        decision = decide(situation)
        if isinstance(decision, Reuse) and decision.prefetch and left is not None:
            self._followed_up = left.suggestion.trace_id
        return decision

    def left(self, document: TextDocument, at: Position) -> Left | None:
        """What is left of the best suggestion at `at`; what stopped fitting is judged."""
        left = self.suggestions.left(document, at, self.state.deleted)
        if left is not None:
            left = without_lines_that_came(left, document, at)
        if self.shown is not None and (
            left is None or left.suggestion.trace_id != self.shown.suggestion.trace_id
        ):
            if not self.state.moved:
                self._judge(self.shown, document, at)
            self.shown = None
        if left is not None:
            self.shown = Shown(left.suggestion, left.typed, left.typed + len(left.texts[0]))
        return left

    def sent(self) -> None:
        """A request was sent."""
        self._reduce(Sent())

    def refused(self) -> None:
        """A request that was to be sent was not, or did not count."""
        self._reduce(Refused())

    def landed(self, suggestion: Suggestion | None, latency_s: float, column: int) -> None:
        """The gateway answered; `suggestion` is None when it had nothing to add.

        A request that ended in another way says nothing about how well the model knows this place.
        """
        longest = max(map(len, suggestion.texts)) if suggestion is not None else 0
        self._reduce(Answered(latency_s, longest, column))
        if suggestion is not None:
            self.suggestions.keep(suggestion)

    def brought(self, anchor: Anchor) -> bool:
        """Whether the request of this anchor brought a text."""
        return any(one.anchor is anchor for one in self.suggestions.kept)

    def missed(self, document: TextDocument, at: Position, anchor: Anchor) -> None:
        """What a request brought did not continue what was typed meanwhile."""
        typed = typed_at(anchor, document, at)
        self._reduce(Ignored(len(typed) if typed is not None else 0))

    def accepted(self, trace_id: str, lines_shown: int) -> bool:
        """A suggestion was accepted; whether it was one of this document.

        Where more lines were asked for than are shown at once, or the first were shown before the
        others were there, the others are offered next.
        """
        known = [one for one in self.suggestions.kept if one.trace_id == trace_id]
        if known:
            more = any(text.count("\n") >= lines_shown for one in known for text in one.texts)
            if not more and not any(one.shown_early for one in known):
                self.suggestions.forget(trace_id)
            self.shown = None
            self._reduce(Followed())
        return bool(known)

    def dismissed(self, trace_id: str) -> None:
        """A suggestion was closed without a key that says so; it stays for whoever comes back."""
        if self.shown is not None and self.shown.suggestion.trace_id == trace_id:
            self._reduce(Ignored(self.shown.typed))
            self.shown = None

    def forget(self) -> None:
        """Drop every suggestion; what was learned of the person's typing stays."""
        self.suggestions.clear()
        self.shown = None

    def _found_at(self, document: TextDocument, at: Position, now_s: float) -> None:
        """Tell a cursor that was moved from one that typing left within the text it put in."""
        place = self._place
        same = place is not None and place[0] == document.revision
        if place is None or not same or not place[1] <= at <= place[2]:
            closers = stepped_over(document, place[2], at) if place is not None and same else ""
            self._reduce(Key(now_s, closers, "") if closers else Moved(now_s))
            self._place = (document.revision, at, at)
        self._line = (at.line, document.line(at.line))

    def _judge(self, shown: Shown, document: TextDocument, at: Position) -> None:
        """Take note of whether what was shown was followed before it stopped fitting."""
        typed = typed_at(shown.suggestion.anchor, document, at)
        if typed is not None and any(typed.startswith(text) for text in shown.suggestion.texts):
            line = document.line(at.line)
            self._reduce(Followed(in_text=bool(line[at.character :].strip(CLOSERS))))
        elif shown.typed >= MIN_FOLLOWED or shown.typed * 2 > shown.length:
            self._reduce(Followed(to_the_end=False))
        else:
            self._reduce(Ignored(len(typed) if typed is not None else 0))

    def _reduce(self, event: Event) -> None:
        self.state = reduce(self.state, event)

    def _deleted(self, edit: Edit) -> str:
        """What an edit within the line of the cursor took out; of other deletions nothing is known."""
        row, text = self._line
        if edit.start.line == edit.end.line == row:
            return text[edit.start.character : edit.end.character]
        return "\n" if edit.end > edit.start else ""

    def _knows_what_follows(self, left: Left) -> bool:
        if left.suggestion.trace_id == self._followed_up:
            return True
        anchor, whole = left.suggestion.anchor, left.suggestion.texts[0]
        row = anchor.at.line + whole.count("\n")
        tail = whole.rpartition("\n")[2]
        for one in self.suggestions.kept:
            # Without a line end in it, the tail cannot be met across one, of whichever kind.
            if (
                one.anchor.at.line == row
                and one.anchor.before.endswith(tail)
                and one is not left.suggestion
            ):
                return True
        return False

    def _moment(self, document: TextDocument, at: Position) -> Moment:
        line, row = document.line(at.line), at.line - 1
        while row > 0 and at.line - row <= BLANK_LINES_SKIPPED and not document.line(row).strip():
            row -= 1
        before = line[: at.character]
        return Moment(
            place=place_of(before, line[at.character :], document.line(row)),
            language=document.language,
            column=len(before.lstrip()),
            usefulness=self.state.usefulness,
            answer_chars=self.state.answer_chars,
            since_failure=self.state.since_failure,
            late=self.state.keys_meanwhile,
            stride=self.state.stride,
        )


def without_lines_that_came(left: Left, document: TextDocument, at: Position) -> Left | None:
    """What is left without what begins with a closer that came below the cursor since it was asked for.

    An editor that breaks a line between two brackets puts the closing one on a line of its own, as a
    template does with the end of a block: the suggestion knows nothing of it and brings another.
    """
    if not any("\n" in text for text in left.texts):
        return left
    closer = closer_in(document.lines[at.line + 1 : at.line + 3])
    if not closer or closer == left.suggestion.anchor.closer:
        return left
    texts = [(text + "\n").partition(f"\n{closer}\n")[0].removesuffix("\n") for text in left.texts]
    kept = tuple(text for text in texts if text)
    return replace(left, texts=kept) if kept else None


def stepped_over(document: TextDocument, before: Position, at: Position) -> str:
    """The closers between two places of a line; empty where anything else is.

    Who steps over a bracket that the editor closed goes on typing, and has not gone elsewhere.
    """
    if before.line != at.line or at <= before:
        return ""
    between = document.line(at.line)[before.character : at.character]
    return "" if between.strip(CLOSERS) else between


def joinable(anchor: Anchor, document: TextDocument, at: Position) -> bool:
    """Whether a request in flight still leads to `at`."""
    return typed_at(anchor, document, at) is not None


def ahead(document: TextDocument, at: Position, text: str) -> tuple[TextDocument, Position]:
    """The document as it will be once `text` is accepted at `at`, and the cursor then.

    Closers behind the cursor that the text brings itself are replaced by it, as in an answer.
    """
    later = copy(document)
    later.lines = list(document.lines)
    line = document.line(at.line)
    covered = covered_tail(line[: at.character], line[at.character :], text)
    ends = Position(at.line, at.character + covered)
    return later, later.replace(at, ends, text).new_end
