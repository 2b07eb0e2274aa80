"""What was sent and what was left out, in lines and tokens: what an explanation of a request shows."""

from __future__ import annotations

from dataclasses import dataclass

from ..place import Range
from . import Cut, CutReason, PartKind, Window, line_count
from .tokens_estimate import TokenRates


@dataclass(frozen=True, slots=True)
class Entry:
    """One part of a window without its text.

    Attributes:
        lines: whole and partial ones.
        tokens: as estimated by what the gateway counted before.
    """

    kind: PartKind
    uri: str
    range: Range
    lines: int
    tokens: int
    why: str


@dataclass(frozen=True, slots=True)
class WindowLedger:
    """Everything that was sent, in order, and everything that was not.

    Attributes:
        uri: the document of the cursor.
        tokens: of the whole prompt; the gateway's own count where it told one.
        estimated: whether `tokens` is an estimate. Those of the entries always are.
    """

    uri: str
    entries: tuple[Entry, ...]
    cuts: tuple[Cut, ...]
    tokens: int
    estimated: bool

    @property
    def lines_before(self) -> int:
        return self._lines(PartKind.PREFIX)

    @property
    def lines_after(self) -> int:
        return self._lines(PartKind.SUFFIX)

    @property
    def entries_lines_elsewhere(self) -> int:
        """Lines of the cursor's own document that went along from away of the cursor."""
        around = (PartKind.PREFIX, PartKind.SUFFIX)
        return sum(e.lines for e in self.entries if e.uri == self.uri and e.kind not in around)

    @property
    def other_files(self) -> tuple[str, ...]:
        """The other documents of which something was sent, in order."""
        return tuple(dict.fromkeys(one.uri for one in self.entries if one.uri != self.uri))

    @property
    def cut_lines(self) -> int:
        """How many lines of the cursor's own document were left out."""
        return sum(cut.lines for cut in self.cuts if cut.uri == self.uri)

    @property
    def left_out(self) -> tuple[tuple[str, CutReason], ...]:
        """The other documents of which nothing was sent, with the reason."""
        sent = {one.uri for one in self.entries}
        return tuple(dict.fromkeys((cut.uri, cut.why) for cut in self.cuts if cut.uri not in sent))

    @property
    def share_sent(self) -> float:
        """How much of the cursor's own document was sent, in lines: 0 to 1."""
        sent = sum(one.lines for one in self.entries if one.uri == self.uri)
        return sent / (sent + self.cut_lines) if sent else 0.0

    def _lines(self, kind: PartKind) -> int:
        return sum(one.lines for one in self.entries if one.kind is kind)


def ledger_of(
    window: Window, language: str, rates: TokenRates, counted: int | None = None
) -> WindowLedger:
    """The ledger of one request.

    Args:
        window: what was sent.
        language: whose bytes a token the estimate goes by.
        rates: what was learned of them.
        counted: the tokens of the prompt as the gateway counted them.
    """
    entries = tuple(
        Entry(
            part.kind,
            part.uri,
            part.range,
            line_count(part.range),
            rates.estimate(part.text, language),
            part.why,
        )
        for part in window.parts
        if part.text
    )
    uri = next((part.uri for part in window.parts if part.kind is PartKind.PREFIX), "")
    total = counted if counted is not None else sum(one.tokens for one in entries)
    return WindowLedger(uri, entries, window.cuts, total, counted is None)
