"""The organisation's policy document, read so that a mistake in it closes and never opens."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, TypeVar

from ..domain.policy.code_category import CodeCategory
from ..domain.policy.data_use import DataUse
from ..domain.policy.infrastructure import FileKind
from ..domain.policy.organisation import (
    Action,
    ContentRule,
    Mode,
    PlaceRule,
    Policy,
    PolicyTrouble,
    RedactionMode,
)
from ..domain.policy.place_policy import closing
from .untrusted import items, mapping, member, number, parsed, text

log = logging.getLogger("sidelight.policy")

_AS_BEFORE_OR_NONE = (HTTPStatus.NOT_MODIFIED, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
MAX_RULES = 500
LONGEST_KEPT_DAYS = 36_500.0
LONGEST_ADDRESS = 2_000
MAX_PLACE_RULES = 10_000
LONGEST_PATTERN = 2_000
MAX_MATCHERS = 20
MAX_CHOICES = 20
CLOCK_SKEW_S = 300.0
"""How far a document may be ahead of this machine's clock and still be of today."""
MATCHERS = frozenset({"remote", "path", "marker", "kind", "category"})
"""What a place rule can match by here."""
UNNAMED = "unnamed"
"""The id of a place rule that has none."""

Choice = TypeVar("Choice", bound=StrEnum)


def policy(document: Mapping[str, Any], version: str) -> Policy:
    """The policy; `version` is the answer's ETag.

    An action or mode this version does not know counts as the strictest one.
    """
    content = map(mapping, items(document.get("content_rules"), MAX_RULES))
    return Policy(
        version or text(document.get("version")),
        tuple(rule for rule in map(_content_rule, content) if rule is not None),
        place_rules(document),
        _mode(document["unknown_remote"]) if "unknown_remote" in document else Mode.ON,
        _redaction(document),
        data_use(document),
    )


def data_use(document: Mapping[str, Any]) -> DataUse | None:
    """What becomes of the code that is sent; None where the document says nothing of it.

    What cannot be read is unknown, which is shown as such: never as "not kept" or "not trained on".
    """
    said = mapping(document.get("data_use"))
    days, trained_on = number(said.get("kept_days")), said.get("trained_on")
    found = DataUse(
        text(said.get("processed_in")),
        days if days is not None and 0 <= days <= LONGEST_KEPT_DAYS else None,
        trained_on if isinstance(trained_on, bool) else None,
        text(said.get("url"), LONGEST_ADDRESS),
    )
    return None if found == DataUse() else found


def _redaction(document: Mapping[str, Any]) -> RedactionMode:
    """What is said and not understood counts as the strictest: then nothing that is found leaves."""
    if "redaction" not in document:
        return RedactionMode.ALLOW
    return member(RedactionMode, document.get("redaction")) or RedactionMode.FORCE


def read(status: int, body: bytes, version: str, now: float) -> Policy | PolicyTrouble | None:
    """What a gateway's answer to the question for its policy means; None for "as before" or "none".

    Args:
        status: of the answer.
        body: of the answer.
        version: the answer's ETag.
        now: wall-clock seconds.
    """
    if status in _AS_BEFORE_OR_NONE:
        return None
    if status != HTTPStatus.OK:
        return PolicyTrouble.UNREACHABLE
    document = parsed(body)
    if not isinstance(document, dict):
        return PolicyTrouble.UNREADABLE
    said = mapping(document)
    return trouble(said, now) or policy(said, version)


def trouble(document: Mapping[str, Any], now: float) -> PolicyTrouble | None:
    """Why the document must not take the place of the one that is known; None when it may.

    `issued_at` is seconds since the epoch or a date and time (RFC 3339); without it a document is
    of today.
    """
    said = document.get("issued_at")
    if said is None:
        return None
    issued_at = number(said)
    if issued_at is None:
        try:
            issued_at = datetime.fromisoformat(text(said)).timestamp()
        except (ValueError, OverflowError, OSError):
            return PolicyTrouble.UNREADABLE
    return PolicyTrouble.FUTURE if issued_at > now + CLOCK_SKEW_S else None


