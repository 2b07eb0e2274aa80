"""What requests amount to, however they are grouped, and what the gateway says of the same."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.snapshot import DecisionView
from sidelight_client.domain.spending.budget import Budget, Purse, Scope, Unit
from sidelight_client.domain.spending.usage import By, Known, Totals, editor_name, summarize
from sidelight_client.domain.spending.usage_limits import endpoint_of, reconcile, window_start

NOW = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC, a Tuesday."""
URL = "https://gateway.example"
INDIA = timezone(timedelta(hours=5, minutes=30))
PACIFIC = timezone(timedelta(hours=-8))


def asked(
    at: float = NOW,
    *,
    tokens: tuple[int | None, int | None, int | None] = (None, None, None),
    outcome: str = "completed",
    took_s: float = 0.2,
    cost: float | None = None,
    sends: int = 1,
    tier: str = "fast",
    language: str = "python",
    editor: str = "Neovim 0.11.2",
    endpoint: str = URL,
) -> DecisionView:
    return DecisionView(
        trace_id="",
        at=at,
        outcome=outcome,
        reason="",
        tier=tier,
        language=language,
        total_s=took_s,
        prompt_tokens=tokens[0],
        cached_tokens=tokens[1],
        output_tokens=tokens[2],
        sends=sends,
        endpoint=endpoint,
        editor=editor,
        cost=cost,
    )


def maybe(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | numbers


REQUESTS = st.lists(
    st.builds(
        asked,
        st.floats(0, 2e9),
        tokens=st.tuples(
            maybe(st.integers(0, 10**9)), maybe(st.integers(0, 10**9)), maybe(st.integers(0, 10**6))
        ),
        outcome=st.sampled_from(["completed", "blocked", "limited", "unavailable", "abandoned"]),
        took_s=st.floats(0, 90),
        cost=st.none() | st.floats(0, 100),
        sends=st.integers(0, 2),
        tier=st.sampled_from(["fast", "standard", "heavy", ""]),
        language=st.sampled_from(["python", "go", ""]),
        editor=st.sampled_from(["Neovim 0.11", "Neovim 0.12", "Visual Studio Code 1.120.0", ""]),
    ),
    max_size=40,
)


@given(REQUESTS, st.sampled_from([UTC, INDIA, PACIFIC]))
def test_sums_are_equal_whichever_way_requests_are_grouped(
    requests: list[DecisionView], zone: timezone
) -> None:
    wholes = set()
    for by in By:
        summary = summarize(iter(requests), by, zone)
        parts = reduce(Totals.plus, (group.totals for group in summary.groups), Totals())
        assert parts == summary.whole.totals
        assert len({group.key for group in summary.groups}) == len(summary.groups)
        whole = summary.whole
        wholes.add((repr(sorted(whole.totals.outcomes.items())), whole.p50_s, whole.p95_s))
        assert whole.totals.requests == len(requests)
        assert whole.totals == summarize(iter(requests), By.TIER, zone).whole.totals
    assert len(wholes) == 1


@given(REQUESTS)
def test_a_sum_is_unknown_only_where_nobody_told_and_never_larger_than_what_was_told(
    requests: list[DecisionView],
) -> None:
    totals = summarize(requests, By.TIER, UTC).whole.totals
    told = [r.prompt_tokens for r in requests if r.prompt_tokens is not None]
    assert totals.prompt_tokens == (Known(sum(told), len(told)) if told else Known())
    if totals.cached_ratio is not None:
        assert totals.cached_ratio >= 0


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        (By.HOUR, ["2023-11-14 22:00", "2023-11-14 23:00", "2023-11-15 22:00"]),
        (By.DAY, ["2023-11-14", "2023-11-15"]),
        (By.WEEK, ["2023-W46"]),
    ],
)
def test_times_come_in_their_order(by: By, keys: list[str]) -> None:
    requests = [asked(NOW + 86_400), asked(NOW), asked(NOW + 3_600)]
    assert [group.key for group in summarize(requests, by, UTC).groups] == keys


def test_a_day_is_a_day_where_the_person_is() -> None:
    groups = summarize([asked(NOW)], By.DAY, INDIA).groups
    assert [group.key for group in groups] == ["2023-11-15"]


def test_the_last_days_of_december_may_belong_to_the_first_week() -> None:
    new_year_eve = 1_735_646_400.0  # 2024-12-31 12:00 UTC
    assert summarize([asked(new_year_eve)], By.WEEK, UTC).groups[0].key == "2025-W01"


def test_the_busiest_comes_first_and_what_does_not_say_is_unknown() -> None:
    requests = [asked(language="go"), asked(language=""), asked(language=""), asked()]
    keys = [group.key for group in summarize(requests, By.LANGUAGE, UTC).groups]
    assert keys == ["unknown", "go", "python"]


@pytest.mark.parametrize(
    ("editor", "name"),
    [
        ("Visual Studio Code 1.120.0", "Visual Studio Code"),
        ("Neovim 0.11.2", "Neovim"),
        ("Neovim v0.11.2", "Neovim"),
        ("Kate", "Kate"),
        ("Editor 2 beta", "Editor 2 beta"),
        ("", ""),
    ],
)
def test_an_update_does_not_make_another_editor(editor: str, name: str) -> None:
    assert editor_name(editor) == name


