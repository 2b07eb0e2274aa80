"""The facts of a refusal that a sentence may tell: numbers, whose, and the names of rules.

Nothing here takes over text. A name is taken over only where it cannot be a matched value or a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..domain.failure import FailureKind
from ..domain.spending.budget import Scope
from .limit_owner import limit_scope
from .limits import moment
from .retry_delay import seconds_until
from .signs import Signs
from .untrusted import count, items, mapping, number, text

Facts = dict[str, str | int | float]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:/ -]{0,63}")
_NO_NAME = re.compile(r"\d{4}|\d[ -]\d{2}[ -]\d|^(?:sk|pk|ghp|xox)[-_]|[0-9a-f]{16}", re.IGNORECASE)
"""A number, a key or a hash: a rule called that would tell what it matched."""

_CONTEXT = (
    re.compile(r"max(?:imum)? input tokens ?= ?(?P<limit>\d{1,9}).{0,20}?got ?= ?(?P<got>\d{1,9})"),
    re.compile(r"(?P<got>\d{1,9}) tokens ?> ?(?P<limit>\d{1,9})"),
    re.compile(r"(?:context|model)\D{0,30}(?:length|size|window|limit)\D{0,12}(?P<limit>\d{1,9})"),
    re.compile(r"(?P<limit>\d{1,9}) (?:tokens? )?(?:maximum )?context length"),
    re.compile(
        r"(?:resulted in|requested|contains?|has|got|given|received) (?:about )?(?P<got>\d{1,9})"
        r"(?: input| prompt)? tokens"
    ),
    re.compile(r"(?:request|prompt|input) \((?P<got>\d{1,9}) tokens?\)"),
    re.compile(r"context size \((?P<limit>\d{1,9})"),
)
_BUDGET = re.compile(
    r"current (?:cost|spend)\D{0,4}(?P<used>\d{1,12}(?:\.\d{1,12})?(?:e-?\d{1,2})?).{0,20}?"
    r"max(?:imum)? budget\D{0,4}(?P<limit>\d{1,12}(?:\.\d{1,12})?(?:e-?\d{1,2})?)"
)
_BUDGET_OF = re.compile(r"\b(team|user|organi[sz]ation|org|end[_ ]user|customer|project|key)s? ?=")
_LIMIT = re.compile(r"(?:current limit|\blimit)[:=]? (?P<limit>\d{1,12})")
_REMAINING = re.compile(r"remaining[:=]? (?P<left>\d{1,12})")
_USED = re.compile(r"\bused[:=]? (?P<used>\d{1,12})")
_UNIT = re.compile(r"limit type[:=]? ?(\w{1,30})")
_RESETS = re.compile(
    r"resets? at[:=]? (\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?UTC|Z)?)", re.IGNORECASE
)
_BY_GUARDRAIL = re.compile(
    r"entity detected: (\w{1,40}) by guardrail: ([\w-]{1,60})", re.IGNORECASE
)
_PATTERN = re.compile(r"content blocked: (\w{1,40}) pattern detected", re.IGNORECASE)


def rule_name(value: Any) -> str:
    """`value` where it can only be a rule's name; otherwise empty."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or _NO_NAME.search(value):
        return ""
    return value


def facts(kind: FailureKind, seen: Signs, now: float) -> Facts:
    """What can be told about a failure of `kind`."""
    match kind:
        case FailureKind.CONTEXT_EXCEEDED:
            return _context(seen)
        case FailureKind.BUDGET_EXCEEDED:
            return _budget(seen)
        case FailureKind.POLICY_BLOCKED:
            return _rule(seen)
        case (
            FailureKind.LIMIT_USER
            | FailureKind.LIMIT_TEAM
            | FailureKind.LIMIT_ORG
            | FailureKind.LIMIT_VENDOR
        ):
            return _limit(kind, seen, now)
        case _:
            return {}


def _context(seen: Signs) -> Facts:
    """How much the model takes and what it got, where the answer says it."""
    found: Facts = {}
    for name, key in (("limit", "n_ctx"), ("got", "n_prompt_tokens")):
        if (said := count(seen.error.get(key))) is not None:
            found[name] = said
    for pattern in _CONTEXT:
        if (match := pattern.search(seen.message)) is not None:
            for name, digits in match.groupdict().items():
                found.setdefault(name, int(digits))
    return found


