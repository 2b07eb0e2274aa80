"""The organisation's policy document, read so that a mistake in it closes and never opens."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ..domain.policy import Action, ContentRule, Mode, PlaceRule, Policy
from .untrusted import items, mapping, member, text

log = logging.getLogger("sidelight.policy")

MAX_RULES = 500
LONGEST_PATTERN = 2_000
MAX_MATCHERS = 20
MATCHERS = frozenset({"remote", "path"})
"""What a place rule can match by here."""
UNNAMED = "unnamed"
"""The id of a place rule that has none."""


def policy(document: Mapping[str, Any], version: str) -> Policy:
    """The policy; `version` is the answer's ETag.

    An action or mode this version does not know counts as the strictest one.
    """
    content = map(mapping, items(document.get("content_rules"), MAX_RULES))
    places = map(mapping, items(document.get("repo_rules"), MAX_RULES))
    return Policy(
        version or text(document.get("version")),
        tuple(rule for rule in map(_content_rule, content) if rule is not None),
        tuple(rule for rule in map(_place_rule, places) if rule is not None),
    )


def _content_rule(said: Mapping[str, Any]) -> ContentRule | None:
    id_, pattern = text(said.get("id")), said.get("pattern")
    if not id_ or not isinstance(pattern, str) or not 0 < len(pattern) <= LONGEST_PATTERN:
        return None
    return ContentRule(
        id_,
        text(said.get("title")) or id_,
        text(said.get("kind")) or "re2",
        pattern,
        text(said.get("validator")) or "none",
        member(Action, said.get("action")) or Action.BLOCK,
        text(said.get("explain")),
        text(said.get("appeal_url")),
    )


def _place_rule(said: Mapping[str, Any]) -> PlaceRule | None:
    """A rule that restricts applies to everything it could match.

    What it matches by and this version does not know only makes it apply to less; leaving such a
    matcher out closes more than was meant, and leaving the rule out would open what was closed.
    """
    id_, match = text(said.get("id")), mapping(said.get("match"))
    if not id_ and "mode" not in said:
        return None
    mode = member(Mode, said.get("mode")) or Mode.OFF
    unknown = unknown_matchers(said)
    if unknown:
        if mode is Mode.ON:
            return None
        log.info("the place rule %s also matches by %s, which is not known here", id_, unknown)
    return PlaceRule(
        id_ or UNNAMED,
        mode,
        text(match.get("remote"), LONGEST_PATTERN),
        text(match.get("path"), LONGEST_PATTERN),
        text(said.get("reason")),
        text(said.get("owner")) or text(said.get("contact")),
        text(said.get("url")),
    )


def unknown_matchers(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """What `rule` matches by and this version does not know."""
    match = mapping(rule.get("match"))
    return tuple(text(name, 40) for name in list(match)[:MAX_MATCHERS] if name not in MATCHERS)


def closed_rules(document: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """The matchers that are not known here, by the id of the restricting rule they stand in."""
    found: dict[str, tuple[str, ...]] = {}
    for said in map(mapping, items(document.get("repo_rules"), MAX_RULES)):
        unknown, rule = unknown_matchers(said), _place_rule(said)
        if unknown and rule is not None:
            found[rule.id] = unknown
    return found
