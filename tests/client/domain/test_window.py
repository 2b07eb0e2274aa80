"""What goes into the window, what is cut, and the way back from an offset to the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.place import Position, Range
from sidelight_client.domain.window import (
    Cut,
    CutReason,
    PartKind,
    Window,
    WindowLimits,
    end_of,
    line_count,
    take,
)

URI = "file:///work/pay.py"


def check(text: str, limits: WindowLimits | None = None) -> Window:
    """Take a window at the `║` in `text`."""
    before, after = text.split("║")
    lines = (before + after).splitlines(keepends=True)
    if (before + after).endswith("\n"):
        lines.append("")
    row = before.count("\n")
    return take(lines, Position(row, len(before) - before.rfind("\n") - 1), URI, limits)


def test_a_small_file_is_sent_whole() -> None:
    window = check("def f(n):\n    return ║\n\nprint(f(2))\n")
    assert window.prefix == "def f(n):\n    return "
    assert window.suffix == "\n\nprint(f(2))\n"
    assert window.cuts == ()


def test_whole_lines_are_kept_and_the_cut_is_told() -> None:
    window = check("one\ntwo\nthree║\nfour\nfive\n", WindowLimits(prefix=9, suffix=6))
    assert window.prefix == "two\nthree"
    assert window.suffix == "\nfour\n"
    assert window.cuts == (
        Cut(URI, 1, CutReason.BUDGET, Range(Position(0, 0), Position(1, 0))),
        Cut(URI, 1, CutReason.BUDGET, Range(Position(4, 0), Position(5, 0))),
    )


def test_a_line_longer_than_the_budget_is_cut_around_the_cursor() -> None:
    window = check("x" * 50 + "abc║def" + "y" * 50, WindowLimits(prefix=5, suffix=4))
    assert window.prefix == "xxabc"
    assert window.suffix == "defy"
    assert window.parts[0].range == Range(Position(0, 48), Position(0, 53))


@pytest.mark.parametrize(
    "at", [Position(99, 99), Position(-1, -1), Position(0, 10_000), Position(2, 1)]
)
def test_a_position_outside_the_document_is_brought_inside(at: Position) -> None:
    window = take(["ab\n", "cd"], at, URI)
    assert window.prefix + window.suffix == "ab\ncd"


def test_an_empty_document_gives_an_empty_window() -> None:
    window = take([], Position(0, 0), URI)
    assert (window.prefix, window.suffix, window.cuts) == ("", "", ())


def test_an_offset_in_the_sent_text_leads_back_to_its_line_and_column() -> None:
    window = check("# 😀 ssn\nssn = '123-45-6789'\nnext║\ntail = '4111'\n")
    start = window.prefix.index("123")
    assert window.locate(PartKind.PREFIX, start, start + 11) == (
        URI,
        Range(Position(1, 7), Position(1, 18)),
    )
    start = window.suffix.index("4111")
    assert window.locate(PartKind.SUFFIX, start, start + 4) == (
        URI,
        Range(Position(3, 8), Position(3, 12)),
    )


def test_an_offset_that_was_never_sent_leads_nowhere() -> None:
    assert check("ab║").locate(PartKind.PREFIX, 1, 9) is None


@given(
    lines=st.lists(st.text(alphabet="ab é😀(", max_size=12), min_size=1, max_size=30),
    row=st.integers(0, 40),
    column=st.integers(0, 20),
    prefix=st.integers(0, 60),
    suffix=st.integers(0, 60),
)
def test_a_window_is_a_run_of_the_document_around_the_cursor(
    lines: list[str], row: int, column: int, prefix: int, suffix: int
) -> None:
    document = [line + "\n" for line in lines[:-1]] + [lines[-1]]
    whole = "".join(document)
    window = take(document, Position(row, column), URI, WindowLimits(prefix, suffix))
    assert window.prefix + window.suffix in whole
    assert len(window.prefix) <= prefix
    assert len(window.suffix) <= suffix
    for part in window.parts:
        start, end = (_offset(document, at) for at in (part.range.start, part.range.end))
        assert whole[start:end] == part.text
    assert (window.cuts == ()) == (window.prefix + window.suffix == whole)


@given(
    lines=st.lists(st.text(alphabet="ab \té😀(", max_size=12), min_size=1, max_size=40),
    row=st.integers(0, 40),
    column=st.integers(0, 20),
    prefix=st.integers(0, 200),
    suffix=st.integers(0, 100),
)
def test_parts_and_cuts_together_are_the_document_each_character_once(
    lines: list[str], row: int, column: int, prefix: int, suffix: int
) -> None:
    document = [line + "\n" for line in lines[:-1]] + [lines[-1]]
    window = take(document, Position(row, column), URI, WindowLimits(prefix, suffix))
    cut = [cut.range for cut in window.cuts]
    places = sorted(
        (place for place in (*(part.range for part in window.parts), *cut) if place is not None),
        key=lambda place: (place.start, place.end),
    )
    reached = Position(0, 0)
    for place in places:
        assert place.start == reached
        reached = place.end
    assert reached == end_of(document)
    cut_lines = sum(one.lines for one in window.cuts)
    assert cut_lines == sum(line_count(place) for place in cut if place is not None)


def test_a_window_begins_where_a_definition_does() -> None:
    block = "def f():\n    a = 1\n    b = 2\n    return a\n\n"
    window = check(block * 40 + "x = ║\n" + block * 40, WindowLimits(prefix=1_200, suffix=400))
    assert window.prefix.startswith("def f():")
    assert window.suffix.endswith("    return a\n\n")


def test_typing_leaves_the_leading_bytes_as_they_are() -> None:
    """Every start that is met while sixty lines are typed is met for many lines."""
    above = [f"    line_{number} = compute({number})\n" for number in range(400)]
    starts = [
        take([*above, *["    typed = 1\n"] * more, ""], Position(400 + more, 0), URI)
        .parts[0]
        .range.start.line
        for more in range(60)
    ]
    assert starts == sorted(starts)
    assert len(set(starts)) <= 1 + 60 // 12


def test_a_cut_never_tears_what_is_read_as_one_character() -> None:
    flag, family, accent = "🇨🇭", "👩\u200d👩\u200d👧", "e\u0301"
    for whole in (flag, family, accent, "👍🏽"):
        line = whole * 20
        for budget in range(1, 12):
            window = check(f"{line}║{line}", WindowLimits(prefix=budget, suffix=budget))
            assert line.endswith(window.prefix)
            assert len(window.prefix) % len(whole) == 0
            assert len(window.suffix) % len(whole) == 0


def test_a_window_costs_the_same_in_a_large_document() -> None:
    """Of a document of a million lines only those are read that are sent, or nearly so."""
    read: set[int] = set()

    class Lines(Sequence[str]):
        def __len__(self) -> int:
            return 1_000_000

        @overload
        def __getitem__(self, index: int) -> str: ...
        @overload
        def __getitem__(self, index: slice) -> Sequence[str]: ...
        def __getitem__(self, index: int | slice) -> str | Sequence[str]:
            rows = range(1_000_000)[index]
            if isinstance(rows, int):
                read.add(rows)
                return f"    line {rows}\n"
            read.update(rows)
            return [f"    line {row}\n" for row in rows]

    window = take(Lines(), Position(500_000, 3), URI)
    assert len(read) < 600
    assert sum(cut.lines for cut in window.cuts) > 999_000


def _offset(document: list[str], at: Position) -> int:
    return sum(len(line) for line in document[: at.line]) + at.character
