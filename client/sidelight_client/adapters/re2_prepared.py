"""Compiles content rules with RE2, and names those that cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..domain.content.look_around import Check, Unsplittable, split
from ..domain.content.rule import (
    MatchesNothing,
    NotLinear,
    Refused,
    Rule,
    RuleProblem,
    TooLarge,
    TooLong,
    TooMany,
    UnknownKind,
)
from .re2_rules import (
    MAX_PATTERN_CHARS,
    Pattern,
    PatternRefusedError,
    PatternSet,
    compiled,
    literal,
    pattern_set,
)

MAX_RULES = 2_000
_MAY_CROSS_ROWS = (
    *("\\s", "\\W", "\\D", "\\n", "\\r", "\\v", "\\f", "\\x", "\\p", "\\P", "\\0", "\\1", "\\Q"),
    *("[^", "[:", "\\t-", "\\a-"),
)
"""What a pattern must contain, or the flag `s`, to be able to match a line end."""
_DOT_MATCHES_ALL = re.compile(r"\(\?[a-zA-Z]*s")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A check of a split pattern, compiled."""

    check: Check
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Prepared:
    """A rule that can be matched."""

    rule: Rule
    source: str
    pattern: Pattern
    crosses: bool
    checks: tuple[Narrowing, ...] = ()
    exact: bool = True
    widened: bool = False


def all_prepared(rules: Sequence[Rule], problems: list[RuleProblem]) -> Iterator[Prepared]:
    if len(rules) > MAX_RULES:
        problems.append(TooMany(rules[MAX_RULES].id, len(rules) - MAX_RULES))
    for rule in rules[:MAX_RULES]:
        result = _prepared(rule)
        if isinstance(result, Prepared):
            yield result
        else:
            problems.append(result)


def _prepared(rule: Rule) -> Prepared | RuleProblem:
    pattern = rule.content.pattern
    if len(pattern) > MAX_PATTERN_CHARS:
        return TooLong(rule.id, MAX_PATTERN_CHARS)
    match rule.content.kind:
        case "keyword":
            source, parts = literal(pattern), None
        case "re2" | "regex":
            if "\\C" in pattern:
                return NotLinear(rule.id, "\\C")
            parts = split(pattern)
            source = f"(?m){pattern if isinstance(parts, Unsplittable) else parts.pattern}"
        case kind:
            return UnknownKind(rule.id, kind)
    if isinstance(parts, Unsplittable) and parts.construct:
        return NotLinear(rule.id, parts.construct)
    crosses = "\n" in pattern or "\r" in pattern or _may_cross_rows(pattern)
    try:
        if parts is None or isinstance(parts, Unsplittable):
            one = Prepared(rule, source, compiled(source, capture=rule.value_group > 0), crosses)
        else:
            one = Prepared(
                rule,
                source,
                compiled(source, capture=True),
                crosses,
                tuple(
                    Narrowing(
                        check,
                        compiled(f"(?:{check.pattern})\\z" if check.behind else check.pattern),
                    )
                    for check in parts.checks
                ),
                parts.exact,
                parts.widened,
            )
    except PatternRefusedError as error:
        return Refused(rule.id, str(error))
    return MatchesNothing(rule.id) if one.pattern.search(b"") is not None else one


def _may_cross_rows(pattern: str) -> bool:
    """Whether the pattern could match a line end; in doubt it could."""
    return (
        any(token in pattern for token in _MAY_CROSS_ROWS)
        or _DOT_MATCHES_ALL.search(pattern) is not None
    )


def sets(
    prepared: list[Prepared], problems: list[RuleProblem]
) -> Iterator[tuple[tuple[Prepared, ...], PatternSet]]:
    """The rules in as few sets as the memory of one allows."""
    waiting = [tuple(prepared)] if prepared else []
    while waiting:
        usable = waiting.pop()
        try:
            yield usable, pattern_set(tuple(one.source for one in usable))
        except PatternRefusedError:
            if len(usable) == 1:
                problems.append(TooLarge(usable[0].rule.id))
                continue
            half = len(usable) // 2
            waiting += [usable[half:], usable[:half]]
