"""What an explanation of a request can say about its window."""

from __future__ import annotations

import pytest

from sidelight_client.domain.place import Position, Range
from sidelight_client.domain.window import (
    Cut,
    CutReason,
    Part,
    PartKind,
    Why,
    Window,
    WindowLimits,
    take,
)
from sidelight_client.domain.window.ledger import ledger_of
from sidelight_client.domain.window.tokens_estimate import TokenRates, learn

URI, TAB, OTHER = "file:///a.py", "file:///b.py", "file:///c.py"


def window() -> Window:
    lines = [f"line {number}\n" for number in range(100)] + [""]
    around = take(lines, Position(50, 4), URI, WindowLimits(prefix=100, suffix=50))
    tab = Part(PartKind.TAB, TAB, Range(Position(0, 0), Position(2, 0)), "a\nb\n", Why.SIMILAR)
    cuts = (Cut(TAB, 5, CutReason.BUDGET), Cut(OTHER, 9, CutReason.SCOPE))
    return Window((tab, *around.parts), (*around.cuts, *cuts))


def test_every_part_and_every_cut_is_in_the_ledger() -> None:
    sent = window()
    ledger = ledger_of(sent, "python", TokenRates())
    assert [one.kind for one in ledger.entries] == [part.kind for part in sent.parts]
    assert ledger.cuts == sent.cuts
    assert ledger.other_files == (TAB,)
    assert ledger.left_out == ((OTHER, CutReason.SCOPE),)
    assert ledger.lines_before + ledger.lines_after + ledger.cut_lines == 101
    assert 0.1 < ledger.share_sent < 0.5


def test_the_gateways_count_is_taken_and_everything_else_is_marked_as_an_estimate() -> None:
    rates = learn(TokenRates(), "python", 4_000, 1_000)
    ledger = ledger_of(window(), "python", rates)
    assert ledger.estimated
    assert ledger.tokens == sum(one.tokens for one in ledger.entries)
    told = ledger_of(window(), "python", rates, counted=77)
    assert (told.tokens, told.estimated) == (77, False)


def test_an_empty_window_has_an_empty_ledger() -> None:
    ledger = ledger_of(take([], Position(0, 0), URI), "python", TokenRates())
    assert (ledger.entries, ledger.cuts, ledger.tokens) == ((), (), 0)
    assert ledger.share_sent == pytest.approx(0.0)
