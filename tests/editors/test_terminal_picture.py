"""The picture of a terminal: each word in its cell and colour, and nothing on a screen breaks it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from support.terminal_picture import CELL_WIDTH, MARGIN, Look, changed, svg

CSI = "\x1b["


def words(picture: str) -> list[tuple[str, float, str | None]]:
    """The words of a picture with their places and colours."""
    root = ET.fromstring(picture)
    found = [one for one in root.iter() if one.tag.endswith("}text")]
    return [(one.text or "", float(one.attrib["x"]), one.get("fill")) for one in found]


def test_each_word_stands_in_its_column_in_its_colour() -> None:
    told = words(svg(f"def {CSI}38;2;1;2;3mtotal{CSI}39m:\n    {CSI}38;5;196mx{CSI}0m", "A file"))
    assert [(text, round((x - MARGIN) / CELL_WIDTH)) for text, x, _ in told] == [
        ("def", 0),
        ("total", 4),
        (":", 9),
        ("x", 4),
    ]
    assert [colour for _, _, colour in told][1::2] == ["#010203", "#ff0000"]


def test_a_look_lasts_over_the_end_of_a_line_until_it_is_taken_back() -> None:
    ghost = f"{CSI}3;38;2;9;9;9mone\ntwo{CSI}0m three"
    assert [colour == "#090909" for _, _, colour in words(svg(ghost, "Ghost"))] == [
        True,
        True,
        False,
    ]


def test_colours_that_are_swapped_are_drawn_swapped() -> None:
    look = changed(changed(Look(), "31;44"), "7")
    assert look.colours == (changed(Look(), "34").front, changed(Look(), "31").front)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=30))
def test_whatever_stands_on_a_screen_makes_a_whole_picture(text: str) -> None:
    assert [word for word, _, _ in words(svg(text, text))] == re.findall(r"\S+", text)


@given(st.lists(st.integers(0, 110), max_size=8))
def test_no_code_of_a_terminal_is_too_strange(codes: list[int]) -> None:
    assert isinstance(changed(Look(), ";".join(map(str, codes))), Look)
