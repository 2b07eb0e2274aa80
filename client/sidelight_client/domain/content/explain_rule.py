"""What is wrong with a rule, as a sentence."""

from __future__ import annotations

from typing import assert_never

from ..words.catalogue import Message, say
from .rule import (
    MatchesNothing,
    NotLinear,
    Refused,
    RuleProblem,
    TooLarge,
    TooLong,
    TooMany,
    UnknownKind,
    UnknownPattern,
    UnknownValidator,
)


def explain_rule(problem: RuleProblem) -> Message:
    """The sentence for whoever wrote the rule. It repeats the rule's name, never its pattern."""
    match problem:
        case Refused(rule, said):
            return say("rule.refused", {"rule": rule, "problem": said})
        case NotLinear(rule, construct):
            return say("rule.not_linear", {"rule": rule, "problem": construct})
        case MatchesNothing(rule):
            return say("rule.matches_nothing", {"rule": rule})
        case TooLong(rule, limit):
            return say("rule.too_long", {"rule": rule, "limit": limit})
        case TooMany(rule, left_out):
            return say("rule.too_many", {"rule": rule, "left_out": left_out})
        case TooLarge(rule):
            return say("rule.too_large", {"rule": rule})
        case UnknownKind(rule, kind):
            return say("rule.unknown_kind", {"rule": rule, "problem": kind})
        case UnknownValidator(rule, validator):
            return say("rule.unknown_validator", {"rule": rule, "problem": validator})
        case UnknownPattern(rule):
            return say("rule.unknown_pattern", {"rule": rule})
        case _:
            assert_never(problem)
