"""What an answer of the token endpoint means: a grant, or exactly what it says about the refresh token.

Pure functions. The classification here is the only way to "signed out".
"""

from __future__ import annotations

import base64
import email.utils
import json
import math
import re
from dataclasses import dataclass
from typing import Any, assert_never, cast

from ..domain.identity.secret import Secret
from ..domain.identity.session_events import RenewalFailure
from ..ports import RenewalRefused
from .http import HttpAnswer, HttpProblem, HttpProblemKind

LIFE_UNKNOWN_S = 600.0
"""The life of a token whose provider states none: short, so that it is renewed and not refused."""
LIFE_MAX_S = 30 * 24 * 3600.0
EXCHANGE_MAX_S = 30.0
"""A token request that took longer on the wall clock was interrupted by a sleep."""
RETRY_AFTER_MAX_S = 3600.0

_OK = 200
_REDIRECTS = range(300, 400)
_SERVER_ERRORS = range(500, 600)
_OVERLOADED = (429, 503)
_OAUTH_ERRORS = (400, 401)
"""Statuses of an error response of the token endpoint (RFC 6749 §5.2)."""
_ENDS_THE_GRANT = ("invalid_grant", "interaction_required")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A successful token response (RFC 6749 §5.1), with its life already made sense of."""

    access_token: Secret
    refresh_token: Secret | None
    life_s: float
    scopes: tuple[str, ...] | None
    """None where the response names none: the scopes are those asked for."""
    id_token: Secret | None
    proven: bool = False
    """The access token must be presented with a proof (RFC 9449 §5)."""


def read_tokens(answer: HttpAnswer) -> Tokens | None:
    """The tokens of a 200 answer, or None when it is not a token response."""
    fields = json_object(answer.body) if answer.status == _OK else None
    if fields is None:
        return None
    access, refresh, scope = (fields.get(n) for n in ("access_token", "refresh_token", "scope"))
    if not isinstance(access, str) or not access:
        return None
    id_token = fields.get("id_token")
    return Tokens(
        access_token=Secret(access),
        refresh_token=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        life_s=_life(fields.get("expires_in"), access, answer),
        scopes=tuple(scope.split()) if isinstance(scope, str) else None,
        id_token=Secret(id_token) if isinstance(id_token, str) and id_token else None,
        proven=str(fields.get("token_type")).lower() == "dpop",
    )


def _life(expires_in: Any, access_token: str, answer: HttpAnswer) -> float:
    """How long the token lives, in seconds from its receipt.

    `expires_in` needs no clock but ours. Without it, a JWT's `exp` is compared with the `Date` of
    the same server and never with our clock, which may be hours off.
    """
    life = _seconds(expires_in)
    if life is None:
        ends, sent = _seconds(jwt_claims(access_token).get("exp")), _date(answer)
        life = ends - sent if ends is not None and sent is not None and ends > sent else None
    return min(life, LIFE_MAX_S) if life is not None else LIFE_UNKNOWN_S


def read_life(expires_in: Any, default_s: float) -> float:
    """The stated life of a token in seconds, within bounds; `default_s` where none is stated."""
    life = _seconds(expires_in)
    return min(life, LIFE_MAX_S) if life is not None else default_s


def _seconds(value: Any) -> float | None:
    """A positive number; Azure AD v1 and others write it as a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def expires_at(life_s: float, began_at: float, received_at: float) -> float:
    """When a token ends on our clock.

    Its life counts from receipt, unless the machine slept while the answer lay in the socket's
    buffer: then it counts from when the request began.
    """
    slept = not 0 <= received_at - began_at <= EXCHANGE_MAX_S
    return (min(began_at, received_at) if slept else received_at) + life_s


def classify(answer: HttpAnswer | HttpProblem, now: float) -> RenewalRefused:
    """What a token request that brought no tokens says about the refresh token that was sent."""
    match answer:
        case HttpProblem(kind, sent):
            # A body too large for tokens is somebody's page: the provider never saw the request.
            consumed = sent and kind is not HttpProblemKind.TOO_LARGE
            failure = RenewalFailure.AMBIGUOUS if consumed else RenewalFailure.NOT_PROCESSED
            return RenewalRefused(failure, f"network.{kind}")
        case HttpAnswer():
            return _classify_answer(answer, now)
        case _:
            assert_never(answer)


def _classify_answer(answer: HttpAnswer, now: float) -> RenewalRefused:
    status, reason = answer.status, f"http.{answer.status}"
    if status in _OVERLOADED:
        return RenewalRefused(RenewalFailure.NOT_PROCESSED, reason, retry_after(answer, now))
    if status in _SERVER_ERRORS:
        return RenewalRefused(RenewalFailure.AMBIGUOUS, reason, retry_after(answer, now))
    if status in _REDIRECTS:
        return RenewalRefused(RenewalFailure.NOT_PROCESSED, reason)
    fields = json_object(answer.body)
    if fields is None:
        # A captive portal's page, with whatever status it likes.
        return RenewalRefused(RenewalFailure.NOT_PROCESSED, "http.not_json")
    if status == _OK:
        # JSON from an endpoint that says it succeeded, and yet no token.
        return RenewalRefused(RenewalFailure.AMBIGUOUS, "http.no_token")
    code = error_code(fields)
    if status in _OAUTH_ERRORS and code in _ENDS_THE_GRANT:
        return RenewalRefused(RenewalFailure.REJECTED, error_reason(fields))
    return RenewalRefused(RenewalFailure.NOT_PROCESSED, error_reason(fields) or reason)


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`, or None; nothing is ever quoted."""
    try:
        raw: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else None


_ERROR_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def error_code(fields: dict[str, Any]) -> str:
    """The `error` of an OAuth error response; empty where it is not a plain word."""
    code = fields.get("error")
    return code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


_ENTRA_CODE = re.compile(r"AADSTS[0-9]{4,9}(?=\b)")


def error_reason(fields: dict[str, Any]) -> str:
    """The most exact name the provider gives its error: Entra ID's number, else `error`."""
    text = fields.get("error_description")
    found = _ENTRA_CODE.match(text) if isinstance(text, str) else None
    return found[0] if found is not None else error_code(fields)


_LONG_RUN = re.compile(r"[^\s]{40,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def error_detail(fields: dict[str, Any]) -> str:
    """The provider's `error_description` for the person, short and without anything token-like."""
    text = fields.get("error_description")
    if not isinstance(text, str):
        return ""
    return _LONG_RUN.sub("…", _CONTROL.sub(" ", text[:2000])).strip()[:300]


def retry_after(answer: HttpAnswer, now: float) -> float | None:
    """The `Retry-After` in seconds (RFC 9110 §10.2.3): a number, or a date by the server's clock."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), RETRY_AFTER_MAX_S)
    moment = _moment(text)
    if moment is None:
        return None
    sent = _date(answer)
    return min(max(moment - (sent if sent is not None else now), 0.0), RETRY_AFTER_MAX_S)


def _date(answer: HttpAnswer) -> float | None:
    return _moment(answer.headers.get("date", ""))


def _moment(text: str) -> float | None:
    if not text:
        return None
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def jwt_claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified; empty when it is none.

    Enough for a display name and a nonce of a token that came from the token endpoint over TLS
    (OpenID Connect Core §3.1.3.7, point 6); never enough to decide who may do what.
    """
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  header, claims, signature (RFC 7515 §3.1)
        return {}
    try:
        body = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    except ValueError:
        return {}
    return json_object(body) or {}
