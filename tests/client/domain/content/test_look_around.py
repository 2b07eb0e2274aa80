"""Look-around is split off; what is left finds what the original engine finds, in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight_client.adapters.re2_matcher import RuleMatcher
from sidelight_client.domain.content.look_around import Split, Unsplittable, split
from sidelight_client.domain.content.named_patterns import NAMED_PATTERNS
from sidelight_client.domain.content.rule import NotLinear, Rule, RuleSource
from sidelight_client.domain.policy.organisation import ContentRule


def matcher(pattern: str) -> RuleMatcher:
    return RuleMatcher([Rule(ContentRule("r", "R", "re2", pattern), RuleSource.POLICY)])


def found(pattern: str, text: str) -> list[tuple[str, bool]]:
    made = matcher(pattern)
    assert made.problems == ()
    return [(text[c.start : c.end], c.exact) for c in made.find([text], 1).candidates]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (
            NAMED_PATTERNS["us_ssn_no_dash"],
            "219451234 000451234 219001234 912451234",
            ["219451234"],
        ),
        (r"(?<!\d)\d{4}(?!\d)", "1234 12345 6789", ["1234", "6789"]),
        (r"(?<=key=)\w{4}", "key=abcd kei=abcd", ["abcd"]),
        (r"(?i)(?<!my)secret(?=\s*=)", "SECRET = x; MYSECRET = y; secret", ["SECRET"]),
        (r"[(?!]x", "(x ?x !x ax", ["(x", "?x", "!x"]),
        (r"\(?=x", "(=x =x", ["(=x", "=x"]),
    ],
)
def test_a_split_pattern_finds_what_the_original_finds(
    pattern: str, text: str, expected: list[str]
) -> None:
    assert [match.group() for match in re.finditer(pattern, text)] == expected
    assert found(pattern, text) == [(value, True) for value in expected]


def test_a_check_that_a_quantifier_could_have_dodged_is_not_taken_for_a_no() -> None:
    # The original matches "1" in "12px": the quantifier gives one digit back.
    pattern = r"\d+(?!px)"
    assert re.findall(pattern, "12px") == ["1"]
    assert found(pattern, "12px") == [("12", False)]
    assert found(pattern, "12em") == [("12", True)]
    assert found(r"x|a(?!b)[a-z]", "ab ac") == [("ab", False), ("ac", True)]


@pytest.mark.parametrize("pattern", [r"(?>a+)b", r"a++b", r"a*+b", r"\d{2,4}+b"])
def test_what_never_gives_back_is_widened_and_therefore_never_certain(pattern: str) -> None:
    assert isinstance(split(pattern), Split)
    text = "aab 1234b"
    assert found(pattern, text)
    assert all(not exact for _, exact in found(pattern, text))


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        (r"(a)\1", "back-reference"),
        (r"(?P<q>['\"]).*(?P=q)", "back-reference"),
        (r"(?(1)a|b)", "conditional"),
        (r"(?!a(?=b))c", "nested look-around"),
        (r"(?!a", "("),
        ("(?!a)" * 17 + "b", "too many look-arounds"),
    ],
)
def test_what_cannot_be_split_is_said_and_never_run(pattern: str, construct: str) -> None:
    assert split(pattern) == Unsplittable(construct)
    assert matcher(pattern).problems == (NotLinear("r", construct),)
    assert matcher(pattern).rules == ()


def test_what_needs_no_splitting_is_left_alone() -> None:
    assert split(r"\b\d{3}-(?:a|b)") == Unsplittable("")


FIXED = st.lists(
    st.sampled_from(["a", "b", r"\d", "[ab1]", "(?!a)", "(?=b)", "(?<!a)", "(?<=1)", r"\b", "(a)"]),
    min_size=1,
    max_size=6,
).map("".join)


@given(FIXED, st.text("ab1 ", max_size=12))
@settings(max_examples=500, deadline=None)
def test_patterns_of_fixed_width_agree_with_the_original_engine(pattern: str, text: str) -> None:
    made = matcher(pattern)
    if made.problems:
        assert re.search(pattern, "") is not None or re.sub(r"\(\?[^)]*\)|\\b", "", pattern) == ""
        return
    expected = [m.span() for m in re.finditer(pattern, text, re.ASCII) if m.group()]
    assert [(c.start, c.end) for c in made.find([text], 1).candidates] == expected


@given(st.text("(?=!<>)[]^\\\\+*{},|ab1k:P", max_size=30))
@settings(max_examples=1_000, deadline=None)
def test_any_text_is_a_rule_or_a_problem_and_never_an_error(pattern: str) -> None:
    made = matcher(pattern)
    assert len(made.rules) + len(made.problems) == 1
    made.find(["ab1 (a) [b]"], 1)
