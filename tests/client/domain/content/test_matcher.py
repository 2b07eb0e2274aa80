"""Rules are matched row by row in bounded time and memory; what is not done is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight_client.adapters.re2_matcher import RuleMatcher
from sidelight_client.adapters.re2_prepared import MAX_RULES
from sidelight_client.domain.content.catalogue import CATALOGUE
from sidelight_client.domain.content.explain_rule import explain_rule
from sidelight_client.domain.content.rule import (
    MatchesNothing,
    NotLinear,
    Refused,
    Rule,
    RuleSource,
    TooLong,
    TooMany,
    UnknownKind,
    UnknownPattern,
    UnknownValidator,
)
from sidelight_client.domain.policy.organisation import ContentRule


def rule(pattern: str, kind: str = "re2", id_: str = "r") -> Rule:
    return Rule(ContentRule(id_, "R", kind, pattern), RuleSource.POLICY)


def places(matcher: RuleMatcher, rows: list[str]) -> list[tuple[int, int, int, int]]:
    found = matcher.find(rows, len(rows))
    return [(c.row, c.start, c.end_row, c.end) for c in found.candidates]


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        (rule("("), Refused),
        (rule("a{1001}"), Refused),
        (rule("(?:a{1000}){1000}"), Refused),
        (rule("x" * 4_001), TooLong),
        (rule("a*"), MatchesNothing),
        (rule("", "keyword"), MatchesNothing),
        (rule("x", "perl"), UnknownKind),
        (rule(r"a\C"), NotLinear),
        (rule(r"(a)\1"), NotLinear),
    ],
)
def test_a_rule_that_cannot_be_used_is_named_and_the_others_work(
    stated: Rule, problem: type
) -> None:
    matcher = RuleMatcher([stated, rule("needle", id_="other")])
    (told,) = matcher.problems
    assert isinstance(told, problem)
    assert "r" in explain_rule(told).text
    assert (
        stated.content.pattern[:30] not in explain_rule(told).text
        or len(stated.content.pattern) < 3
    )
    assert places(matcher, ["a needle"]) == [(0, 2, 0, 8)]


def test_every_problem_has_its_sentence() -> None:
    for problem in (TooMany("r", 3), UnknownPattern("r"), UnknownValidator("r", "oracle")):
        assert explain_rule(problem).what


def test_ten_thousand_rules_are_cut_and_said_so() -> None:
    rules = [rule(rf"\bitem{i}-[A-Z]{{4,20}}-\d+\b", id_=f"r{i}") for i in range(10_000)]
    matcher = RuleMatcher(rules)
    assert matcher.problems == (TooMany(f"r{MAX_RULES}", 10_000 - MAX_RULES),)
    assert places(matcher, ["item7-ABCDE-1 item9999-ABCDE-1"]) == [(0, 0, 0, 13)]


def test_rules_too_large_for_one_set_are_spread_over_several() -> None:
    rules = [rule(rf"x{{1,50}}y{i}[a-z]{{200,900}}", id_=f"r{i}") for i in range(120)]
    matcher = RuleMatcher(rules)
    assert not matcher.problems
    text = "xxy7" + "abc" * 100
    found = matcher.find([text], 1)
    assert not found.complete or [c.rule.id for c in found.candidates] == ["r7"]


def test_a_rule_that_matches_everything_is_capped_and_others_are_still_found() -> None:
    matcher = RuleMatcher([rule("."), rule("needle", id_="other")], max_matches=50)
    found = matcher.find(["x" * 1_000 + "needle"], 1)
    assert not found.complete
    assert sum(c.rule.id == "r" for c in found.candidates) == 50
    assert any(c.rule.id == "other" for c in found.candidates)


def test_time_that_is_up_means_unknown() -> None:
    ticks = iter(range(1_000))
    matcher = RuleMatcher([rule("x")], budget_s=3, computed_s=lambda: float(next(ticks)))
    assert not matcher.find(["xxxxxxxx"], 1).complete
    assert not RuleMatcher([rule("x")], max_bytes=4).find(["xxxxxxxx"], 1).complete


def test_a_number_over_several_lines_is_found_where_it_begins() -> None:
    matcher = RuleMatcher([rule(r"\b4\d{3}(?:[\s-]?\d{4}){3}\b")])
    rows = ["x\n", "4242\n", "4242\r\n", "4242\n", "4242\n", "y\n"]
    assert matcher.reach == 3
    assert places(matcher, rows) == []  # CRLF is two characters: the separator is one.
    rows[2] = "4242\n"
    assert places(matcher, rows) == [(1, 0, 4, 4)]


def test_columns_are_code_points_whatever_stands_before() -> None:
    matcher = RuleMatcher([rule("needle")])
    rows = ["é🙂needle\n", "\ud83d needle", ""]
    assert places(matcher, rows) == [(0, 2, 0, 8), (1, 2, 1, 8)]


def test_no_rules_and_no_text_are_clean() -> None:
    assert RuleMatcher([]).find(["anything"], 1).complete
    assert RuleMatcher(CATALOGUE).find([], 0).complete


def test_every_rule_of_the_catalogue_compiles_and_stays_in_its_row() -> None:
    matcher = RuleMatcher(CATALOGUE)
    assert matcher.problems == ()
    assert matcher.reach == 0
    assert len({one.id for one in CATALOGUE}) == len(CATALOGUE)


CROSSING = RuleMatcher(
    [
        rule(r"\b4\d(?:[\s-]?\d\d){2}\b", id_="card"),
        rule(r"a[^x]*b", id_="ab"),
        rule("cd"),
        rule(r"(?<!4\n)2(?!\s4)", id_="alone"),
    ]
)
ROWS = st.lists(
    st.tuples(st.text("4 2ab-cdx", max_size=8), st.sampled_from(["\n", "\r\n"])).map("".join),
    min_size=1,
    max_size=8,
)


@given(ROWS, st.data())
@settings(max_examples=500, deadline=None)
def test_what_is_found_in_a_row_depends_on_it_and_the_few_that_follow_alone(rows, data) -> None:
    """The whole in one call equals each row by itself; incremental scanning rests on that."""
    whole = [
        (c.rule.id, c.row, c.start, c.end_row, c.end)
        for c in CROSSING.find(rows, len(rows)).candidates
    ]
    one_by_one = [
        (c.rule.id, c.row + i, c.start, c.end_row + i, c.end)
        for i in range(len(rows))
        for c in CROSSING.find(rows[i : i + 1 + CROSSING.reach], 1).candidates
    ]
    assert sorted(whole) == sorted(one_by_one)
