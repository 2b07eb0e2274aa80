"""Two answers a finding gets, apart from each other: would this gateway stop it, and is it real?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..policy.organisation import Action
from ..reading import mask
from .made_up import (
    HINTS,
    entropy,
    one_digit_over_and_over,
    placeholder,
    published,
    reserved_address,
)
from .marks import MARK_COMMENT, ContentPlace
from .rule import Candidate, Rule, RuleSource, Validators


class Answer(StrEnum):
    """Yes, no, or not to be known from here."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class RealReason(StrEnum):
    """What an answer to "is it real?" rests on; `content.<value>` is its sentence."""

    MARKED = "marked"
    PUBLISHED = "published"
    CHECK_FAILS = "check_fails"
    NEVER_ISSUED = "never_issued"
    RESERVED_DOMAIN = "reserved_domain"
    MADE_UP = "made_up"
    FIXTURE_PATH = "fixture_path"
    NEIGHBOURS = "neighbours"
    CHECK_PASSES = "check_passes"
    ISSUER_SHAPE = "issuer_shape"
    NO_CHECK = "no_check"


@dataclass(frozen=True, slots=True)
class Hit:
    """A judged place. Rows and columns are relative, in code points; it never holds the text."""

    rule: Rule
    row: int
    start: int
    end_row: int
    end: int
    would_block: Answer
    real: Answer
    why: RealReason
    masked: str


_KINDS = {
    **dict.fromkeys(("us_ssn", "us_ssn_no_dash"), "us_ssn"),
    **dict.fromkeys(
        ("visa", "mastercard", "amex", "discover", "credit_card", "payment_card"), "luhn"
    ),
    "iban": "iban",
}
"""What well-known rule names look for, where the rule names no validator."""

_CARD_DIGITS = range(13, 20)
_NEIGHBOURHOOD = 200
"""Code points of its line on each side that are looked at beside a value."""


def judge(
    candidate: Candidate,
    rows: Sequence[str],
    above: str,
    place: ContentPlace,
    validators: Validators,
    *,
    keep_made_up: bool = False,
) -> Hit | None:
    """What is to be said about a candidate, or None when it is no finding.

    What a rule asks for beside its pattern (words nearby, entropy, its own validator) decides
    whether the rule applies; a guess that is known to be nobody's is no finding either. A rule
    the organisation or the gateway states is told even then: it would stop the request.

    Args:
        candidate: the place.
        rows: the rows the candidate counts from.
        above: the row before the first of `rows`.
        place: what is known of the file.
        validators: by name.
        keep_made_up: whether a guess that is known to be nobody's counts all the same.
    """
    rule = candidate.rule
    line = rows[candidate.row]
    start = candidate.start
    around = line[max(0, start - _NEIGHBOURHOOD) : start + _NEIGHBOURHOOD].lower()
    if rule.near and not any(word in around for word in rule.near):
        return None
    value = _text(rows, candidate)
    if rule.unless and any(word.replace("{}", value.lower()) in around for word in rule.unless):
        return None
    end_row, end = candidate.end_row, candidate.end
    valid: bool | None = None
    kind = kind_of(rule, value)
    check = validators.get(kind)
    if check is not None:
        kept = check(value)
        valid = kept > 0
        own = kind == rule.content.validator
        if own and not valid:
            # A guess is no finding then, and a stated rule does not apply.
            return None
        if own and kept < len(value) and candidate.row == candidate.end_row:
            end, value = start + kept, value[:kept]
    if rule.entropy_floor and entropy(value) < rule.entropy_floor:
        return None
    beside = rows[candidate.row - 1] if candidate.row else above
    marked = MARK_COMMENT in line or MARK_COMMENT in beside or place.marked(rule.id)
    real, why = (
        (Answer.NO, RealReason.MARKED)
        if marked
        else _real(rule, value, kind, valid=valid, around=around, place=place)
    )
    if rule.source is RuleSource.GUESS and real is Answer.NO and not keep_made_up:
        return None
    blocks = _would_block(candidate)
    return Hit(rule, candidate.row, start, end_row, end, blocks, real, why, mask(value))


def _would_block(candidate: Candidate) -> Answer:
    rule = candidate.rule
    if rule.source is RuleSource.GUESS or not candidate.exact:
        return Answer.UNKNOWN
    return Answer.YES if rule.content.action is Action.BLOCK else Answer.NO


def _real(
    rule: Rule, value: str, kind: str, *, valid: bool | None, around: str, place: ContentPlace
) -> tuple[Answer, RealReason]:
    """The first thing that speaks for or against the value; proof comes before hints."""
    if published(kind, value):
        return Answer.NO, RealReason.PUBLISHED
    if valid is False:
        return Answer.NO, RealReason.NEVER_ISSUED if kind == "us_ssn" else RealReason.CHECK_FAILS
    if rule.id == "email" and reserved_address(value):
        return Answer.NO, RealReason.RESERVED_DOMAIN
    if _made_up(rule, value, numeric=valid is not None):
        return Answer.NO, RealReason.MADE_UP
    if place.fixture:
        return Answer.UNKNOWN, RealReason.FIXTURE_PATH
    if any(hint in around for hint in HINTS):
        return Answer.UNKNOWN, RealReason.NEIGHBOURS
    if valid:
        return Answer.YES, RealReason.CHECK_PASSES
    return (
        (Answer.YES, RealReason.ISSUER_SHAPE)
        if rule.certain
        else (Answer.UNKNOWN, RealReason.NO_CHECK)
    )


def kind_of(rule: Rule, value: str) -> str:
    """The validator that can tell whether `value` is real; empty when none can."""
    if rule.content.validator not in ("", "none"):
        return rule.content.validator
    if rule.id in _KINDS:
        return _KINDS[rule.id]
    if rule.source is RuleSource.GUESS:
        return ""
    # An organisation may call its rule anything; the value's own shape says what it is.
    shape = "".join("0" if c.isdigit() else c for c in value)
    if shape == "000-00-0000":
        return "us_ssn"
    bare = shape.replace(" ", "").replace("-", "")
    return "luhn" if bare.strip("0") == "" and len(bare) in _CARD_DIGITS else ""


def _made_up(rule: Rule, value: str, *, numeric: bool) -> bool:
    if numeric:
        return one_digit_over_and_over(value)
    if rule.entropy_floor and not rule.certain:
        # Generated secrets have digits; the names of error codes and of headers do not.
        return placeholder(value) or not any(c.isdigit() for c in value)
    return rule.entropy_floor > 0 and ("EXAMPLE" in value or "xxxx" in value.lower())


def _text(rows: Sequence[str], candidate: Candidate) -> str:
    if candidate.row == candidate.end_row:
        return rows[candidate.row][candidate.start : candidate.end]
    between = "".join(rows[candidate.row + 1 : candidate.end_row])
    return (
        rows[candidate.row][candidate.start :] + between + rows[candidate.end_row][: candidate.end]
    )
