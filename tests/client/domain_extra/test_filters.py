"""What models get wrong and what is shown of it, with a ║ where the cursor is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.answers.answer import Offer, offered, showable
from sidelight_client.domain.answers.brackets import balance
from sidelight_client.domain.answers.filters import FilterReason
from sidelight_client.domain.answers.surroundings import Around, around_of
from sidelight_client.domain.place import Position
from sidelight_client.domain.window import WindowLimits, take

CODE = "ab()[]{}\n :,=1#"


def check(
    marked: str, text: str, language: str = "python", *, lines: int = 8, open_ended: bool = False
) -> Offer:
    """What is offered of `text` at the `║` in `marked`."""
    before, after = marked.split("║")
    return offered(text, Around(before, after, language, open_ended), lines)


@pytest.mark.parametrize(
    ("marked", "text", "shown"),
    [
        ("x = ║\n", "compute(1)", "compute(1)"),
        (
            "def f(n):\n    ║\n",
            "if n:\n        return 1\n    return 2",
            "if n:\n        return 1\n    return 2",
        ),
        ("a = [║]\n", "1, 2", "1, 2"),
        ("foo(║)\n", "a)", "a)"),
        ("foo(║)\n", "bar(a))", "bar(a))"),
        ("function f() {║}\n", "\n  return 1;\n}", "\n  return 1;\n}"),
        ("s = '║'\n", "it (is) here", "it (is) here"),
        ("# ║\n", "Here is what this does: it adds.", "Here is what this does: it adds."),
        ("print(║", '"1) one"', '"1) one"'),
        ("m = [\n    [0, 1],\n    ║\n]\n", "[0, 1],", "[0, 1],"),
        ("x.f(║)\n", "y => {\n  y();\n}", "y => {\n  y();\n}"),
    ],
)
def test_a_good_answer_is_shown_as_it_is(marked: str, text: str, shown: str) -> None:
    assert check(marked, text) == Offer(shown)


@pytest.mark.parametrize(
    ("marked", "text", "shown"),
    [
        ("x = ║", "```python\n1 + 2\n```", "1 + 2"),
        ("x = ║", "Here is the completion:\n\n```python\n1 + 2\n```\nThis adds.", "1 + 2"),
        ("x = ║", "Here's the code:", ""),
        ("x = ║", "Sure! The value is one.", ""),
        ("x = ║", "I'm sorry, but I cannot help with that.", ""),
        ("x = ║", "1\n\nThis code assigns one.", "1"),
        ("x = ║", "1\n```\nmore", "1"),
        ("x = ║", "1</before><after>", "1"),
        ("x = ║", "1<|fim_suffix|>2", "1"),
    ],
)
def test_prose_and_fences_of_chat_models_are_taken_off(marked: str, text: str, shown: str) -> None:
    assert check(marked, text) == Offer(shown, FilterReason.PROSE)


def test_where_prose_is_written_prose_is_offered() -> None:
    text = "Here is an example:\n\n```python\nx = 1\n```"
    assert check("# Usage\n║", text, "markdown") == Offer(text)


@pytest.mark.parametrize(
    ("marked", "text", "shown"),
    [
        ("    return ║", "return x + 1", "x + 1"),
        ("    return ║", "    return x + 1", "x + 1"),
        ("print(║)", "print(value)", "value)"),
        (
            "first = load(path)\nsecond = ║",
            "first = load(path)\nsecond = load(other)",
            "load(other)",
        ),
    ],
)
def test_an_echo_of_what_stands_before_is_taken_off(marked: str, text: str, shown: str) -> None:
    assert check(marked, text) == Offer(shown, FilterReason.ECHO)


@pytest.mark.parametrize(
    ("marked", "text", "shown"),
    [
        # The indentation is there already.
        ("def f():\n    ║", "    return 1", "return 1"),
        ("def f():\n    ║", "    a = 1\n    return a", "a = 1\n    return a"),
        # The indentation is there in part, and the rest of it is brought.
        ("class C:\n    def f():\n    ║", "    return 1", "    return 1"),
        ("class C:\n    def f():\n  ║", "      return 1", "      return 1"),
        ("class C:\n    def f():\n        x = 1\n     ║", "   y = 2", "   y = 2"),
        # It is there in part, and all of it is brought.
        ("class C:\n    def f():\n    ║", "        return 1", "    return 1"),
        # As if the place were at the margin.
        (
            "class C:\n    def f(self):\n        ║",
            "if x:\n    y()\nz()",
            "if x:\n            y()\n        z()",
        ),
        ("    if x║", ":\n    y()", ":\n        y()"),
        # The file is indented with tabs.
        ("func f() {\n\tx()\n\t║\n}", "if y {\n        z()\n    }", "if y {\n\t\tz()\n\t}"),
        # A block that ends is no mistake.
        ("def f():\n    ║\n", "return 1\n\ndef g():\n    pass", "return 1\n\ndef g():\n    pass"),
    ],
)
def test_lines_are_indented_as_their_place_asks_for(marked: str, text: str, shown: str) -> None:
    assert check(marked, text).text == shown


@pytest.mark.parametrize(
    ("marked", "text", "shown"),
    [
        ("x = 1\n║\nreturn total\n", "y = 2\nreturn total", "y = 2"),
        ("x = 1\n║\n\nreturn total\nend\n", "y = 2\n\nreturn total\nend", "y = 2"),
        ("x = ║\nx = compute(1)\n", "compute(1)", "compute(1)"),
        ("║\nreturn total\n", "return total", ""),
        ("load(one)\nsave(one)\n║\n", "load(one)\nsave(one)", ""),
    ],
)
def test_the_lines_that_follow_anyway_are_not_offered(marked: str, text: str, shown: str) -> None:
    offer = check(marked, text)
    if shown == "compute(1)":
        assert offer.text == "", "the whole line follows"
    else:
        assert offer.text == shown
    assert offer.reason in (FilterReason.DUPLICATE, FilterReason.ECHO)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("go()\ngo()\ngo()\ngo()", "go()"),
        ("a()\nb()\n" * 3, "a()\nb()"),
        ("x = 'abababababababababababababababababababababababab", "x = 'ab"),
    ],
)
def test_a_loop_is_shown_once(text: str, shown: str) -> None:
    assert check("║\n", text) == Offer(shown, FilterReason.REPEATED)


@pytest.mark.parametrize(
    ("marked", "text", "shown"),
    [
        ("f(║, b)\n", "a), c", "a"),
        ("f(║)\n", "a))", "a)"),
        ("if (x) {\n  ║\n}\n", "y();\n}", "y();"),
        ("x = ║\n", "1)", "1"),
        ("x = [║\n", "1)", "1"),
        ("║\n", ")", ""),
    ],
)
def test_a_bracket_that_closes_nothing_ends_the_answer(marked: str, text: str, shown: str) -> None:
    assert check(marked, text) == Offer(shown, FilterReason.UNBALANCED)


def test_a_block_that_was_opened_out_of_sight_may_be_closed() -> None:
    marked, text = "    y();\n    ║\n", "z();\n}\n}"
    assert check(marked, text).text == "z();"
    assert check(marked, text, open_ended=True).text == "z();\n}\n}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# Your code here", ""),
        ("# TODO: implement", ""),
        ("x = 1\n# ... rest of the function", "x = 1"),
        ("// ... existing code ...", ""),
    ],
)
def test_a_comment_in_place_of_code_is_not_offered(text: str, shown: str) -> None:
    assert check("def f():\n    ║\n", text) == Offer(shown, FilterReason.COMMENT)


def test_a_comment_that_says_something_is_offered() -> None:
    assert check("║\n", "# The cache is dropped on sign-out.").text
    assert check("# TODO: ║\n", "implement this for IPv6").text


def test_trailing_blanks_go_but_in_markdown() -> None:
    assert check("x = ║\n", "1  \ny = 2 \n").text == "1\ny = 2"
    assert check("║", "one  \ntwo", "markdown").text == "one  \ntwo"


@pytest.mark.parametrize("text", ["", "\n \n", "\t"])
def test_an_empty_answer_says_that_it_is(text: str) -> None:
    assert check("x = ║", text) == Offer("", FilterReason.EMPTY)


def test_the_first_line_is_shown_as_soon_as_it_is_complete() -> None:
    around = Around("x = ", "", "python")
    assert showable("compute", around, 4) == ""
    assert showable("compute(1)\ny =", around, 4) == "compute(1)"
    assert showable("Here is the code:\n", around, 4) == ""


@pytest.mark.parametrize(("limits", "open_ended"), [((9_000, 9_000), False), ((20, 20), True)])
def test_a_window_tells_whether_the_file_goes_on_around_it(
    limits: tuple[int, int], open_ended: bool
) -> None:
    lines = [f"line {number}\r\n" for number in range(20)] + [""]
    window = take(lines, Position(10, 4), "file:///a.py", WindowLimits(*limits))
    around = around_of(window, "python")
    assert around.open_ended is open_ended
    assert "\r" not in around.before + around.after
    assert around.line == "line"


@given(
    before=st.text(CODE, max_size=40),
    after=st.text(CODE, max_size=30),
    text=st.text(CODE, max_size=40),
    open_ended=st.booleans(),
)
def test_every_answer_ends_as_a_text_or_with_a_reason(
    before: str, after: str, text: str, open_ended: bool
) -> None:
    offer = offered(text, Around(before, after, "python", open_ended), 4)
    assert bool(offer.text.strip()) == bool(offer.text)
    assert offer.text or offer.reason is not None
    assert offer.text.count("\n") < 4
    assert not offer.text.endswith((" ", "\n", "\t"))


@given(
    before=st.text("ab()[]{}\n =", max_size=30),
    after=st.text("ab()[]{}\n =", max_size=20),
    text=st.text("ab()[]{}\n =", max_size=30),
)
def test_an_answer_in_a_known_file_closes_nothing_that_was_closed(
    before: str, after: str, text: str
) -> None:
    """A rest of the line that is all closers is left out: the answer's own may stand in for it."""
    line = after.partition("\n")[0]
    behind = after[len(line) :] if not line.strip(")]} ") else after
    shown = offered(text, Around(before, after), 20).text
    assert strays(before + shown + behind) <= strays(before + behind)


def strays(text: str) -> int:
    return len(balance(text).closing)


@given(
    before=st.text(CODE, max_size=20),
    after=st.text(CODE, max_size=20),
    text=st.text(CODE, max_size=40),
    at=st.integers(0, 40),
)
def test_what_was_shown_early_stays_at_the_beginning_or_all_of_it_goes(
    before: str, after: str, text: str, at: int
) -> None:
    around = Around(before, after, "python")
    early = showable(text[:at], around, 8).partition("\n")[0]
    final = offered(text, around, 8).text
    assert not final or final.startswith(early.rstrip())
