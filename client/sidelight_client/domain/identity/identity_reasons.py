"""What a sign-in service's error code means for a person: which sentence of the catalogue is theirs.

Sources: RFC 6749 §5.2 and §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 8693 §2.2.2, RFC 9470 §3;
for Entra ID https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

_CODES: dict[str, tuple[str, ...]] = {
    "identity.no_seat": (
        "access_denied",  # Okta: the person is not assigned to the application.
        "no_seat",
        "seat_required",
        "license_required",
        "user_not_assigned",
        "exchange.402",
        "AADSTS50105",  # Not assigned to a role of the application.
        "AADSTS501051",
    ),
    "identity.wrong_group": (
        "wrong_group",
        "group_required",
        "not_in_group",
        "exchange.403",
        "AADSTS50020",  # The account is of another tenant.
        "AADSTS50034",  # There is no such account in the tenant.
        "AADSTS50177",
        "AADSTS90072",
    ),
    "identity.conditional_access": (
        "insufficient_claims",
        "insufficient_user_authentication",
        "unmet_authentication_requirements",
        "mfa_required",
        "AADSTS50005",  # The device's platform is not supported.
        "AADSTS50074",  # A second factor is wanted.
        "AADSTS50076",
        "AADSTS50079",  # A second factor must be enrolled first.
        "AADSTS50097",  # The device must prove itself.
        "AADSTS50131",
        "AADSTS50158",  # A challenge of another service is wanted.
        "AADSTS53000",  # The device does not comply.
        "AADSTS53001",  # The device is not joined to the domain.
        "AADSTS53002",
        "AADSTS53003",  # Blocked by a policy.
        "AADSTS53004",
        "AADSTS53009",
        "AADSTS530003",  # The device must be managed.
        "AADSTS70043",  # The session ended by the policy on sign-in frequency.
    ),
    "identity.misconfigured": (
        "invalid_client",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "invalid_scope",
        "invalid_target",
        "redirect_uri_mismatch",
        "invalid_redirect_uri",
        "exchange_url_unusable",
        "entra_extra_missing",
        "device_flow_not_offered",
        "exchange.404",
        "AADSTS50011",  # The redirect address is not registered.
        "AADSTS50194",  # The application is for one tenant only.
        "AADSTS65001",  # Nobody has consented.
        "AADSTS65005",
        "AADSTS70001",
        "AADSTS70002",
        "AADSTS70011",  # The scope is not valid.
        "AADSTS90002",  # There is no such tenant.
        "AADSTS90094",  # An administrator must consent.
        "AADSTS500011",  # The gateway is not registered in the tenant.
        "AADSTS700016",  # The application is not registered in the tenant.
        "AADSTS7000218",  # The application is not registered as a public client.
    ),
}

_BY_REASON = {reason: code for code, reasons in _CODES.items() for reason in reasons}


def identity_reason(reason: str) -> str | None:
    """The catalogue's code for a provider's error; None where signing in again may help.

    Args:
        reason: the provider's `error`, or Entra ID's `AADSTS…` number, or our own word.
    """
    return _BY_REASON.get(reason)
