"""The device authorization answers (RFC 8628): the code to show, and what a poll came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..domain.identity.secret import Secret
from ..ports import SignInFailed
from .http import HttpAnswer, HttpProblem
from .oidc_metadata import is_private
from .oidc_tokens import error_code, error_detail, error_reason, json_object, retry_after

INTERVAL_S = 5.0
"""How long to wait between polls when the provider says nothing, and what `slow_down` adds (§3.5)."""
INTERVAL_MAX_S = 60.0
LIFE_MAX_S = 1800.0
USER_CODE_MAX = 64
_OK = 200
_LOST_FOR_NOW = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person must type where, and until when."""

    device_code: Secret
    user_code: str
    show_url: str
    ends_at: float
    interval_s: float


@dataclass(frozen=True, slots=True)
class Pending:
    """The person has not finished; poll again after so many seconds."""

    next_s: float


def ask_device_code(answer: HttpAnswer | HttpProblem, now: float) -> DeviceCode | SignInFailed:
    """The code from the device authorization endpoint's answer (§3.2)."""
    if isinstance(answer, HttpProblem):
        return SignInFailed(f"network.{answer.kind}")
    fields = json_object(answer.body) or {}
    if answer.status != _OK:
        return SignInFailed(error_reason(fields) or f"http.{answer.status}", error_detail(fields))
    device_code, user_code = fields.get("device_code"), fields.get("user_code")
    # Older drafts, still answered by some providers, call it a URL.
    plain = fields.get("verification_uri") or fields.get("verification_url")
    complete = fields.get("verification_uri_complete") or plain
    if not (
        isinstance(device_code, str)
        and isinstance(user_code, str)
        and 0 < len(user_code) <= USER_CODE_MAX
        and user_code.isprintable()
        and isinstance(complete, str)
        and _can_be_opened(complete)
    ):
        return SignInFailed("device_answer_unreadable")
    life_s = _number(fields, "expires_in", LIFE_MAX_S)
    interval_s = _number(fields, "interval", INTERVAL_S)
    return DeviceCode(
        Secret(device_code),
        user_code,
        complete,
        now + min(life_s, LIFE_MAX_S),
        min(max(interval_s, 1.0), INTERVAL_MAX_S),
    )


def _can_be_opened(url: str) -> bool:
    """The address is shown to a person and may be opened for them: nothing but a web page."""
    return is_private(url) and urlsplit(url).scheme in ("https", "http") and url.isprintable()


def _number(fields: dict[str, Any], name: str, default: float) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return default
    return float(value)


def read_pending(answer: HttpAnswer | HttpProblem, interval_s: float) -> Pending | SignInFailed:
    """What a poll without tokens means (§3.5); the network's troubles only make it slower."""
    if isinstance(answer, HttpProblem) or answer.status in _LOST_FOR_NOW:
        asked = retry_after(answer, 0.0) if isinstance(answer, HttpAnswer) else None
        return Pending(min(max(interval_s * 2, asked or 0.0), INTERVAL_MAX_S))
    fields = json_object(answer.body) or {}
    match error_code(fields):
        case "authorization_pending":
            return Pending(interval_s)
        case "slow_down":
            return Pending(min(interval_s + INTERVAL_S, INTERVAL_MAX_S))
        case code:
            failed = error_reason(fields) or code or f"http.{answer.status}"
            return SignInFailed(failed, error_detail(fields))
