"""A line is told which suggestion it came with as long as all of that stands, and by hashes alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.usage_file import read_taken
from sidelight_client.adapters.usage_ledger import UsageLedger
from sidelight_client.cli.explain import Answer, as_json, as_text
from sidelight_client.domain.explaining.line_origin import Taken, line_origin
from sidelight_client.domain.provenance import Way, look_again, provenance
from sidelight_client.domain.words.catalogue import say

URI = "file:///work/app.py"
TRACE = "0af7651916cd43dd8448eb211c80319c"
FILE = [
    "import os\n",
    "\n",
    "def load(path):\n",
    "\n",
    "    return open(path)\n",
    "\n",
    "load(1)\n",
]
PUT_IN = FILE[2:5]


def taken(lines: list[str], trace_id: str = TRACE, at: float = 1.0, uri: str = URI) -> Taken:
    known = provenance(
        trace_id, at, Way.ACCEPTED, uri=uri, first_line=2, text="".join(lines), lines=lines
    )
    return Taken(trace_id, at, known.way, known.file, len(known.line_hashes), known.range_hash)


@pytest.mark.parametrize(
    ("row", "came"), [(1, False), (2, True), (3, False), (4, True), (6, False)]
)
def test_the_lines_of_a_suggestion_know_it_and_no_others_do(row: int, came: bool) -> None:
    kept = taken(PUT_IN)
    assert line_origin([kept], URI, FILE, row) == (kept if came else None)


def test_it_is_found_where_its_lines_were_moved_or_indented() -> None:
    kept = taken(PUT_IN)
    moved = ["x\n"] * 900 + [f"    {line}" for line in PUT_IN]
    assert line_origin([kept], URI, moved, 900) == kept


def test_lines_that_were_changed_in_another_file_or_are_not_there_have_no_origin() -> None:
    kept = taken(PUT_IN)
    changed = [*FILE[:4], "    return path.open()\n", *FILE[5:]]
    assert line_origin([kept], URI, changed, 2) is None
    assert line_origin([kept], "file:///work/other.py", FILE, 2) is None
    assert line_origin([kept], URI, FILE, 99) is None
    assert line_origin([kept], URI, FILE, -1) is None


def test_of_two_that_wrote_the_same_the_later_one_counts() -> None:
    early, late = taken(PUT_IN), taken(PUT_IN, "1" * 32, 2.0)
    assert line_origin([early, late], URI, FILE, 2) == late


@given(
    st.lists(st.sampled_from(["a\n", "b\n", "  a\n", "\n", "c"]), max_size=12),
    st.data(),
)
def test_whatever_stands_in_a_file_is_found_from_each_of_its_lines(
    lines: list[str], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    kept = taken(lines[start:end])
    for row in range(start, end):
        expected = kept if lines[row].strip() else None
        assert line_origin([kept], URI, lines, row) == expected


def test_the_command_says_it_from_what_the_ledger_keeps(tmp_path: Path) -> None:
    ledger = UsageLedger(tmp_path / "usage.db", clock=lambda: 1.0)
    known = provenance(
        *(TRACE, 1.0, Way.TYPED), uri=URI, first_line=2, text="".join(PUT_IN), lines=PUT_IN
    )
    ledger.note_provenance(look_again(known, FILE, saved=True))
    ledger.note_provenance(
        provenance("2" * 32, 2.0, Way.DISMISSED, uri=URI, first_line=2, text="", lines=())
    )
    ledger.close()
    (kept,) = read_taken(tmp_path / "usage.db")
    origin = line_origin([kept], URI, FILE, 4)
    window = say("explain.nothing_in_the_way")
    told = as_text(Answer(None, None, window, origin))[-1]
    assert "typed over" in told
    assert TRACE in told
    assert "2 of the 2 lines" in told
    said = as_json(Answer(None, None, window, origin))["origin"]
    assert (said["trace_id"], said["lines"], said["still_there"]) == (TRACE, 2, 2)
    assert as_json(Answer(None, None, window))["origin"] is None


def test_there_is_nothing_to_read_before_the_first_record(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_taken(tmp_path / "usage.db")
