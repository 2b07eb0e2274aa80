"""What a gateway's answer to an exchange comes to: its own token, or why there is none. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..domain.identity.secret import Secret
from ..domain.identity.session_events import RenewalFailure
from ..ports import RenewalRefused
from .http import HttpAnswer, HttpProblem
from .oidc_tokens import classify, error_code, error_reason, json_object, read_life

KEY_LIFE_UNKNOWN_S = 8 * 3600.0
"""A key without a stated end is renewed twice a day; a 401 renews it earlier."""
DENIED_RETRY_S = 300.0
"""A refusal that an administrator must lift is not asked about every few seconds."""
_CREATED = 201
_UNAUTHORIZED = 401
_DENIALS = (400, 401, 402, 403, 404, 422)
_TOKEN_ERRORS = ("invalid_request", "invalid_grant", "invalid_token")
"""RFC 8693 §2.2.2 for a subject token that is not acceptable, and what servers say instead."""


@dataclass(frozen=True, slots=True)
class Own:
    """The gateway's own token."""

    token: Secret
    life_s: float
    bound: bool = False


@dataclass(frozen=True, slots=True)
class NotGiven:
    """None was given; `denied` by somebody who read the request, `stale` for the subject's sake."""

    refused: RenewalRefused
    denied: bool = False
    stale: bool = False


def read_key(answer: HttpAnswer) -> Own | None:
    fields = json_object(answer.body) if answer.status in (200, _CREATED) else None
    key = (fields.get("key") or fields.get("token")) if fields is not None else None
    if fields is None or not isinstance(key, str) or not key.isascii() or not key.isprintable():
        return None
    return Own(Secret(key), read_life(fields.get("expires_in"), KEY_LIFE_UNKNOWN_S))


def why_not(answer: HttpAnswer | HttpProblem, now: float) -> NotGiven:
    """Why there is no token of the gateway's own.

    Whatever it was, the refresh token was not part of it: it counts as not processed.
    """
    refused = replace(classify(answer, now), failure=RenewalFailure.NOT_PROCESSED)
    if not isinstance(answer, HttpAnswer) or answer.status not in _DENIALS:
        return NotGiven(refused)
    fields = json_object(answer.body)
    if fields is None:
        # A page of somebody in between says nothing about the token.
        return NotGiven(refused)
    stale = answer.status == _UNAUTHORIZED or error_code(fields) in _TOKEN_ERRORS
    reason = error_reason(fields) or f"exchange.{answer.status}"
    delay_s = max(refused.retry_delay_s or 0.0, DENIED_RETRY_S)
    return NotGiven(replace(refused, reason=reason, retry_delay_s=delay_s), True, stale)
