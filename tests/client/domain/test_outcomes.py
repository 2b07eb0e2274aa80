"""From a gateway's failure to an outcome, and from an outcome to words."""

from __future__ import annotations

import pytest

from sidelight_client.domain.completion import (
    Blocked,
    Completed,
    CompletionRequest,
    Limited,
    Outcome,
    Source,
    SourceKind,
    Tier,
    Timings,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.explaining.explain import explain
from sidelight_client.domain.failure import Failure, FailureKind, RuleHit
from sidelight_client.domain.place import Document, Position, Range
from sidelight_client.domain.reading import mask, outcome_of
from sidelight_client.domain.spending.budget import Scope
from sidelight_client.domain.window import take

NOW = 1_700_000_000.0
REQUEST = CompletionRequest(
    "0af7651916cd43dd8448eb211c80319c",
    Document("file:///pay.py", "python"),
    take(["ssn = '078-05-1120'\n", "pay(\n"], Position(1, 4), "file:///pay.py"),
)


def test_a_block_lands_on_the_exact_characters_and_shows_only_their_shape() -> None:
    failure = Failure(
        FailureKind.POLICY_BLOCKED,
        400,
        hits=(RuleHit("us_ssn", "prefix", 7, 18),),
        facts={"title": "US social security number", "contact": "privacy@example.com"},
    )
    outcome = outcome_of(failure, REQUEST, NOW)
    assert isinstance(outcome, Blocked)
    assert outcome.rule == "us_ssn"
    assert outcome.findings[0].range == Range(Position(0, 7), Position(0, 18))
    assert outcome.findings[0].masked == "•••-••-••20"


def test_a_hit_outside_what_was_sent_is_left_out() -> None:
    failure = Failure(
        FailureKind.POLICY_BLOCKED,
        400,
        hits=(RuleHit("r", "prefix", 7, 9_999), RuleHit("r", "elsewhere", 0, 1)),
    )
    outcome = outcome_of(failure, REQUEST, NOW)
    assert isinstance(outcome, Blocked)
    assert outcome.findings == ()


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        (FailureKind.LIMIT_USER, Scope.USER),
        (FailureKind.LIMIT_TEAM, Scope.TEAM),
        (FailureKind.LIMIT_ORG, Scope.ORG),
        (FailureKind.LIMIT_VENDOR, Scope.VENDOR),
        (FailureKind.BUDGET_EXCEEDED, Scope.USER),
    ],
)
def test_a_limit_says_whose_it_is_and_until_when(kind: FailureKind, scope: Scope) -> None:
    outcome = outcome_of(Failure(kind, 429, retry_delay_s=60), REQUEST, NOW)
    assert isinstance(outcome, Limited)
    assert (outcome.scope, outcome.resets_at, outcome.used) == (scope, NOW + 60, None)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_kind_has_an_outcome_and_every_outcome_its_words(kind: FailureKind) -> None:
    outcome = outcome_of(Failure(kind, 500), REQUEST, NOW)
    message = explain(outcome)
    assert message is not None
    assert "{" not in message.text
    assert message.title


def test_an_unknown_status_never_reads_as_signed_out() -> None:
    outcome = outcome_of(Failure(FailureKind.UNKNOWN, 418), REQUEST, NOW)
    assert outcome == Unavailable(
        REQUEST.trace_id, UnavailableReason.REFUSED, retry_at=None, status=418
    )


@pytest.mark.parametrize(
    "outcome",
    [
        Blocked("t", "pci", "AI is off", "PCI scope.", by_gateway=False),
        *[Unavailable("t", reason) for reason in UnavailableReason],
        *[Unauthorized("t", reason) for reason in UnauthorizedReason],
    ],
    ids=lambda o: str(getattr(o, "reason", "place")),
)
def test_nothing_is_left_unexplained(outcome: Outcome) -> None:
    assert explain(outcome) is not None


def test_a_completion_needs_no_explanation() -> None:
    done = Completed("t", ("x",), Source(SourceKind.MODEL, "m"), Tier.FAST, Timings())
    assert explain(done) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("078-05-1120", "•••-••-••20"),
        ("4111 1111 1111 1111", "•••• •••• •••• ••11"),
        ("abcd", "••••"),
        ("", ""),
        ("😀secret😀", "😀••••et😀"),
    ],
)
def test_a_masked_sample_keeps_the_shape_and_two_characters(text: str, shown: str) -> None:
    assert mask(text) == shown
