"""Makes the content preview of a policy: its rules compiled for use between two keystrokes."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.content.preview import ContentPreview
from ..domain.content.sources import RuleChoice, choose
from ..domain.policy.organisation import ContentRule, RedactionMode
from .re2_matcher import RuleMatcher
from .stdnum_validators import VALIDATORS

LIVE_BUDGET_S = 0.008
"""Processor time one call may look for places: nothing holds the loop for 10 ms. It is not the
time on the wall, so that a busy machine does not make a text unknown."""


def content_preview(
    stated: Sequence[ContentRule],
    listed: RuleChoice | None,
    salt: bytes,
    redaction: RedactionMode = RedactionMode.ALLOW,
) -> ContentPreview:
    """The preview to use until the policy changes.

    Compiling takes some 40 ms for the catalogue, and half a second for rules that are made to
    hurt: call it off the loop. What is wrong with the rules is in `matcher.problems`.

    Args:
        stated: the content rules of the organisation's policy document.
        listed: what the gateway lists by itself (`gateways.guardrail_list`).
        salt: random bytes, the same for the life of the process.
        redaction: what the organisation decided.
    """
    chosen = choose(stated, listed, VALIDATORS)
    matcher = RuleMatcher(chosen.rules, chosen.problems, budget_s=LIVE_BUDGET_S)
    return ContentPreview(matcher, VALIDATORS, salt, redaction)
