"""The answer rules, with a ║ where the cursor is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.answers.answer import offered
from sidelight_client.domain.answers.brackets import balance
from sidelight_client.domain.answers.surroundings import Around
from sidelight_lsp.completing.answers import Selected, answer


def after_accepting(marked: str, text: str, selected: Selected | None = None) -> str | None:
    """The line as it is once the answer is accepted; None when nothing is offered."""
    before, after = marked.split("║")
    line, cursor = before + after, len(before)
    offered = answer(line, cursor, text, selected=selected)
    if offered is None:
        return None
    assert offered.start <= cursor <= offered.end
    assert offered.text.startswith(line[offered.start : cursor])
    return line[: offered.start] + offered.text + line[offered.end :]


@pytest.mark.parametrize(
    ("marked", "text", "accepted"),
    [
        # Nothing behind the cursor: the text is inserted as it is.
        ("x = ║", "compute(1)", "x = compute(1)"),
        ("def f(║", "n):\n    return n", "def f(n):\n    return n"),
        ("x = ║   ", "1\ny = 2", "x = 1\ny = 2   "),
        # Closers the editor put there, which the text brings itself.
        ("def fib(n║)", "):\n    return n", "def fib(n):\n    return n"),
        ("return fib(n - 1) + fib(n║)", " - 2)", "return fib(n - 1) + fib(n - 2)"),
        ("print(fib(║))", "n))", "print(fib(n))"),
        ("print(fib(║))", "n)", "print(fib(n))"),
        ("print(fib(║))", "n", "print(fib(n))"),
        ('print("║")', 'hello")', 'print("hello")'),
        ('print("║")', "hello", 'print("hello")'),
        ('print("║")', 'say \\"hi\\"")', 'print("say \\"hi\\"")'),
        ("x = {║}", "'a': [1]}", "x = {'a': [1]}"),
        ("if f(║):", "x):\n    pass", "if f(x):\n    pass"),
        ("if f(║) :", "x):", "if f(x):"),
        ("call(║);", "a);", "call(a);"),
        # Closers the text does not bring are never lost.
        ("bar(║)", "foo(a)", "bar(foo(a))"),
        ("bar(║)", "foo(')')", "bar(foo(')'))"),
        ("bar(║)", "[a)", "bar([a))"),
        ("if x║:", " > 3", "if x > 3:"),
        # What stands behind the answer is not repeated.
        ("if x║:", " > 3:", "if x > 3:"),
        ("total = ║ + rest", "first + rest", "total = first + rest"),
        # Text stays behind the answer: it remains one line.
        ("f(║, b)", "a\nmore", "f(a, b)"),
        ("if f(║):", "x)\n    return x", "if f(x):"),
        # Nothing to offer.
        ("x = ║", "", None),
        ("f(║)", ")", None),
        ("f(║, b)", "\nmore", None),
        ("x = 1║;", ";", None),
    ],
)
def test_an_accepted_answer_reads(marked: str, text: str, accepted: str | None) -> None:
    assert after_accepting(marked, text) == accepted


def test_an_answer_continues_what_is_selected_in_the_menu() -> None:
    selected = Selected(0, 3, "print")
    assert after_accepting("pri║", "nt(x)", selected) == "print(x)"
    assert after_accepting("pri║", "vate", selected) is None
    assert after_accepting("pri║", "nt(x)", Selected(4, 3, "print")) is None


def test_a_selection_that_reaches_behind_the_answer_is_not_continued() -> None:
    assert after_accepting("pri║nt", "x", Selected(0, 5, "print")) is None


def test_an_answer_is_cut_to_the_longest_allowed() -> None:
    offered = answer("", 0, "a\nb\nc\nd", max_lines=2)
    assert offered is not None
    assert offered.text == "a\nb"


@given(
    before=st.text(alphabet="ab()[]{}\"':;, \\", max_size=12),
    after=st.text(alphabet="ab()[]{}\"':;, \\", max_size=8),
    text=st.text(alphabet="ab()[]{}\"':;, \\\n", max_size=16),
)
def test_what_was_typed_is_never_lost(before: str, after: str, text: str) -> None:
    """Everything before the cursor stays, and all behind it still follows in the same order."""
    accepted = after_accepting(f"{before}║{after}", text)
    if accepted is None:
        return
    assert accepted.startswith(before)
    rest = iter(accepted[len(before) :])
    assert all(character in rest for character in after if character not in " \t")


@given(
    before=st.text(alphabet="ab()[]{}\n =", max_size=24),
    after=st.text(alphabet="ab()[]{}\n =", max_size=16),
    text=st.text(alphabet="ab()[]{}\n =", max_size=24),
)
def test_an_accepted_answer_leaves_no_more_stray_brackets_than_there_were(
    before: str, after: str, text: str
) -> None:
    shown = offered(text, Around(before, after), 20).text
    above, _, head = before.rpartition("\n")
    tail, _, below = after.partition("\n")
    found = answer(head + tail, len(head), shown) if shown else None
    if found is None:
        return
    line = (head + tail)[: found.start] + found.text + (head + tail)[found.end :]
    assert strays(f"{above}\n{line}\n{below}") <= strays(f"{above}\n{head}{tail}\n{below}")


def strays(text: str) -> int:
    return len(balance(text).closing)
