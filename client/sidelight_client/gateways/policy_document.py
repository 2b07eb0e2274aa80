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
_MATCHERS = frozenset({"remote", "path"})


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
    id_, match = text(said.get("id")), mapping(said.get("match"))
    if not id_:
        return None
    if match and not _MATCHERS & match.keys():
        # Applied without its matcher the rule would switch AI off everywhere.
        log.info("the place rule %s matches by something this version does not know", id_)
        return None
    return PlaceRule(
        id_,
        member(Mode, said.get("mode")) or Mode.OFF,
        text(match.get("remote"), LONGEST_PATTERN),
        text(match.get("path"), LONGEST_PATTERN),
        text(said.get("reason")),
        text(said.get("owner")) or text(said.get("contact")),
        text(said.get("url")),
    )