def test_the_cached_share_is_taken_of_the_requests_that_told_both() -> None:
    requests = [
        asked(tokens=(1_000, 900, 10)),
        asked(tokens=(1_000, None, 10)),
        asked(tokens=(None, 50, 10)),
    ]
    totals = summarize(requests, By.TIER, UTC).whole.totals
    assert totals.cached_ratio == 0.9
    assert totals.prompt_tokens == Known(2_000, 2)
    assert totals.output_tokens == Known(30, 3)


def test_without_a_word_of_the_gateway_nothing_is_zero() -> None:
    whole = summarize([asked(outcome="unavailable")], By.TIER, UTC).whole
    assert whole.totals.prompt_tokens.total is None
    assert (whole.totals.cost, whole.totals.cached_ratio) == (None, None)
    assert (whole.p50_s, whole.p95_s) == (None, None)


def test_tiny_costs_add_up_exactly() -> None:
    totals = summarize([asked(cost=0.000_000_1)] * 10, By.TIER, UTC).whole.totals
    assert totals.cost == 0.000_001


def test_only_answers_count_for_answer_times() -> None:
    requests = [asked(took_s=0.1), asked(took_s=0.3), asked(took_s=8, outcome="unavailable")]
    whole = summarize(requests, By.TIER, UTC).whole
    assert (whole.p50_s, whole.p95_s) == (0.1, 0.3)


# --- limits ----------------------------------------------------------------------------------

USER = Purse(Scope.USER, Unit.REQUESTS, 120, 3_600, used=41, source="gateway", resets_at=NOW + 600)


def test_the_gateways_number_stands_beside_what_this_machine_counted() -> None:
    requests = [asked(NOW - 10), asked(NOW - 20, sends=2), asked(NOW - 3_100)]
    (use,) = reconcile(Budget((USER,)), requests, NOW)
    assert (use.used, use.source, use.counted, use.difference) == (41, "gateway", 3, 38)


def test_what_the_gateway_does_not_say_of_a_person_is_counted() -> None:
    quiet = Purse(Scope.USER, Unit.REQUESTS, 120, 3_600)
    (use,) = reconcile(Budget((quiet,)), [asked(NOW - 10), asked(NOW - 3_601)], NOW)
    assert (use.used, use.source, use.difference) == (1, "ledger", None)


@pytest.mark.parametrize("scope", [Scope.TEAM, Scope.ORG, Scope.VENDOR])
def test_what_a_team_used_is_never_guessed_from_one_machine(scope: Scope) -> None:
    quiet = Purse(scope, Unit.REQUESTS, 800, 3_600)
    (use,) = reconcile(Budget((quiet,)), [asked(NOW - 10)], NOW)
    assert (use.used, use.source, use.counted) == (None, "", 1)


def test_without_a_ledger_this_machine_has_counted_nothing_it_knows_of() -> None:
    quiet = Purse(Scope.USER, Unit.REQUESTS, 120, 3_600)
    uses = reconcile(Budget((USER, quiet)), None, NOW)
    assert [(use.used, use.counted) for use in uses] == [(41, None), (None, None)]


def test_another_gateways_requests_do_not_count() -> None:
    requests = [asked(NOW - 10), asked(NOW - 10, endpoint="http://sidelight.embedded")]
    (use,) = reconcile(Budget((USER,)), requests, NOW, f"{URL}/v1")
    assert use.counted == 1


@pytest.mark.parametrize(
    ("unit", "request_", "counted"),
    [
        (Unit.TOKENS, asked(NOW - 1, tokens=(100, 50, 7)), 107),
        (Unit.TOKENS, asked(NOW - 1), None),
        (Unit.TOKENS, asked(NOW - 1, sends=0), 0),
        (Unit.COST, asked(NOW - 1, cost=0.25), 0.25),
        (Unit.COST, asked(NOW - 1), None),
        (Unit.REQUESTS, asked(NOW - 1, sends=0), 0),
    ],
)
def test_each_unit_is_counted_and_an_unknown_amount_stays_unknown(
    unit: Unit, request_: DecisionView, counted: float | None
) -> None:
    purse = Purse(Scope.USER, unit, 1_000, 3_600)
    (use,) = reconcile(Budget((purse,)), [request_], NOW)
    assert use.counted == counted


def test_a_window_that_ended_is_empty_and_rolls() -> None:
    later = NOW + 700
    (use,) = reconcile(Budget((USER,)), [asked(NOW)], later)
    assert (use.used, use.counted) == (0, 1)
    assert window_start(USER, NOW) == NOW + 600 - 3_600
    assert window_start(USER.at(later), later) == later - 3_600


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://ada:secret@gateway.example:8443/v1?key=secret#x", "https://gateway.example:8443"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
        ("http://sidelight.embedded", "http://sidelight.embedded"),
        ("HTTPS://Gateway.Example", "https://gateway.example"),
        ("gateway.example", ""),
        ("https://gateway.example:port", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_an_endpoint_is_scheme_host_and_port(url: str, endpoint: str) -> None:
    assert endpoint_of(url) == endpoint
