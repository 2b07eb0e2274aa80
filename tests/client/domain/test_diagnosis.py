"""What `sidelight doctor` makes of what it saw, as tables."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sidelight_client.cli.doctor import not_offered
from sidelight_client.cli.doctor_show import as_json, lines
from sidelight_client.domain.health import Condition
from sidelight_client.domain.identity.diagnosis import (
    Answer,
    BrokerSeen,
    EndpointSeen,
    Facts,
    FolderSeen,
    LockSeen,
    RenewalSeen,
    SessionSeen,
    Trouble,
    TrustSeen,
    findings,
)
from sidelight_client.domain.identity.diagnosis_session import failing, rejected_retry_s
from sidelight_client.domain.words.catalogue import say

NOW = 1_700_000_000.0
GATEWAY = EndpointSeen(
    "gateway", "ai.acme.example", "https://ai.acme.example/x", Answer(200), "", ("192.0.2.7",)
)
ISSUER = EndpointSeen(
    "sign-in service", "id.acme.example", "https://id.acme.example/y", Answer(200)
)
SESSION = SessionSeen(
    "fresh",
    "keyring",
    "ready",
    "https://id.acme.example",
    can_renew=True,
    access_life_s=28_800.0,
    renewals=(RenewalSeen(NOW - 60, "half of its life is over", "renewed", 0.3),),
)
BROKER = BrokerSeen(4711, "0.1.0", session=SESSION)
GOOD = Facts(
    "0.1.0",
    (("sidelight", "0.1.0"),),
    BROKER,
    TrustSeen("the system's own"),
    LockSeen(4711, alive=True),
    (FolderSeen("runtime", "/run/user/1000/sidelight", "0700"),),
    endpoints=(GATEWAY, ISSUER),
)


def codes(facts: Facts) -> list[str]:
    return [finding.message.code for finding in findings(facts)]


def gateway(outcome: Answer | Trouble, **others: object) -> Facts:
    seen = replace(GATEWAY, outcome=outcome, **others)  # type: ignore[arg-type]
    return replace(GOOD, endpoints=(seen, ISSUER))


def session(**values: object) -> Facts:
    changed = replace(SESSION, **values)  # type: ignore[arg-type]
    return replace(GOOD, broker=replace(BROKER, session=changed))


def renewals(*outcomes: str, every_s: float = 1.0) -> tuple[RenewalSeen, ...]:
    return tuple(
        RenewalSeen(NOW + number * every_s, "retry", outcome, 0.1)
        for number, outcome in enumerate(outcomes)
    )


def test_on_a_good_day_nothing_is_wrong() -> None:
    assert codes(GOOD) == []
    assert lines(GOOD, (), NOW)[0] == "Nothing is wrong."


def test_that_no_broker_runs_is_not_wrong() -> None:
    assert codes(replace(GOOD, broker=BrokerSeen())) == []


@pytest.mark.parametrize(
    ("outcome", "code", "said"),
    [
        (Trouble("address", "it cannot be read"), "doctor.address", "it cannot be read"),
        (Trouble("dns", "Name or service not known"), "doctor.name_unknown", "Name or service"),
        (Trouble("refused"), "doctor.not_reachable", "nothing listens there"),
        (Trouble("timeout"), "doctor.not_reachable", "no answer in time"),
        (Trouble("unreachable"), "doctor.not_reachable", "no way to it"),
        (Trouble("reset"), "doctor.not_reachable", "cut"),
        (Trouble("protocol"), "doctor.not_reachable", "speak HTTP"),
        (Trouble("too_large"), "doctor.not_reachable", "too large"),
        (Trouble("tls", "certificate has expired"), "doctor.certificate", "has expired"),
        (Trouble("proxy_credentials"), "doctor.proxy_credentials", "407"),
        (Trouble("proxy_refused", "status 403"), "doctor.proxy_refused", "status 403"),
        (Trouble("proxy_unreachable", "no route"), "doctor.proxy_unreachable", "no route"),
        (Answer(200, is_page=True), "doctor.web_page", "this host"),
        (Answer(302, is_page=True, moved_to="wifi.example"), "doctor.web_page", "wifi.example"),
        (Answer(503), "doctor.server_error", "503"),
        (Answer(200, unreadable="the field issuer"), "doctor.document_unreadable", "field issuer"),
    ],
)
def test_what_an_address_came_to_has_its_sentence(
    outcome: Answer | Trouble, code: str, said: str
) -> None:
    (finding,) = findings(gateway(outcome))
    assert finding.message.code == code
    assert said in finding.message.text
    assert finding.severity == "error"


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        ({}, ""),
        (None, ""),
        ({"grant_types_supported": ["authorization_code", "refresh_token"]}, ""),
        ({"grant_types_supported": ["authorization_code"]}, "the refresh token grant"),
        ({"scopes_supported": ["openid", "profile"]}, "the scope offline_access"),
        ({"scopes_supported": "openid"}, ""),
    ],
)
def test_what_a_provider_itself_rules_out_is_a_warning(document: object, missing: str) -> None:
    assert not_offered(document) == missing
    seen = replace(ISSUER, outcome=Answer(200, lacks=missing))
    found = findings(replace(GOOD, endpoints=(GATEWAY, seen)))
    assert [f.message.code for f in found] == (["doctor.not_offered"] if missing else [])
    assert [f.severity for f in found] == (["warning"] if missing else [])


@pytest.mark.parametrize("status", [200, 401, 403, 404])
def test_a_gateway_that_does_not_announce_itself_is_not_wrong(status: int) -> None:
    assert codes(gateway(Answer(status))) == []


def test_a_variable_that_sidelight_does_not_read_matters_only_when_trust_fails() -> None:
    trust = TrustSeen("s", (("REQUESTS_CA_BUNDLE", "/ca.pem"),), (), ("REQUESTS_CA_BUNDLE",))
    assert codes(replace(GOOD, trust=trust)) == []
    untrusted = replace(gateway(Trouble("tls", "unknown issuer")), trust=trust)
    assert codes(untrusted) == ["doctor.certificate", "doctor.ca_ignored"]


def test_a_certificate_file_that_is_not_there_is_named() -> None:
    trust = TrustSeen("s", (("SSL_CERT_FILE", "/gone.pem"),), ("SSL_CERT_FILE",))
    (finding,) = findings(replace(GOOD, trust=trust))
    assert "/gone.pem" in finding.message.text


@pytest.mark.parametrize(
    ("gateway_s", "issuer_s", "said"),
    [
        (0.9, -0.4, ""),
        (59.0, 59.0, ""),
        (3600.0, 3599.0, "3599 s ahead"),
        (-7200.0, None, "7200 s behind"),
        (3600.0, 0.0, ""),  # One server's own clock is wrong, not ours.
        (None, None, ""),
    ],
)
def test_the_clock_is_wrong_only_when_every_server_says_so(
    gateway_s: float | None, issuer_s: float | None, said: str
) -> None:
    seen = (
        replace(GATEWAY, outcome=Answer(200, clock_offset_s=gateway_s)),
        replace(ISSUER, outcome=Answer(200, clock_offset_s=issuer_s)),
    )
    found = findings(replace(GOOD, endpoints=seen))
    assert [f.message.code for f in found] == (["doctor.clock"] if said else [])
    assert said in "".join(f.message.text for f in found)


def test_folders_settings_and_brokers_that_are_off_are_told() -> None:
    unsafe = FolderSeen("runtime", "/tmp/x", "0777", "can be entered by other users")
    assert codes(replace(GOOD, folders=(unsafe,))) == ["doctor.folder"]
    assert codes(replace(GOOD, settings=(say("settings.invalid"),))) == ["settings.invalid"]
    old = replace(BROKER, version="0.0.9")
    assert codes(replace(GOOD, broker=old)) == ["doctor.broker_version"]
    mute = replace(BROKER, session=None)
    assert codes(replace(GOOD, broker=mute)) == ["doctor.broker_version"]
    silent = replace(mute, silent=True)
    assert codes(replace(GOOD, broker=silent)) == ["doctor.broker_silent"]
    refused = BrokerSeen(refused=say("broker.runtime_unsafe"))
    assert codes(replace(GOOD, broker=refused)) == ["broker.runtime_unsafe"]


def test_what_the_broker_says_is_wrong_keeps_its_own_sentence_and_severity() -> None:
    told = tuple(
        Condition(code, NOW)
        for code in ("vault.locked", "session.needs_person", "completions.paused")
    )
    facts = replace(GOOD, broker=replace(BROKER, conditions=told))
    assert codes(facts) == ["session.needs_person", "vault.locked"]


def test_a_cause_is_told_and_its_consequences_are_not() -> None:
    told = (Condition("identity.unreachable", NOW), Condition("gateway.unreachable", NOW))
    broker = replace(BROKER, conditions=told)
    assert codes(replace(gateway(Trouble("refused")), broker=broker)) == ["doctor.not_reachable"]
    # What the doctor does not meet itself it believes.
    assert len(codes(replace(GOOD, broker=broker))) == 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"can_renew": False}, ["doctor.no_refresh_token"]),
        ({"can_renew": None, "access_life_s": None, "renewals": ()}, []),
        ({"access_life_s": 599.0}, ["doctor.short_life"]),
        ({"access_life_s": 600.0}, []),
        ({"renewals": renewals("not_processed: vault.busy")}, ["doctor.lock_held"]),
        ({"renewals": renewals(*["not_processed: network.dns"] * 3)}, ["doctor.renewals_fail"]),
        ({"renewals": renewals(*["not_processed: network.dns"] * 2)}, []),
        ({"renewals": renewals("ambiguous: network.reset", "adopted")}, []),
        (
            {"renewals": renewals("ambiguous: network.reset", "rejected: invalid_grant")},
            ["doctor.rotation_grace"],
        ),
        ({"renewals": renewals("rejected: invalid_grant")}, []),
    ],
)
def test_what_will_sign_people_out_is_told(values: dict[str, object], expected: list[str]) -> None:
    assert codes(session(**values)) == expected


def test_a_retry_after_the_grace_time_says_nothing_about_it() -> None:
    told = renewals("ambiguous: reset", "rejected: invalid_grant", every_s=31.0)
    assert rejected_retry_s(told) is None
    soon = renewals("ambiguous: reset", "rejected: invalid_grant", every_s=0.2)
    assert rejected_retry_s(soon) == pytest.approx(0.2)


def test_failures_before_a_success_are_over() -> None:
    assert failing(renewals("ambiguous: x", "ambiguous: x", "ambiguous: x", "renewed")) == ()
    assert len(failing(renewals("renewed", "ambiguous: x", "ambiguous: x", "ambiguous: x"))) == 3
    held = "held back: going to sleep"
    assert failing(renewals("ambiguous: x", held, held, held, "not_processed: y")) == ()


def test_the_json_holds_findings_and_facts_and_can_be_read_back() -> None:
    facts = gateway(Trouble("refused"))
    told = json.loads(json.dumps(as_json(facts, findings(facts))))
    assert set(told) == {"findings", "facts"}
    (finding,) = told["findings"]
    assert set(finding) == {"code", "severity", "title", "text"}
    assert told["facts"]["broker"]["running"] is True
    assert told["facts"]["endpoints"][0]["outcome"] == {"kind": "refused", "detail": ""}
    assert told["facts"]["broker"]["session"]["renewals"][0]["outcome"] == "renewed"


def test_a_person_reads_what_is_wrong_first_and_then_what_was_seen() -> None:
    facts = replace(gateway(Trouble("refused")), proxies=(("https", "http://proxy:8080"),))
    told = "\n".join(lines(facts, findings(facts), NOW))
    assert told.startswith("error: No connection [doctor.not_reachable]")
    for seen in ("process 4711", "renewed after 0.3 s", "http://proxy:8080", "192.0.2.7"):
        assert seen in told
