"""The shipped rules find what is real, at the exact characters, in linear time, or say they cannot."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight_client.adapters.re2_rules import RuleError, RuleSet
from sidelight_client.domain.policy.organisation import ContentRule
from sidelight_client.embedded.rules import (
    DEFAULT_RULES,
    EMAIL_RULE,
    VALIDATORS,
)

SHIPPED = RuleSet((*DEFAULT_RULES, EMAIL_RULE), VALIDATORS)


def found(text: str, rules: RuleSet = SHIPPED) -> list[tuple[str, str]]:
    scan = rules.scan(text)
    assert scan.complete
    return [(match.rule.id, text[match.start : match.end]) for match in scan.matches]


KEY = "A" * 36  # Not a token: only its shape.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("219-45-1234", [("us_ssn", "219-45-1234")]),
        ("x=219-45-1234;y=320-01-0001", [("us_ssn", "219-45-1234"), ("us_ssn", "320-01-0001")]),
        ("000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000", []),
        ("078-05-1120", []),
        ("1219-45-1234 219-45-12345", []),
        ("4242424242424242", [("payment_card", "4242424242424242")]),
        ("4242-4242-4242-4242", [("payment_card", "4242-4242-4242-4242")]),
        ("3782 822463 10005", [("payment_card", "3782 822463 10005")]),
        ("4242424242424243 1234567890123456", []),
        ("DE89370400440532013000", [("iban", "DE89370400440532013000")]),
        ("DE89 3704 0044 0532 0130 00 IS", [("iban", "DE89 3704 0044 0532 0130 00")]),
        ("BE68 5390 0754 7034 CODE", [("iban", "BE68 5390 0754 7034")]),
        ("GB82 WEST 1234 5698 7654 32", [("iban", "GB82 WEST 1234 5698 7654 32")]),
        ("DE88 3704 0044 0532 0130 00", []),
        ("AKIAIOSFODNN7EXAMPLE", [("aws_access_key", "AKIAIOSFODNN7EXAMPLE")]),
        ("ghp_" + KEY, [("github_token", "ghp_" + KEY)]),
        ("github_pat_" + KEY * 2, [("github_token", "github_pat_" + KEY * 2)]),
        ("xoxb-1234567890-abc", [("slack_token", "xoxb-1234567890-abc")]),
        ("sk_live_" + KEY, [("stripe_key", "sk_live_" + KEY)]),
        ("sk_test_" + KEY, []),
        ("-----BEGIN RSA PRIVATE KEY-----", [("private_key", "-----BEGIN RSA PRIVATE KEY-----")]),
        ("-----BEGIN PUBLIC KEY-----", []),
        (
            f"eyJ{KEY}.eyJ{KEY}.{KEY}",
            [("json_web_token", f"eyJ{KEY}.eyJ{KEY}.{KEY}")],
        ),
        ("ada@example.com", [("email", "ada@example.com")]),
    ],
)
@pytest.mark.parametrize("before", ["", "é🙂 ", "\ud83d "])
def test_real_ones_are_found_exactly_and_others_are_not(text, expected, before):
    assert found(before + text) == expected


def test_a_keyword_rule_takes_its_text_literally_whatever_its_case():
    rules = RuleSet([ContentRule("k", "K", "keyword", "Project (X)")], {})
    assert found("about project (x)!", rules) == [("k", "project (x)")]
    assert found("about project X", rules) == []


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (ContentRule("r", "R", "re2", r"(?<=a)b"), "RE2 refuses"),
        (ContentRule("r", "R", "re2", r"(a)\1"), "RE2 refuses"),
        (ContentRule("r", "R", "re2", r"(a"), "RE2 refuses"),
        (ContentRule("r", "R", "re2", r"a*"), "the empty text"),
        (ContentRule("r", "R", "keyword", ""), "the empty text"),
        (ContentRule("r", "R", "re2", r"a\C"), "half a character"),
        (ContentRule("r", "R", "re2", "a" * 5_000), "longer than"),
        (ContentRule("r", "R", "re2", "a", validator="oracle"), "no validator called oracle"),
        (ContentRule("r", "R", "perl", "a"), "not a kind"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_in_words(rule, reason):
    with pytest.raises(RuleError, match="the content rule r cannot be used") as raised:
        RuleSet([rule], {})
    assert reason in raised.value.reason


def test_too_many_rules_are_refused():
    with pytest.raises(RuleError, match="more than 500"):
        RuleSet([ContentRule(f"r{i}", "R", "re2", f"x{i}y") for i in range(501)], {})


def test_a_cap_that_is_hit_is_never_clean():
    assert not RuleSet(DEFAULT_RULES, VALIDATORS, max_bytes=10).scan("x" * 11).complete
    few = RuleSet(DEFAULT_RULES, VALIDATORS, max_matches=2).scan("219-45-1234 " * 5)
    assert (len(few.matches), few.complete) == (2, False)
    ticks = iter(range(1_000))
    slow = RuleSet(DEFAULT_RULES, VALIDATORS, budget_s=3, computed_s=lambda: float(next(ticks)))
    assert not slow.scan("219-45-1234 " * 5).complete


def test_no_rules_and_no_text_are_clean():
    assert RuleSet([], {}).scan("anything").complete
    assert SHIPPED.scan("").complete


def test_text_made_to_hurt_other_engines_is_read_in_one_pass():
    for hostile in ("a." * 100_000, "a@" * 100_000, "4" * 200_000, "eyJ" * 60_000, "A1" * 90_000):
        assert SHIPPED.scan(hostile).complete


PIECES = st.lists(
    st.sampled_from(
        [
            "219-45-1234",
            "4242 4242 4242 4242",
            "1",
            "-",
            "é",
            "🙂",
            "\u0301",
            "\ud800",
            " ",
            "\n",
            "a",
            "DE89 3704 0044 0532 0130 00",
            "x",
            "ada@example.com",
        ]
    ),
    max_size=40,
).map("".join)


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_offsets_agree_with_a_plain_search_over_the_text(text):
    naive = []
    for rule in SHIPPED.rules:
        check = VALIDATORS.get(rule.validator, len)
        for match in re.finditer(rule.pattern, text, re.ASCII):
            end = match.start() + check(match.group())
            if end > match.start():
                naive.append((match.start(), end, rule.id))
    scan = SHIPPED.scan(text)
    assert sorted((m.start, m.end, m.rule.id) for m in scan.matches) == sorted(naive)
