"""Each way a sign-in can fail has its own sentence, and none shows a person a bare code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sidelight_client
from sidelight_client.domain.identity.sign_in_reasons import sign_in_failure
from sidelight_client.domain.words.catalogue import facts_of, say
from sidelight_client.domain.words.login import LOGIN

FAILURES = [
    ("access_denied", "", "login.declined"),
    ("access_denied", "User is not assigned to the client application.", "identity.no_seat"),
    ("AADSTS65004", "", "login.declined"),
    ("authorization_declined", "", "login.declined"),
    ("sign_in_timed_out", "", "login.timed_out"),
    ("expired_token", "", "login.timed_out"),
    ("replaced", "", "login.replaced"),
    ("redirect_port_busy", "Address already in use", "login.port_busy"),
    ("gateway_unreachable", "the gateway does not say who signs in", "login.unreachable"),
    ("network.dns", "", "login.unreachable"),
    ("network.timeout", "", "login.unreachable"),
    ("network.tls", "", "login.certificate"),
    ("network.proxy", "", "login.proxy"),
    ("http.503", "", "login.service_down"),
    ("server_error", "", "login.service_down"),
    ("interaction_required", "", "login.page_wanted"),
    ("login_required", "", "login.page_wanted"),
    ("consent_required", "", "login.consent_wanted"),
    ("AADSTS65001", "", "login.consent_wanted"),
    ("invalid_grant", "", "login.too_late"),
    ("id_token_mismatch", "", "login.answer_wrong"),
    ("device_flow_not_offered", "", "login.device_missing"),
    ("entra_extra_missing", "", "login.extra_missing"),
    ("invalid_client", "", "identity.misconfigured"),
    ("redirect_uri_mismatch", "", "identity.misconfigured"),
    ("invalid_redirect_uri", "", "identity.misconfigured"),
    ("AADSTS50011", "", "identity.misconfigured"),
    ("AADSTS50105", "", "identity.no_seat"),
    ("AADSTS50020", "", "identity.wrong_group"),
    ("AADSTS53003", "", "identity.conditional_access"),
    ("AADSTS50076", "", "identity.conditional_access"),
    ("something_new", "", "login.failed"),
    ("http.418", "", "login.failed"),
]


@pytest.mark.parametrize(("code", "detail", "said"), FAILURES)
def test_a_failed_sign_in_gets_its_sentence(code: str, detail: str, said: str) -> None:
    found, facts = sign_in_failure(code, detail)
    assert found == said
    assert set(facts_of(found)) <= {*facts, "issuer"}
    message = say(found, facts)
    assert "–" not in message.text
    if facts_of(found):
        assert detail.rstrip(".") in message.text


def test_the_providers_own_words_are_not_said_twice() -> None:
    words = "AADSTS50105: The signed in user is not assigned to a role."
    _, facts = sign_in_failure("AADSTS50105", words)
    assert facts == {"reason": words.removesuffix(".")}
    assert sign_in_failure("invalid_scope", "no such scope")[1] == {
        "reason": "invalid_scope: no such scope"
    }


def test_every_sentence_is_said_of_some_failure() -> None:
    assert {said for _, _, said in FAILURES if said.startswith("login.")} == set(LOGIN)


def test_every_failure_we_name_ourselves_has_a_sentence_of_its_own() -> None:
    root = Path(sidelight_client.__file__).parent
    codes = {
        call.args[0].value
        for file in (root / "adapters").glob("*.py")
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id == "SignInFailed" and isinstance(call.args[0], ast.Constant)
    }
    assert len(codes) > 8
    assert {code for code in codes if sign_in_failure(code)[0] == "login.failed"} == set()
