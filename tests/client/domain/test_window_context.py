"""Which pieces of other places are sent along, and that everything left out is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.place import Document, Position, Range
from sidelight_client.domain.window import (
    CutReason,
    PartKind,
    Why,
    WindowLimits,
    cuts_of,
    end_of,
    take,
)
from sidelight_client.domain.window.chunks import (
    Chunk,
    chunk_of,
    ranked,
    rows_around,
    without_repeats,
)
from sidelight_client.domain.window.context import (
    Neighbour,
    assemble,
    head_rows,
    kept_out,
    select,
    without_places,
)
from sidelight_client.domain.window.similarity import fingerprint, jaccard

HERE, THERE = "file:///w/a.py", "file:///w/b.py"
ORDERS = ["def orders(customer):\n", "    total = customer.balance\n", "    return total\n", "\n"]
MATRIX = ["def rotate(matrix, angle):\n", "    return matrix @ angle\n", "\n"]


def chunk(lines: list[str], uri: str = THERE, kind: PartKind = PartKind.TAB, row: int = 0) -> Chunk:
    one = chunk_of(["\n"] * row + lines, (row, row + len(lines)), uri, kind, Why.SIMILAR)
    assert one is not None
    return one


def test_what_shares_identifiers_resembles() -> None:
    here = fingerprint("invoice(customer, total)")
    assert jaccard(here, fingerprint("".join(ORDERS))) > jaccard(here, fingerprint("".join(MATRIX)))
    assert jaccard(here, here) == 1.0
    assert jaccard(here, frozenset()) == 0.0
    assert fingerprint("return None if True else self") == frozenset()


def test_a_piece_goes_from_one_edge_to_another() -> None:
    lines = (ORDERS * 3) + (MATRIX * 3)
    assert rows_around(lines, 5, most=4) == (4, 8)
    assert rows_around([], 5) == (0, 0)


def test_generated_text_is_no_example() -> None:
    assert chunk_of(["x" * 5_000 + "\n"], (0, 1), THERE, PartKind.TAB, Why.SIMILAR) is None
    assert chunk_of(["\n", "  \n"], (0, 2), THERE, PartKind.TAB, Why.SIMILAR) is None


def test_the_most_similar_text_comes_and_the_rest_stays() -> None:
    here = fingerprint("customer = find(total)")
    orders, matrix = chunk(ORDERS), chunk(MATRIX, row=9)
    assert ranked([matrix, orders], here) == [orders]
    assert select([matrix, orders], here, 1_000) == (orders,)


def test_nearly_the_same_text_is_sent_once() -> None:
    copy = chunk([*ORDERS, "\n"], "file:///w/copy.py")
    assert without_repeats([chunk(ORDERS), copy]) == [chunk(ORDERS)]


def test_what_was_sent_before_stays_in_its_place_unless_there_is_much_better() -> None:
    here = fingerprint("customer = find(total)")
    one = chunk(ORDERS)
    other = chunk(["customer.find(total)\n"], row=20)
    assert select([one, other], here, 1_000) == (other, one)
    assert select([one, other], here, 1_000, before=(one,)) == (one, other)


def test_pieces_never_take_more_than_their_budget() -> None:
    here = fingerprint("".join(ORDERS))
    edits = [chunk(ORDERS, f"file:///w/{n}.py", PartKind.EDIT, row=n) for n in range(9)]
    many = [*edits, *(chunk([*ORDERS, f"name_{n}\n"] * 3, row=9 * n) for n in range(9))]
    for budget in (0, 50, 300, 1_000):
        assert sum(len(one.text) for one in select(many, here, budget)) <= budget


def test_the_beginning_of_the_file_is_sent_when_the_window_begins_below_it() -> None:
    lines = ["import a\n", "import b\n", "\n", *ORDERS * 50]
    first, last = head_rows(lines, 100, 800)
    assert first == 0
    assert 3 <= last < 12
    assert head_rows(lines, 2, 800) == (0, 2)
    assert head_rows(lines, 0, 800) == (0, 0)


def test_nothing_of_another_repository_or_of_a_forbidden_place_is_sent() -> None:
    here = Document(HERE, "python", "example.com/a/b")
    assert kept_out(here, Document(THERE, "python", "example.com/a/b"), allowed=True) is None
    other = Document(THERE, "python", "example.com/a/c")
    assert kept_out(here, other, allowed=True) is CutReason.SCOPE
    assert kept_out(here, Document(THERE), allowed=True) is CutReason.SCOPE
    assert kept_out(here, here, allowed=False) is CutReason.POLICY


def test_outside_of_repositories_a_folder_stands_for_one() -> None:
    here = Document("file:///w/a.py")
    assert kept_out(here, Document("file:///w/b.py"), allowed=True) is None
    assert kept_out(here, Document("file:///secret/b.py"), allowed=True) is CutReason.SCOPE


def test_what_became_forbidden_becomes_a_cut() -> None:
    around = take(["x = 1\n", ""], Position(0, 4), HERE)
    window = assemble(around, HERE, ["x = 1\n", ""], [chunk(ORDERS)])
    clean = without_places(window, {THERE: CutReason.POLICY})
    assert [part.kind for part in clean.parts] == [PartKind.PREFIX, PartKind.SUFFIX]
    assert (clean.cuts[-1].uri, clean.cuts[-1].lines, clean.cuts[-1].why) == (
        THERE,
        4,
        CutReason.POLICY,
    )
    assert without_places(clean, {THERE: CutReason.POLICY}) is clean


@given(
    rows=st.integers(1, 300),
    row=st.integers(0, 300),
    spots=st.lists(st.integers(0, 300), max_size=5),
    context=st.integers(0, 2_000),
    forbidden=st.booleans(),
)
def test_the_ledger_accounts_for_every_line_of_every_document(
    rows: int, row: int, spots: list[int], context: int, forbidden: bool
) -> None:
    here = [f"value_{number} = compute({number % 7})\n" for number in range(rows)] + [""]
    there = [f"other_{number} = compute({number % 5})\n" for number in range(200)] + [""]
    limits = WindowLimits(900, 300, context)
    around = take(here, Position(row, 3), HERE, limits)
    taken = Range(around.parts[0].range.start, around.parts[-1].range.end)
    found = [
        chunk_of(here, head_rows(here, taken.start.line, context), HERE, PartKind.HEAD, Why.HEAD)
    ]
    for spot in spots:
        found.append(chunk_of(here, rows_around(here, spot), HERE, PartKind.EDIT, Why.EDITED))
        if not forbidden:
            found.append(
                chunk_of(there, rows_around(there, spot), THERE, PartKind.TAB, Why.SIMILAR)
            )
    usable = [one for one in found if one is not None and not one.overlaps(HERE, taken)]
    chosen = select(usable, fingerprint(around.prefix), context)
    reason = CutReason.POLICY if forbidden else None
    window = assemble(around, HERE, here, chosen, [Neighbour(THERE, end_of(there), reason)])
    for uri, lines in ((HERE, here), (THERE, there)):
        cut = [one for one in window.cuts if one.uri == uri]
        places = [part.range for part in window.parts if part.uri == uri]
        places += [one.range for one in cut if one.range is not None]
        reached = Position(0, 0)
        for place in sorted(places, key=lambda place: (place.start, place.end)):
            assert place.start == reached
            reached = place.end
        assert reached == end_of(lines)
        assert all(one.range is not None for one in cut)
        if uri == THERE and forbidden:
            assert [one.why for one in cut] == [CutReason.POLICY]
    kinds = [list(PartKind).index(part.kind) for part in window.parts]
    assert kinds == sorted(kinds)
    for part in window.parts:
        lines = here if part.uri == HERE else there
        assert "".join(lines[part.range.start.line : part.range.end.line + 1]).find(part.text) >= 0


def test_a_document_of_which_nothing_is_sent_is_one_cut() -> None:
    (cut,) = cuts_of(THERE, Position(7, 0), [], CutReason.AGE)
    assert (cut.lines, cut.range) == (7, Range(Position(0, 0), Position(7, 0)))
    assert cuts_of(THERE, Position(0, 0), [], CutReason.AGE) == ()
