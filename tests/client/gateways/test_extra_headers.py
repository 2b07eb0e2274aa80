"""Headers an organisation fixes: which, with which values, and whose secrets are told to nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.identity.secret import Secret
from sidelight_client.gateways.extra_headers import (
    ALLOWED,
    MAX_HEADERS,
    ExtraHeaders,
    extra_headers,
)
from sidelight_client.gateways.registry import PROFILES

SECRET = "pk-" + "s" * 40
ENVIRONMENT = {"PORTKEY": SECRET, "BROKEN": "a\nb", "EMPTY": "", "HUGE": "x" * 5_000}
KEYRING = {"portkey": "from-the-keyring"}


def read(*written: str, profile: str = "portkey") -> ExtraHeaders:
    return extra_headers(written, profile, ENVIRONMENT.get, KEYRING.get)


def test_plain_words_and_references_become_headers_nobody_can_print() -> None:
    found = read(
        "x-portkey-provider=openai",
        "X-Portkey-Config = env:PORTKEY",
        "x-portkey-api-key=keyring:portkey",
    )
    assert found.problems == ()
    assert found.headers == {
        "x-portkey-provider": Secret("openai"),
        "x-portkey-config": Secret(SECRET),
        "x-portkey-api-key": Secret("from-the-keyring"),
    }
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("authorization=x", "authorization is no header"),
        ("x-portkey-metadata=team", "x-portkey-metadata is no header"),
        ("host=evil", "host is no header"),
        ("x y\r\nz=1", "one of them is no header"),
        ("x-portkey-api-key=pk-123", "holds a key"),
        ('x-portkey-config={"api_key":"pk-123"}', "no plain word"),
        ("x-portkey-provider=a\r\nhost: b", "no plain word"),
        ("x-portkey-provider=", "no plain word"),
        ("x-portkey-config=env:MISSING", "which the environment does not have"),
        ("x-portkey-config=env:EMPTY", "which the environment does not have"),
        ("x-portkey-config=keyring:none", "which the keyring does not have"),
        ("x-portkey-config=env:BROKEN", "whose value no header can hold"),
        ("x-portkey-config=env:HUGE", "whose value no header can hold"),
        ("nonsense", "nonsense is no header"),
    ],
)
def test_what_cannot_be_a_header_is_left_out_and_its_value_is_not_told(
    line: str, problem: str
) -> None:
    found = read(line)
    assert found.headers == {}
    (told,) = found.problems
    assert problem in told
    assert "pk-123" not in told


def test_a_header_of_another_gateway_is_refused() -> None:
    assert read("x-portkey-provider=openai", profile="litellm").headers == {}
    assert read("x-portkey-provider=openai", profile="sidelight").headers == {}


def test_no_profile_lets_identity_or_framing_be_set() -> None:
    assert set(ALLOWED) <= set(PROFILES)
    names = {name for allowed in ALLOWED.values() for name in allowed}
    assert not names & {"authorization", "cookie", "host", "content-length", "traceparent", "dpop"}
    assert all(name == name.lower() for name in names)


@given(st.lists(st.text(max_size=30) | st.just("x-portkey-provider=openai"), max_size=20))
def test_whatever_is_written_is_bounded_and_of_the_profile(written: list[str]) -> None:
    found = extra_headers(written, "portkey", ENVIRONMENT.get, KEYRING.get)
    assert len(found.headers) <= MAX_HEADERS
    assert set(found.headers) <= ALLOWED["portkey"]
    assert len(found.problems) <= MAX_HEADERS + 1


def test_the_page_names_every_header_that_can_be_set() -> None:
    page = (Path(__file__).parents[3] / "docs" / "contract.md").read_text(encoding="utf-8")
    names = {name for allowed in ALLOWED.values() for name in allowed}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