def place_rules(document: Mapping[str, Any]) -> tuple[PlaceRule, ...]:
    """The rules under `repo_rules`; what cannot be read of them closes every place."""
    said = document.get("repo_rules")
    if said is None:
        return ()
    if not isinstance(said, list):
        return (closing("policy.rules_unreadable"),)
    rules = items(said, MAX_PLACE_RULES)
    found = tuple(rule for rule in map(_place_rule, map(mapping, rules)) if rule is not None)
    if not all(isinstance(rule, dict) for rule in rules):
        found = (*found, closing("policy.rules_unreadable"))
    too_many = len(items(said, MAX_PLACE_RULES + 1)) > MAX_PLACE_RULES
    return (*found, closing("policy.too_many")) if too_many else found


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


@dataclass(frozen=True, slots=True)
class _Matchers:
    """What a rule matches by, and the names of those matchers that cannot be used here."""

    remote: str
    path: str
    marker: str
    kinds: frozenset[FileKind]
    categories: frozenset[CodeCategory]
    unusable: tuple[str, ...]


def _place_rule(said: Mapping[str, Any]) -> PlaceRule | None:
    """A rule that restricts applies to everything it could match.

    What it matches by and this version does not know only makes it apply to less; leaving such a
    matcher out closes more than was meant, and leaving the rule out would open what was closed.
    """
    id_ = text(said.get("id"))
    if not id_ and "mode" not in said:
        return None
    mode = _mode(said.get("mode"))
    match = _matchers(said)
    if match.unusable:
        if mode is Mode.ON:
            return None
        log.info("the place rule %s also matches by %s, not usable here", id_, match.unusable)
    return PlaceRule(
        id_ or UNNAMED,
        mode,
        match.remote,
        match.path,
        text(said.get("reason")),
        text(said.get("owner")) or text(said.get("contact")),
        text(said.get("url")) or text(said.get("link")),
        match.marker,
        match.kinds,
        match.categories,
        text(said.get("date"), 40),
    )


def _matchers(said: Mapping[str, Any]) -> _Matchers:
    given = said.get("match")
    match = mapping(given)
    unusable = [text(name, 40) for name in list(match)[:MAX_MATCHERS] if name not in MATCHERS]
    if given is not None and not isinstance(given, dict):
        unusable.append("match")
    globs: dict[str, str] = {}
    for name in ("remote", "path", "marker"):
        value: Any = match.get(name)
        if value is not None and not _is_glob(value):
            unusable.append(name)
        elif value:
            globs[name] = value
    if not _is_file_name(globs.get("marker", "x")):
        unusable.append("marker")
        del globs["marker"]
    kinds = _choices(FileKind, match.get("kind"))
    categories = _choices(CodeCategory, match.get("category"))
    if kinds is None:
        unusable.append("kind")
    if categories is None:
        unusable.append("category")
    return _Matchers(
        globs.get("remote", ""),
        globs.get("path", ""),
        globs.get("marker", ""),
        kinds or frozenset(),
        categories or frozenset(),
        tuple(unusable),
    )


def _mode(said: Any) -> Mode:
    return member(Mode, said) or Mode.OFF


def _is_glob(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_PATTERN and value == text(value, 2_000)


def _is_file_name(value: str) -> bool:
    """A marker lies in a folder itself: a path could lead out of the repository."""
    return value not in (".", "..") and not set(value) & set("/\\*?[:")


def _choices(kind: type[Choice], said: Any) -> frozenset[Choice] | None:
    """One or several members of `kind`; empty where nothing is said, None for what is not known."""
    if said is None or said in ("", []):
        return frozenset()
    names = items(said, MAX_CHOICES + 1) if isinstance(said, list) else [said]
    found = [member(kind, name) for name in names[:MAX_CHOICES]]
    if len(names) > MAX_CHOICES or None in found:
        return None
    return frozenset(one for one in found if one is not None)


def unknown_matchers(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """What `rule` matches by and this version cannot use."""
    return _matchers(rule).unusable


def closed_rules(document: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """The matchers that are not known here, by the id of the restricting rule they stand in."""
    found: dict[str, tuple[str, ...]] = {}
    for said in map(mapping, items(document.get("repo_rules"), MAX_PLACE_RULES)):
        unknown, rule = unknown_matchers(said), _place_rule(said)
        if unknown and rule is not None:
            found[rule.id] = unknown
    return found
