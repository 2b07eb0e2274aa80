"""Which rules are in force: the organisation's, else the gateway's own list, else a guess."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from ..policy.organisation import ContentRule
from .catalogue import CATALOGUE
from .rule import Rule, RuleProblem, RuleSource, UnknownValidator


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """The rules in force and what is wrong with them, before any is compiled."""

    source: RuleSource
    rules: tuple[Rule, ...]
    problems: tuple[RuleProblem, ...] = ()


def choose(
    stated: Sequence[ContentRule], listed: RuleChoice | None, validators: Container[str]
) -> RuleChoice:
    """The rules to preview with.

    Args:
        stated: the content rules of the organisation's policy document.
        listed: what the gateway lists by itself.
        validators: the names of the validators there are.
    """
    if stated:
        problems = tuple(
            UnknownValidator(rule.id, rule.validator)
            for rule in stated
            if rule.validator not in ("", "none") and rule.validator not in validators
        )
        rules = tuple(Rule(rule, RuleSource.POLICY) for rule in stated)
        return RuleChoice(RuleSource.POLICY, rules, problems)
    if listed is not None and (listed.rules or listed.problems):
        return listed
    return RuleChoice(RuleSource.GUESS, CATALOGUE)
