"""LiteLLM's answer to `GET /guardrails/list`, read as content rules; an ordinary key may ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..domain.content.named_patterns import NAMED_PATTERNS
from ..domain.content.rule import Rule, RuleProblem, RuleSource, UnknownPattern
from ..domain.content.sources import RuleChoice
from ..domain.policy.organisation import Action, ContentRule
from .untrusted import items, mapping, text

MAX_GUARDRAILS = 100
MAX_PATTERNS = 500
LONGEST_PATTERN = 4_000
_BEFORE_THE_CALL = frozenset(("pre_call", "during_call"))


def guardrail_list(document: Mapping[str, Any]) -> RuleChoice:
    """The rules of every guardrail that looks at what is sent.

    A guardrail that is something else than patterns and words (a scanner of its own, a service
    elsewhere) cannot be previewed here, and is a problem, not silence.
    """
    rules: list[Rule] = []
    problems: list[RuleProblem] = []
    for entry in map(mapping, items(document.get("guardrails"), MAX_GUARDRAILS)):
        name = text(entry.get("guardrail_name")) or "guardrail"
        settings = mapping(entry.get("litellm_params"))
        if not _looks_at_requests(settings.get("mode")):
            continue
        found = [*_patterns(settings), *_words(settings)]
        rules += (Rule(one, RuleSource.LISTED) for one in found if isinstance(one, ContentRule))
        problems += (one for one in found if not isinstance(one, ContentRule))
        if not found or settings.get("categories") or settings.get("blocked_words_file"):
            problems.append(UnknownPattern(name))
    return RuleChoice(RuleSource.LISTED, tuple(rules), tuple(problems))


def _looks_at_requests(mode: Any) -> bool:
    """Whether a guardrail of this mode sees the request; one that says nothing counts as if."""
    modes = {text(one) for one in (*items(mode, MAX_PATTERNS), mode)} - {""}
    return not modes or bool(modes & _BEFORE_THE_CALL)


def _patterns(settings: Mapping[str, Any]) -> Iterator[ContentRule | RuleProblem]:
    for entry in map(mapping, items(settings.get("patterns"), MAX_PATTERNS)):
        name = text(entry.get("pattern_name")) or text(entry.get("name"))
        own = entry.get("pattern")
        pattern = own if isinstance(own, str) and own else NAMED_PATTERNS.get(name)
        if pattern is None or len(pattern) > LONGEST_PATTERN:
            yield UnknownPattern(name or "pattern")
            continue
        id_ = name or "pattern"
        yield ContentRule(id_, id_, "re2", pattern, action=_action(entry.get("action")))


def _words(settings: Mapping[str, Any]) -> Iterator[ContentRule]:
    for entry in map(mapping, items(settings.get("blocked_words"), MAX_PATTERNS)):
        word = entry.get("keyword")
        if isinstance(word, str) and 0 < len(word) <= LONGEST_PATTERN:
            title = text(entry.get("description")) or "Blocked word"
            yield ContentRule(
                "blocked_word", title, "keyword", word, action=_action(entry.get("action"))
            )


def _action(said: Any) -> Action:
    """The action; one that is not known counts as the strictest."""
    return Action.MASK if text(said).upper() == "MASK" else Action.BLOCK
