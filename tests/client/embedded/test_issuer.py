"""Signing in to the embedded issuer, staying signed in, and everything that must not work."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sidelight_client.embedded.issuer import Issuer, IssuerSettings, redirect_allowed
from sidelight_client.embedded.jwt import Claims, Signer, TokenProblem

pytestmark = pytest.mark.anyio


def claims_of(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def test_a_code_with_the_right_verifier_brings_tokens_for_the_gateway(client):
    reply = await client.redeem(await client.code())
    granted = reply.json
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    assert granted["token_type"] == "Bearer"
    assert granted["expires_in"] == 28_800
    assert claims_of(granted["access_token"])["aud"] == "sidelight-gateway"
    assert claims_of(granted["id_token"])["nonce"] == "n-1"
    client.tokens = granted
    assert (await client.ask("GET", "/usage")).status == 200


async def test_discovery_names_endpoints_below_the_issuer_that_exist(client):
    document = (await client.ask("GET", "/issuer/.well-known/openid-configuration")).json
    issuer = document["issuer"]
    assert issuer == f"{client.gateway.url}/issuer"
    for name, value in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.startswith(issuer + "/")
            assert (await client.ask("PUT", urlsplit(value).path)).status == 405


async def test_the_redirect_carries_code_state_and_issuer(client):
    key = {"X-Sidelight-Key": client.gateway.key.reveal()}
    reply = await client.ask("GET", client.authorize_path(), key, signed_in=False)
    said = parse_qs(urlsplit(reply.headers["location"]).query)
    assert reply.headers["location"].startswith("http://127.0.0.1:9/callback?")
    assert said["state"] == ["st&te"]
    assert said["iss"] == [f"{client.gateway.url}/issuer"]


@pytest.mark.parametrize("key", ["", "wrong", "x" * 5_000])
async def test_without_the_local_key_nobody_signs_in_and_the_page_says_what_is_missing(client, key):
    reply = await client.ask("GET", client.authorize_path(sidelight_key=key), signed_in=False)
    assert "location" not in reply.headers
    assert b"local key" in reply.body
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert reply.status == (403 if key else 200)


async def test_the_page_shows_what_was_asked_as_text_never_as_markup(client):
    reply = await client.ask("GET", client.authorize_path(state='"><script>x'), signed_in=False)
    assert b"<script>" not in reply.body


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"client_id": "other"}, "Unknown program"),
        ({"redirect_uri": "https://example.com/callback"}, "Wrong address"),
    ],
)
async def test_a_stranger_is_told_on_a_page_and_never_redirected(client, changes, word):
    key = {"X-Sidelight-Key": client.gateway.key.reveal()}
    reply = await client.ask("GET", client.authorize_path(**changes), key, signed_in=False)
    assert reply.status == 400
    assert word in reply.body.decode()
    assert "location" not in reply.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
async def test_a_wrong_request_goes_back_to_the_program_with_its_error(client, changes, error):
    key = {"X-Sidelight-Key": client.gateway.key.reveal()}
    reply = await client.ask("GET", client.authorize_path(**changes), key, signed_in=False)
    assert parse_qs(urlsplit(reply.headers["location"]).query)["error"] == [error]


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("http://127.0.0.1:1/callback", True),
        ("http://localhost:65535/callback", True),
        ("http://127.0.0.1/callback", False),
        ("http://127.0.0.1:0/callback", False),
        ("http://127.0.0.1:99999/callback", False),
        ("http://127.0.0.1:8/callback?x=1", False),
        ("http://127.0.0.1:8/callback#x", False),
        ("http://127.0.0.1:8/other", False),
        ("http://user@127.0.0.1:8/callback", False),
        ("http://127.0.0.1.example.com:8/callback", False),
        ("http://127.0.0.2:8/callback", False),
        ("https://127.0.0.1:8/callback", False),
        ("http://127.0.0.1:8/callback\r\nX: y", False),
        ("", False),
    ],
)
def test_only_loopback_redirects_are_allowed(uri, allowed):
    assert redirect_allowed(uri) is allowed


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 50},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:10/callback"},
    ],
)
async def test_a_code_is_worth_nothing_without_its_verifier_and_redirect(client, changes):
    reply = await client.redeem(await client.code(), **changes)
    assert (reply.status, reply.json["error"]) == (400, "invalid_grant")
    assert (await client.redeem("made-up")).json["error"] == "invalid_grant"


async def test_a_challenge_with_odd_letters_is_refused_and_the_issuer_goes_on(client):
    reply = await client.redeem(await client.code(code_challenge="ü" * 43))
    assert (reply.status, reply.json["error"]) == (400, "invalid_grant")


async def test_a_code_is_good_for_a_minute(client, clock):
    code = await client.code()
    await clock.advance(61)
    assert (await client.redeem(code)).json["error"] == "invalid_grant"


async def test_a_code_that_comes_twice_takes_back_what_it_gave(client):
    code = await client.code()
    first = (await client.redeem(code)).json
    assert (await client.redeem(code)).json["error"] == "invalid_grant"
    assert (await client.renew(first["refresh_token"])).json["error"] == "invalid_grant"


async def test_each_renewal_spends_its_token_and_gives_the_next(client):
    first = client.tokens["refresh_token"]
    second = (await client.renew(first)).json["refresh_token"]
    third = await client.renew(second)
    assert third.status == 200
    assert len({first, second, third.json["refresh_token"]}) == 3


async def test_a_spent_refresh_token_ends_the_whole_sign_in(client):
    first = client.tokens["refresh_token"]
    second = (await client.renew(first)).json["refresh_token"]
    assert (await client.renew(first)).json["error"] == "invalid_grant"
    assert (await client.renew(second)).json["error"] == "invalid_grant"


async def test_the_end_of_one_sign_in_leaves_another_alone(client):
    other = (await client.redeem(await client.code())).json["refresh_token"]
    await client.renew(client.tokens["refresh_token"])
    await client.renew(client.tokens["refresh_token"])
    assert (await client.renew(other)).status == 200


async def test_a_session_lasts_thirty_days_from_its_last_renewal(client, clock):
    await clock.close_lid(29 * 86_400)
    renewed = await client.renew(client.tokens["refresh_token"])
    assert renewed.status == 200
    await clock.close_lid(31 * 86_400)
    assert (await client.renew(renewed.json["refresh_token"])).json["error"] == "invalid_grant"


async def test_without_offline_access_there_is_no_refresh_token(client):
    granted = (await client.redeem(await client.code(scope="openid"))).json
    assert "refresh_token" not in granted
    assert granted["scope"] == "openid"


async def test_revoking_ends_the_sign_in_and_unknown_tokens_are_fine(client):
    assert (await client.form("/issuer/revoke", token=client.tokens["refresh_token"])).status == 200
    assert (await client.renew(client.tokens["refresh_token"])).json["error"] == "invalid_grant"
    assert (await client.form("/issuer/revoke", token="made-up")).status == 200


async def test_an_access_token_ends_after_eight_hours_and_says_so(client, clock):
    await clock.close_lid(28_799)
    assert (await client.ask("GET", "/usage")).status == 200
    await clock.close_lid(1)
    reply = await client.ask("GET", "/usage")
    assert (reply.status, reply.error["code"]) == (401, "auth.expired")
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


async def test_a_life_of_a_minute_can_be_chosen(serve, clock):
    async with serve(issuer=IssuerSettings(access_life_s=60)) as client:
        await client.sign_in()
        assert client.tokens["expires_in"] == 60
        await clock.close_lid(60)
        assert (await client.ask("GET", "/usage")).error["code"] == "auth.expired"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x.y.z", "Basic dXNlcg==", "Bearer " + "a" * 9_000, "Bearer ....."],
)
async def test_anything_else_than_our_token_is_invalid(client, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    reply = await client.ask("GET", "/usage", headers, signed_in=False)
    assert (reply.status, reply.error["code"]) == (401, "auth.invalid")


async def test_an_id_token_does_not_open_the_gateway(client):
    headers = {"Authorization": f"Bearer {client.tokens['id_token']}"}
    assert (await client.ask("GET", "/usage", headers)).error["code"] == "auth.invalid"


async def test_a_device_is_signed_in_once_the_person_has_approved(client, clock):
    begun = (await client.form("/issuer/device_authorization", client_id="sidelight")).json
    poll = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": "sidelight",
        "device_code": begun["device_code"],
    }
    assert (await client.form("/issuer/token", **poll)).json["error"] == "authorization_pending"
    assert (await client.form("/issuer/token", **poll)).json["error"] == "slow_down"
    page = urlsplit(begun["verification_uri_complete"])
    asked = f"{page.path}?{page.query}"
    assert b"local key" in (await client.ask("GET", asked, signed_in=False)).body
    key = urlencode({"sidelight_key": client.gateway.key.reveal()})
    assert b"Signed in" in (await client.ask("GET", f"{asked}&{key}")).body
    await clock.advance(5)
    assert (await client.form("/issuer/token", **poll)).status == 200
    assert (await client.form("/issuer/token", **poll)).json["error"] == "invalid_grant"


async def test_a_device_code_is_good_for_ten_minutes(client, clock):
    begun = (await client.form("/issuer/device_authorization", client_id="sidelight")).json
    await clock.close_lid(601)
    reply = await client.form(
        "/issuer/token",
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        client_id="sidelight",
        device_code=begun["device_code"],
    )
    assert reply.json["error"] == "expired_token"
    assert not client.gateway.approve_device(begun["user_code"])


async def test_a_user_code_is_read_as_people_type_it(client):
    begun = (await client.form("/issuer/device_authorization", client_id="sidelight")).json
    assert client.gateway.approve_device(begun["user_code"].replace("-", " ").lower())


@pytest.mark.parametrize("kind", ["access_token", "id_token"])
async def test_a_token_of_ours_can_be_exchanged_for_a_gateway_token(client, kind):
    reply = await client.form(
        "/issuer/token",
        grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
        client_id="sidelight",
        subject_token=client.tokens[kind],
        subject_token_type=f"urn:ietf:params:oauth:token-type:{kind}",
    )
    assert reply.json["issued_token_type"].endswith(":access_token")
    client.tokens = reply.json
    assert (await client.ask("GET", "/usage")).status == 200


async def test_an_unknown_client_or_grant_is_refused(client):
    assert (await client.form("/issuer/token", client_id="x")).json["error"] == "invalid_client"
    reply = await client.form("/issuer/token", client_id="sidelight", grant_type="password")
    assert reply.json["error"] == "unsupported_grant_type"
    assert (await client.form("/issuer/device_authorization")).status == 401


async def test_userinfo_names_the_account_to_the_token_of_the_session(client):
    person = (await client.ask("GET", "/issuer/userinfo")).json
    assert person["preferred_username"] == "you@this-machine"
    assert person["sub"] == "local-user"
    assert (await client.ask("GET", "/issuer/userinfo", signed_in=False)).status == 401


async def test_the_published_key_is_public_only(client):
    (key,) = (await client.ask("GET", "/issuer/jwks")).json["keys"]
    assert key["alg"] == "EdDSA"
    assert "d" not in key


def test_the_issuer_remembers_a_bounded_number_of_sign_ins():
    issuer = Issuer("http://x/issuer", IssuerSettings(), lambda: 0.0)
    for _ in range(300):
        issuer.device({"client_id": "sidelight"})
        issuer._signed_in("openid offline_access", "")
    assert len(issuer._devices) == len(issuer._families) == 200


def test_a_changed_letter_or_another_key_breaks_the_signature():
    signer, other = Signer(), Signer()
    good = {"issuer": "i", "audience": "a", "now": 1.0}
    token = signer.sign({"iss": "i", "aud": "a", "exp": 2})
    assert isinstance(signer.verify(token, **good), Claims)
    assert other.verify(token, **good) is TokenProblem.INVALID
    head, payload, signature = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for forged in (
        f"{none}.{payload}.",
        f"{none}.{payload}.{signature}",
        f"{head}.{payload}x.{signature}",
    ):
        assert signer.verify(forged, **good) is TokenProblem.INVALID
    assert signer.verify(token, **(good | {"issuer": "j"})) is TokenProblem.INVALID
    assert signer.verify(token, **(good | {"now": 2.0})) is TokenProblem.EXPIRED
    assert signer.verify(signer.sign({"iss": "i", "aud": "a"}), **good) is TokenProblem.INVALID
