"""What each way an exchange can end teaches: breaker, budget and conditions side by side."""

from __future__ import annotations

import pytest

from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.health import Condition, hold
from sidelight_client.domain.routing.aftermath import Exchange, Lessons, forget_silence, learn
from sidelight_client.domain.routing.breaker import Breaker, BreakerState
from sidelight_client.domain.spending.budget import Budget, Purse, Reading, Scope, Unit

NOW = 1_000.0
K = FailureKind
USER = Purse(Scope.USER, Unit.REQUESTS, 120, 3600, used=5)


def lessons(breaker: Breaker | None = None, *codes: str) -> Lessons:
    conditions: tuple[Condition, ...] = ()
    for code in codes:
        conditions = hold(conditions, code, 0.0)
    return Lessons(breaker or Breaker(), Budget((USER,)), conditions)


def after(before: Lessons, failure: Failure | None, took_s: float = 0.1) -> Lessons:
    return learn(before, Exchange(failure, took_s, "Example", "t" * 32), NOW)


def codes(after: Lessons) -> set[str]:
    return {condition.code for condition in after.conditions}


@pytest.mark.parametrize(
    ("kind", "failures", "held"),
    [
        (K.OFFLINE, 1, {"network.offline"}),
        (K.UPSTREAM_DOWN, 1, {"gateway.unreachable"}),
        (K.UPSTREAM_TIMEOUT, 0, {"gateway.slow"}),
        (K.POLICY_UNAVAILABLE, 0, {"gateway.scanner_down"}),
        (K.AUTH_INVALID, 0, {"gateway.key_unknown"}),
        (K.AUTH_MODEL_DENIED, 0, {"gateway.model_denied"}),
        (K.LIMIT_VENDOR, 0, {"limit.vendor"}),
        (K.UNKNOWN, 0, {"gateway.unreadable"}),
        (K.CAPABILITY_MISSING, 0, {"gateway.unreadable"}),
        (K.AUTH_EXPIRED, 0, set()),
        (K.POLICY_BLOCKED, 0, set()),
        (K.CONTEXT_EXCEEDED, 0, set()),
        (K.LIMIT_USER, 0, set()),
        (K.BUDGET_EXCEEDED, 0, set()),
    ],
)
def test_each_kind_counts_as_what_it_is(kind: FailureKind, failures: int, held: set[str]) -> None:
    learned = after(lessons(), Failure(kind, 400))
    assert learned.breaker.failures == failures
    assert codes(learned) == held


def test_an_answer_takes_everything_back() -> None:
    before = lessons(
        Breaker(failures=2),
        "network.offline",
        "gateway.unreachable",
        "gateway.slow",
        "limit.vendor",
    )
    learned = after(before, None)
    assert learned.conditions == ()
    assert learned.breaker.failures == 0


def test_an_answer_slower_than_the_trip_threshold_is_a_failure() -> None:
    assert after(lessons(), None, took_s=13.0).breaker.failures == 1


@pytest.mark.parametrize("kind", [K.AUTH_EXPIRED, K.POLICY_BLOCKED, K.LIMIT_USER])
def test_a_refusal_shows_that_the_gateway_is_alive(kind: FailureKind) -> None:
    learned = after(lessons(Breaker(failures=2), "gateway.unreachable"), Failure(kind))
    assert learned.conditions == ()
    assert learned.breaker.failures == 0


def test_the_third_dead_answer_opens_the_breaker_for_as_long_as_the_gateway_asks() -> None:
    learned = after(lessons(Breaker(failures=2)), Failure(K.UPSTREAM_DOWN, 503, retry_delay_s=30.0))
    assert learned.breaker.state(NOW) is BreakerState.OPEN
    assert learned.conditions[0].retry_at == learned.breaker.retry_at == NOW + 30


def test_twelve_seconds_of_missed_deadlines_are_silence() -> None:
    learned = after(lessons(Breaker(silent_since=NOW - 12)), Failure(K.UPSTREAM_TIMEOUT))
    assert learned.breaker.state(NOW) is BreakerState.OPEN
    assert codes(learned) == {"gateway.slow", "gateway.unreachable"}


@pytest.mark.parametrize(
    ("failure", "resets_at", "limit"),
    [
        (Failure(K.LIMIT_USER, 429, facts={"resets_at": NOW + 600, "limit": 100}), NOW + 600, 100),
        (Failure(K.LIMIT_USER, 429, 30.0), NOW + 30, 120),
        (Failure(K.LIMIT_USER, 429), NOW + 60, 120),
        (Failure(K.LIMIT_USER, 429, facts={"resets_at": NOW - 5}), NOW + 60, 120),
    ],
)
def test_a_limit_is_used_up_until_it_resets(
    failure: Failure, resets_at: float, limit: float
) -> None:
    spent = after(lessons(), failure).budget.exhausted(NOW)
    assert spent is not None
    assert (spent.scope, spent.limit, spent.resets_at) == (Scope.USER, limit, resets_at)


def test_the_gateways_numbers_correct_ours() -> None:
    reading = Reading(Scope.USER, Unit.REQUESTS, 120, 77, 3600, NOW + 9, source="headers")
    learned = learn(lessons(), Exchange(None, 0.1, "", "", (reading,)), NOW)
    assert learned.budget.purses[0].used == 77


def test_silence_is_forgotten_and_nothing_else() -> None:
    before = lessons(None, "network.offline", "gateway.unreachable", "gateway.key_unknown")
    assert [c.code for c in forget_silence(before.conditions)] == ["gateway.key_unknown"]


def test_a_budget_is_not_a_limit_of_requests() -> None:
    failure = Failure(
        K.BUDGET_EXCEEDED, 402, facts={"scope": "user", "limit": 20.0, "unit": "cost"}
    )
    budget = after(lessons(), failure).budget
    spent = budget.exhausted(NOW)
    assert spent is not None
    assert (spent.unit, spent.limit, spent.resets_at) == (Unit.COST, 20.0, NOW + 60)
    assert USER in budget.purses


@pytest.mark.parametrize("kind", [K.OFFLINE, K.UPSTREAM_DOWN])
def test_an_address_with_another_beside_it_takes_nothing_down_with_it(kind: FailureKind) -> None:
    seen = Exchange(Failure(kind), 0.1, "Example", "t" * 32, elsewhere=True)
    learned = learn(lessons(Breaker(failures=2)), seen, NOW)
    assert learned.breaker.state(NOW) is BreakerState.OPEN
    assert codes(learned) == set()


def test_a_way_that_was_refused_and_has_a_successor_is_not_told() -> None:
    refused = Failure(K.CAPABILITY_MISSING, 400, unprocessed=True)
    assert codes(after(lessons(), refused)) == set()


def test_a_remark_on_one_answer_is_no_remark_on_the_next() -> None:
    warned = Exchange(None, 0.1, "Example", "t" * 32, notes=("policy.warned", "context.shrunk"))
    learned = learn(lessons(), warned, NOW)
    assert codes(learned) == {"answer.warned"}
    assert codes(after(learned, None)) == set()
