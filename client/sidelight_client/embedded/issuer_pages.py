"""The issuer's endpoints and pages: what a browser or a client is answered at `<origin>/issuer/…`."""

from __future__ import annotations

import html
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from ..domain.identity.secret import Secret
from .discovery import CLIENT_ID, SCOPES
from .http import Request, Response, form_fields
from .issuer import Issuer, OAuthError, redirect_allowed
from .jwt import TokenProblem
from .replies import NO_STORE, json_reply

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"


class IssuerPages:
    """Answers requests under `/issuer`. Only whoever knows `key` can approve a sign-in.

    Without that, any other user of this machine, who can reach a loopback port as well as its
    owner, could sign in.
    """

    def __init__(self, issuer: Issuer, key: Secret) -> None:
        self._issuer = issuer
        self._key = key

    def metadata(self, _: Request) -> Response:
        """Discovery (OpenID Connect Discovery §3, RFC 8414)."""
        url = self._issuer.url
        return json_reply(
            HTTPStatus.OK,
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "device_authorization_endpoint": f"{url}/device_authorization",
                "revocation_endpoint": f"{url}/revoke",
                "userinfo_endpoint": f"{url}/userinfo",
                "jwks_uri": f"{url}/jwks",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": [
                    "authorization_code",
                    "refresh_token",
                    DEVICE_GRANT,
                    EXCHANGE_GRANT,
                ],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "revocation_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": list(SCOPES),
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
                "claims_supported": ["sub", "preferred_username", "email", "name"],
                "authorization_response_iss_parameter_supported": True,
            },
        )

    def jwks(self, _: Request) -> Response:
        return json_reply(HTTPStatus.OK, self._issuer.jwks())

    def authorize(self, request: Request) -> Response:
        """The page a person's browser opens: a redirect with a code once the key is there."""
        asked = request.query
        if asked.get("client_id") != CLIENT_ID:
            return _page(
                HTTPStatus.BAD_REQUEST,
                "Unknown program",
                "A program that this sign-in service does not know asked to sign you in. "
                "Close this page; nothing was shared.",
            )
        if not redirect_allowed(asked.get("redirect_uri", "")):
            return _page(
                HTTPStatus.BAD_REQUEST,
                "Wrong address",
                "The program asked to send your sign-in to an address that is not on this "
                "machine. Close this page; nothing was shared.",
            )
        if not self.knows_key(request):
            return self._ask_for_key(asked, "authorize")
        code = self._issuer.code(asked)
        answer = (
            {"error": code.error, "error_description": code.description}
            if isinstance(code, OAuthError)
            else {"code": code}
        )
        # `iss` tells the client whose answer this is (RFC 9207).
        answer |= {"state": asked.get("state", ""), "iss": self._issuer.url}
        location = f"{asked['redirect_uri']}?{urlencode(answer)}"
        return Response(HTTPStatus.FOUND, (("location", location), NO_STORE))

    def token(self, request: Request) -> Response:
        return _oauth(self._issuer.token(_form(request)))

    def device_authorization(self, request: Request) -> Response:
        return _oauth(self._issuer.device(_form(request)))

    def device(self, request: Request) -> Response:
        """The page on which a person approves a device's code."""
        asked = request.query
        if not asked.get("user_code") or not self.knows_key(request):
            return self._ask_for_key(asked, "device")
        if self._issuer.approve_device(asked["user_code"]):
            return _page(HTTPStatus.OK, "Signed in", "You can close this page.")
        return _page(
            HTTPStatus.NOT_FOUND,
            "Code not known",
            "There is no sign-in waiting for this code, or it waited longer than ten minutes. "
            "Start the sign-in again to get a new code.",
        )

    def revoke(self, request: Request) -> Response:
        self._issuer.revoke(_form(request))
        return Response(HTTPStatus.OK, (NO_STORE,))

    def userinfo(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self._issuer.verify(token.strip())
        if scheme.lower() != "bearer" or isinstance(claims, TokenProblem):
            challenge = ("www-authenticate", 'Bearer error="invalid_token"')
            return json_reply(HTTPStatus.UNAUTHORIZED, {"error": "invalid_token"}, (challenge,))
        person = {"sub": claims.subject, **self._issuer.person()}
        return json_reply(HTTPStatus.OK, person, (NO_STORE,))

    def knows_key(self, request: Request) -> bool:
        """Whether the request carries this start's local key; the comparison takes constant time."""
        said = request.headers.get("x-sidelight-key") or request.query.get("sidelight_key", "")
        return Secret(said) == self._key

    def _ask_for_key(self, asked: Mapping[str, str], action: str) -> Response:
        wrong = bool(asked.get("sidelight_key"))
        fields = {name: value for name, value in asked.items() if name != "sidelight_key"}
        code = action == "device" and "user_code" not in fields
        inputs = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in fields.items()
        )
        if code:
            inputs += '<p><label>Code <input name="user_code" autocomplete="off"></label>'
        return _page(
            HTTPStatus.FORBIDDEN if wrong else HTTPStatus.OK,
            "Is it you?",
            "Sidelight's development gateway runs on this machine for the person who started it. "
            "Type the local key it printed when it started."
            + (" The key you typed was not that one." if wrong else ""),
            f'<form action="{action}" method="get">{inputs}'
            '<p><label>Local key <input name="sidelight_key" type="password" autocomplete="off">'
            "</label> <button>Sign in</button></form>",
        )


def _form(request: Request) -> dict[str, str]:
    return form_fields(request.body.decode("utf-8", "replace"))


def _oauth(answer: dict[str, Any] | OAuthError) -> Response:
    if isinstance(answer, OAuthError):
        body = {"error": answer.error, "error_description": answer.description}
        return json_reply(answer.status, body, (NO_STORE,))
    return json_reply(HTTPStatus.OK, answer, (NO_STORE,))


def _page(status: int, title: str, text: str, extra: str = "") -> Response:
    """A page of plain words. `extra` is HTML; title and text are not."""
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)} – Sidelight</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:4em auto;"
        "padding:0 1em;color-scheme:light dark}</style>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>{extra}</html>"
    )
    # A form's redirect counts as its target for some browsers, so the loopback listener is named.
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'self' http://127.0.0.1:* http://localhost:*"
    )
    headers = (
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        NO_STORE,
    )
    return Response(status, headers, body.encode())
