"""Nothing the rules find leaves, everything comes back, and the rest of the text is untouched."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight_client.adapters.re2_matcher import RuleMatcher
from sidelight_client.domain.content.catalogue import CATALOGUE
from sidelight_client.domain.content.named_patterns import NAMED_PATTERNS
from sidelight_client.domain.content.redaction import Find, Redacted, Restorer, redact
from sidelight_client.domain.content.rule import Rule, RuleSource
from sidelight_client.domain.policy.organisation import ContentRule

SALT = b"a salt of this process"


def rule(id_: str, pattern: str, kind: str = "re2") -> Rule:
    return Rule(ContentRule(id_, id_, kind, pattern), RuleSource.LISTED)


def finder(*rules: Rule) -> Find:
    # Python collects its garbage in whatever runs; among 10,000 examples that takes half a second.
    matcher = RuleMatcher(rules, budget_s=30.0)
    assert not matcher.problems

    def find(text: str) -> list[tuple[int, int]] | None:
        found = matcher.find([text], 1)
        return [(c.start, c.end) for c in found.candidates] if found.complete else None

    return find


STRICT = finder(
    *CATALOGUE,
    *(rule(name, NAMED_PATTERNS[name]) for name in ("us_ssn", "visa", "email", "us_phone", "ipv4")),
    rule("word", "nightingale", "keyword"),
)


def redacted(*texts: str, find: Find = STRICT, avoid: str = "") -> Redacted:
    result = redact(texts, find, SALT, avoid)
    assert result is not None
    return result


def test_a_number_becomes_one_of_the_same_length_and_shape() -> None:
    (sent,) = redacted("ssn = '219-45-1234'  # hers").texts
    assert "219-45-1234" not in sent
    assert sent.startswith("ssn = '")
    assert sent.endswith("'  # hers")
    value = sent[7:-9]
    assert [c if not c.isalnum() else "x" for c in value] == list("xxx-xx-xxxx")


def test_where_only_check_digits_are_objected_to_digits_stay_digits() -> None:
    find = finder(rule("exact", "219-45-1234", "keyword"))
    (sent,) = redacted("219-45-1234", find=find).texts
    assert sent.replace("-", "").isdigit()


def test_equal_values_have_equal_placeholders_and_requests_of_one_process_agree() -> None:
    first, second = redacted("219-45-1234", "again 219-45-1234").texts
    assert second == f"again {first}"
    assert redacted("x 219-45-1234").texts[0] == f"x {first}"
    assert redact(["219-45-1234"], STRICT, b"another", "") != redacted("219-45-1234")


def test_a_value_the_cursor_stands_in_does_not_leave_in_two_halves() -> None:
    before, after = redacted("ssn = '219-45-", "1234'").texts
    assert "219" not in before
    assert "1234" not in after


def test_a_placeholder_is_none_that_the_rest_of_the_file_holds() -> None:
    (taken,) = redacted("219-45-1234").texts
    result = redacted("219-45-1234", avoid=f"elsewhere: {taken}")
    assert result.texts[0] != taken
    assert result.restore(result.texts[0]) == "219-45-1234"


def test_the_originals_are_not_in_the_repr() -> None:
    assert "219-45-1234" not in repr(redacted("ssn 219-45-1234"))


def test_what_objects_to_everything_cannot_be_redacted() -> None:
    assert redact(["anything at all"], finder(rule("all", ".")), SALT) is None
    assert redact(["219-45-1234 " * 5], lambda _: None, SALT) is None


def test_too_many_values_are_refused_and_not_sent_in_part() -> None:
    many = " ".join(f"219-45-{i:04}" for i in range(1, 300))
    assert redact([many], finder(rule("us_ssn", NAMED_PATTERNS["us_ssn"])), SALT) is None


def test_a_long_run_of_values_with_nothing_between_them_is_redacted_all_the_same() -> None:
    mails = "ada@lovelace.org" * 3
    before = "219-45-123410.0.0.110.0.0.1ada@lovelace.org219-45-1234"
    result = redacted(before, mails + "10.0.0.110.0.0.1")
    assert STRICT("".join(result.texts)) == []
    assert "lovelace" not in "".join(result.texts)


def test_a_placeholder_split_over_chunks_comes_back_whole() -> None:
    result = redacted("ssn = '219-45-1234'")
    (placeholder,) = result.originals
    restorer = Restorer(result.originals)
    assert restorer.feed(f"x = '{placeholder[:4]}") == "x = '"
    assert restorer.feed(placeholder[4:9]) == ""
    assert restorer.feed(placeholder[9:] + "'") == "219-45-1234'"
    assert restorer.feed(placeholder[:5]) == ""
    assert restorer.end() == placeholder[:5]


def test_text_is_not_held_back_longer_than_it_could_be_a_placeholder() -> None:
    restorer = Restorer({"abcdefgh": "secret"})
    assert restorer.feed("abcdefgX") == "abcdefgX"
    assert restorer.feed("ab") == ""
    assert restorer.feed("cX") == "abcX"
    assert Restorer({}).feed("anything") == "anything"


PIECES = st.lists(
    st.sampled_from(
        [
            "219-45-1234",
            "4539578763621486",
            "4539 5787 6362 1486",
            "ada@lovelace.org",
            "10.0.0.1",
            "Nightingale",
            "+44 20 7946 0958",
            "phone",
            "AKIAQ2W3E4R5T6Y7U2I3",
            "1",
            "-",
            "@",
            ".",
            " ",
            "\n",
            "é",
            "🙂",
            "x",
            "'",
        ]
    ),
    max_size=10,
).map("".join)


@pytest.mark.slow
@pytest.mark.timeout(300)
@given(PIECES, PIECES)
@settings(max_examples=10_000, deadline=None)
def test_nothing_found_leaves_everything_comes_back_and_the_rest_is_untouched(
    before: str, after: str
) -> None:
    result = redact([before, after], STRICT, SALT)
    assert result is not None
    for text in (*result.texts, "".join(result.texts)):
        assert STRICT(text) == []
    assert [result.restore(text) for text in result.texts] == [before, after]
    assert result.restore("".join(result.texts)) == before + after
    for placeholder in result.originals:
        assert placeholder not in before + after
    for sent, text in zip(result.texts, (before, after), strict=True):
        blank = sent
        for placeholder, original in result.originals.items():
            blank = blank.replace(placeholder, "\0" * len(original))
        assert len(blank) == len(text)
        assert all(c in ("\0", t) for c, t in zip(blank, text, strict=True))


@given(PIECES, st.lists(st.integers(1, 7), max_size=30), st.text("abc1-'\n", max_size=20))
@settings(max_examples=1_000, deadline=None)
def test_a_stream_cut_anywhere_is_restored_as_the_whole(
    text: str, sizes: list[int], noise: str
) -> None:
    result = redact([text], STRICT, SALT)
    assert result is not None
    answer = noise + result.texts[0] + noise[::-1]
    restorer = Restorer(result.originals)
    out, at = "", 0
    for size in sizes:
        out += restorer.feed(answer[at : at + size])
        at += size
    out += restorer.feed(answer[at:]) + restorer.end()
    assert out == result.restore(answer)
    assert text in out
