"""What `sidelight status`, `pause` and `config` say."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from sidelight_client.cli.config import explained
from sidelight_client.cli.pause import pause_until
from sidelight_client.cli.status import exit_code
from sidelight_client.cli.status_show import for_a_bar, lines
from sidelight_client.domain.health import hold
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.pauses import LanguagePause
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.service.incidents import Incident, Level, Service, Stage
from sidelight_client.domain.snapshot import EndpointView, GatewayView, SessionView, Snapshot, State
from sidelight_client.domain.spending.budget import Budget, Purse, Scope, Unit
from sidelight_client.errors import ExitCode, SidelightError
from sidelight_client.settings import Layer, resolve

NOW = 1_700_000_000.0
GOOD = Snapshot(
    1,
    NOW,
    "0.1.0",
    SessionView(Phase.FRESH, "ada@example.com", expires_at=NOW + 3 * 3600 + 120),
    GatewayView("Acme AI", "https://ai.acme.example", p50_s=0.18, p95_s=0.4),
    Budget((Purse(Scope.USER, Unit.REQUESTS, 120, 3600, used=42, resets_at=NOW + 60),)),
)


def test_a_language_that_is_paused_is_told_until_it_goes_on() -> None:
    paused = replace(GOOD, languages_paused=(LanguagePause("python", NOW + 60),))
    assert any(line.startswith("  paused    python, until ") for line in lines(paused, NOW))
    assert not any("python" in line for line in lines(paused, NOW + 60))


def test_a_good_day_fits_in_four_lines() -> None:
    told = lines(GOOD, NOW)
    assert told[0] == "Ready"
    assert told[1] == "  session   ada@example.com, valid 3 h 2 m"
    assert told[2] == "  gateway   Acme AI, https://ai.acme.example, answers in 180 ms (p95 400 ms)"
    assert told[3].startswith("  requests  42 of 120 requests (user), resets ")


def test_a_limit_that_runs_out_says_until_when_it_lasts() -> None:
    half = Purse(Scope.USER, Unit.REQUESTS, 120, 3600, used=60, resets_at=NOW + 2_700)
    (told,) = [
        line
        for line in lines(replace(GOOD, budget=Budget((half,))), NOW)
        if line.startswith("  requests")
    ]
    at, resets = (time.strftime("%H:%M", time.localtime(NOW + s)) for s in (900, 2_700))
    assert told == f"  requests  60 of 120 requests (user), lasts until {at}, resets {resets}"
    empty = replace(half, used=120)
    assert "used up" in lines(replace(GOOD, budget=Budget((empty,))), NOW)[3]


def test_outages_and_every_address_are_named() -> None:
    down = EndpointView("https://b.example", BreakerState.OPEN, NOW + 60, ("fast",))
    zoned = replace(GOOD.gateway, endpoints=(EndpointView("https://a.example"), down))
    incident = Incident(
        *("1", "Slow answers", Level.MINOR, Stage.IDENTIFIED), started_at=NOW, seen_here=True
    )
    service = Service(Level.MINOR, NOW, (incident,))
    told = lines(replace(GOOD, gateway=zoned, service=service), NOW)
    begun, again = (time.strftime("%H:%M", time.localtime(NOW + s)) for s in (0, 60))
    assert "  endpoint  https://a.example, in use" in told
    assert f"  endpoint  https://b.example, left alone until {again} for fast" in told
    assert f"  incident  Slow answers (minor, identified, since {begun}, seen here)" in told


def test_a_status_bar_gets_the_state_one_number_and_the_rest_as_a_tooltip() -> None:
    assert for_a_bar(GOOD, NOW) == {
        "text": "Ready 42/120",
        "tooltip": "\n".join(lines(GOOD, NOW)),
        "class": "ready",
    }
    signed_out = replace(GOOD, session=SessionView(Phase.SIGNED_OUT), budget=Budget())
    told = for_a_bar(signed_out, NOW)
    assert (told["text"], told["class"]) == ("Not signed in", "signedOut")


def test_what_is_not_known_is_a_dash_and_never_zero() -> None:
    unknown = replace(GOOD, budget=Budget((Purse(Scope.TEAM, Unit.REQUESTS, 800, 3600),)))
    assert "  requests  – of 800 requests (team)" in lines(unknown, NOW)


def test_a_condition_is_told_with_what_to_do() -> None:
    signed_out = replace(
        GOOD, session=SessionView(Phase.SIGNED_OUT), conditions=hold((), "session.signed_out", NOW)
    )
    told = "\n".join(lines(signed_out, NOW))
    assert "Not signed in" in told
    assert "sidelight login" in told
    assert "ada@example.com" not in told


@pytest.mark.parametrize(
    ("state", "down", "code"),
    [
        (State.READY, False, ExitCode.OK),
        (State.BUSY, False, ExitCode.OK),
        (State.PAUSED, False, ExitCode.OK),
        (State.SIGNED_OUT, False, ExitCode.NOT_SIGNED_IN),
        (State.THROTTLED, False, ExitCode.LIMITED),
        (State.OFFLINE, False, ExitCode.GATEWAY_UNREACHABLE),
        (State.DEGRADED, True, ExitCode.GATEWAY_UNREACHABLE),
    ],
)
def test_a_script_can_branch_on_the_state(state: State, down: bool, code: ExitCode) -> None:
    assert exit_code(state, gateway_down=down) is code


@pytest.mark.parametrize(
    ("given", "seconds"), [("30m", 1800), ("2h", 7200), ("1m", 60), ("off", None)]
)
def test_a_pause_has_a_length(given: str, seconds: int | None) -> None:
    assert pause_until(given, NOW) == (None if seconds is None else NOW + seconds)


def test_tomorrow_is_within_the_next_day_and_a_half() -> None:
    until = pause_until("tomorrow", NOW)
    assert until is not None
    assert 0 < until - NOW < 36 * 3600


@pytest.mark.parametrize("given", ["", "30", "0m", "-5m", "99999m", "30 m", "soon"])
def test_a_length_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(SidelightError, match="30m"):
        pause_until(given, NOW)


def test_a_setting_says_who_decided_it() -> None:
    settings = resolve([(Layer.POLICY, {"vault": "memory"}), (Layer.FILE, {"vault": "cloud"})])
    told = "\n".join(explained(settings, "vault"))
    assert "policy, locked" in told
    assert "file: it must be one of" in told


def test_a_setting_that_does_not_exist_is_refused_with_a_sentence() -> None:
    with pytest.raises(SidelightError) as refused:
        explained(resolve([]), "colour")
    assert refused.value.code == "settings.unknown"