def _budget(seen: Signs) -> Facts:
    found: Facts = {"unit": "cost"}
    if (match := _BUDGET.search(seen.message)) is not None:
        found |= {name: float(digits) for name, digits in match.groupdict().items()}
    elif re.search(r"tokens?\b", seen.message):
        found["unit"] = "tokens"
    of = _BUDGET_OF.search(seen.message)
    scope = limit_scope(f"limit for {of[1]}") if of is not None else limit_scope(seen.message)
    if scope is None:
        own = re.search(r"\b(team|organi[sz]ation|company|customer|project)\b", seen.message)
        scope = limit_scope(f"limit for {own[1]}") if own is not None else None
    if {"insufficient_quota", "billing_hard_limit_reached"} & set(seen.names):
        scope = Scope.ORG
    return found | {"scope": (scope or Scope.USER).value}


def _limit(kind: FailureKind, seen: Signs, now: float) -> Facts:
    found: Facts = {"scope": kind.value.removeprefix("limit.")}
    said = _UNIT.search(seen.message)
    unit = said[1] if said is not None else seen.headers.get("rate_limit_type", "")[:30]
    if "token" in unit or (not unit and "token" in seen.message):
        found["unit"] = "tokens"
    elif "parallel" in unit:
        found["unit"] = "requests at once"
    elif unit:
        found["unit"] = "requests"
    limit, left, used = (p.search(seen.message) for p in (_LIMIT, _REMAINING, _USED))
    if limit is not None:
        found["limit"] = int(limit[1])
        if left is not None:
            found["used"] = max(int(limit[1]) - int(left[1]), 0)
        elif used is not None:
            found["used"] = int(used[1])
    resets = _RESETS.search(seen.raw)
    moments = (seen.headers.get("reset_at", ""), resets[1] if resets is not None else "")
    for said_at in moments:
        in_s = seconds_until(said_at, now) if said_at else None
        if in_s is not None and (when := moment(now + in_s, now)) is not None:
            return found | {"resets_at": when}
    return found


def _rule(seen: Signs) -> Facts:
    """Which rule objected, by its name and never by what it matched."""
    rule, guardrail = next((pair for pair in _rules(seen) if pair[0] or pair[1]), ("", ""))
    found: Facts = {"rule": rule or guardrail} if rule or guardrail else {}
    if found:
        found["title"] = str(found["rule"])
    if rule and guardrail:
        found["why"] = f"It belongs to the gateway's guardrail {guardrail}."
    return found


def _rules(seen: Signs) -> Iterator[tuple[str, str]]:
    """Rule and guardrail, from every place where gateways write them."""
    for place in (mapping(seen.error.get("provider_specific_fields")), seen.details, seen.error):
        guardrail = rule_name(place.get("guardrail_name")) or rule_name(place.get("guardrail"))
        rule = rule_name(place.get("pattern")) or rule_name(place.get("category"))
        if place.get("keyword") is not None and (guardrail or not rule):
            rule = rule or "keyword"  # The keyword itself is what was matched.
        yield rule, guardrail
    yield rule_name(seen.error.get("interveningGuardrail")), ""
    hooks = mapping(seen.document.get("hook_results"))
    for when in ("before_request_hooks", "after_request_hooks"):
        for hook in map(mapping, items(hooks.get(when), 20)):
            failed = [
                mapping(check)
                for check in items(hook.get("checks"), 20)
                if mapping(check).get("verdict") is False
            ]
            if failed:
                yield rule_name(failed[0].get("id")), rule_name(hook.get("id"))
    for match in (_BY_GUARDRAIL.search(seen.raw), _PATTERN.search(seen.raw)):
        if match is not None:
            names = [rule_name(name) for name in match.groups()]
            yield names[0], names[1] if len(names) > 1 else ""
    for category, result in _filters(seen).items():
        if mapping(result).get("filtered") is True:
            yield rule_name(category), "content filter"


def _filters(seen: Signs) -> Mapping[str, Any]:
    """Azure's verdicts by category."""
    inner = mapping(seen.error.get("innererror"))
    for place in (inner, seen.error):
        for name in ("content_filter_result", "content_filter_results"):
            if place.get(name) is not None:
                return mapping(place[name])
    return {}


def neutral_facts(extra: Mapping[str, Any], now: float) -> Facts:
    """The neutral contract's facts, each with the type it must have."""
    found: Facts = {}
    for name in ("limit", "used", "got"):
        if (read := number(extra.get(name))) is not None:
            found[name] = read
    when = moment(extra.get("resets_at"), now)
    if when is not None:
        found["resets_at"] = when
    for name in ("scope", "unit", "model", "rule", "title", "why", "contact", "appeal_url"):
        if written := text(extra.get(name)):
            found[name] = written
    return found
