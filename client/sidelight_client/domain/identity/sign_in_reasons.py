"""What a sign-in that did not finish says to the person: the sentence for its code. Pure.

Sources of the codes: RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, OpenID Connect Core §3.1.2.6; for
Entra ID https://learn.microsoft.com/entra/identity-platform/reference-error-codes. The others are
our own.
"""

from __future__ import annotations

from .identity_reasons import identity_reason

_CODES: dict[str, tuple[str, ...]] = {
    "login.declined": (
        "access_denied",
        "authorization_declined",  # Entra ID's word for it in the device flow.
        "user_cancelled",
        "AADSTS65004",  # The person declined to consent.
    ),
    "login.timed_out": (
        "sign_in_timed_out",
        "expired_token",
        "AADSTS70019",  # The code of the device flow expired.
        "AADSTS70020",
    ),
    "login.replaced": ("replaced",),
    "login.port_busy": ("redirect_port_busy",),
    "login.unreachable": ("gateway_unreachable", "discovery_unreadable"),
    "login.certificate": ("network.tls",),
    "login.proxy": ("network.proxy", "http.407"),
    "login.service_down": (
        "temporarily_unavailable",
        "server_error",
        "AADSTS90033",  # A service of theirs is unavailable.
    ),
    "login.page_wanted": (
        "interaction_required",
        "login_required",
        "account_selection_required",
        "AADSTS50058",  # Nobody is signed in, and the page may not ask.
        "AADSTS16000",  # An account has to be chosen.
        "AADSTS50055",  # The password expired.
        "AADSTS50144",
    ),
    "login.consent_wanted": (
        "consent_required",
        "AADSTS65001",  # Nobody has consented.
        "AADSTS90094",  # An administrator must consent.
        "AADSTS90008",
    ),
    "login.too_late": (
        "invalid_grant",
        "AADSTS54005",  # The code was used before.
        "AADSTS70000",
        "AADSTS70008",  # The code expired.
    ),
    "login.answer_wrong": (
        "id_token_mismatch",
        "issuer_mismatch",
        "no_code",
        "device_answer_unreadable",
        "entra_no_address",
        "entra_not_sent",
    ),
    "login.device_missing": ("device_flow_not_offered",),
    "login.extra_missing": ("entra_extra_missing",),
}

_BY_REASON = {reason: code for code, reasons in _CODES.items() for reason in reasons}
_NOT_ASSIGNED = "not assigned"
"""Okta's `error_description` for a person whom nobody assigned to the application."""


def sign_in_failure(code: str, detail: str = "") -> tuple[str, dict[str, str]]:
    """The catalogue's code for a failed sign-in, and the facts of its sentence.

    Args:
        code: of the failure: the provider's own error, or one of ours.
        detail: the provider's words for it; empty where it had none.
    """
    words = detail.rstrip(". ")
    # Entra ID's words begin with their own code.
    reason = words if words.startswith(code) else f"{code}: {words}" if words else code
    if code == "access_denied" and _NOT_ASSIGNED in detail.casefold():
        return "identity.no_seat", {"reason": reason}
    known = _BY_REASON.get(code) or identity_reason(code)
    if known is None and code.startswith("network."):
        known = "login.unreachable"
    if known is None and code.startswith("http.5"):
        known = "login.service_down"
    if known is None:
        return "login.failed", {"problem": reason}
    return known, {"reason": reason}
