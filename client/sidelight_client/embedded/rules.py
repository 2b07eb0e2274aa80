"""The content rules the embedded gateway enforces: those of the catalogue precise enough to block on."""

from __future__ import annotations

from ..adapters.stdnum_validators import VALIDATORS
from ..domain.content.catalogue import CATALOGUE
from ..domain.policy.organisation import ContentRule

__all__ = ["DEFAULT_RULES", "EMAIL_RULE", "PERSONAL_RULES", "SECRET_RULES", "VALIDATORS"]

_KNOWN = {rule.id: rule.content for rule in CATALOGUE}

PERSONAL_RULES = tuple(_KNOWN[id_] for id_ in ("us_ssn", "payment_card", "iban"))
"""What identifies a person or their money."""

_PRIVATE_KEY = ContentRule(
    "private_key",
    "Private key",
    "re2",
    # A gateway sees windows, which may end behind the armour: it objects to the armour alone.
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----",
    explain=_KNOWN["private_key"].explain,
)

SECRET_RULES = (
    *(
        _KNOWN[id_]
        for id_ in (
            *("aws_access_key", "github_token", "slack_token", "stripe_key", "google_api_key"),
            "json_web_token",
        )
    ),
    _PRIVATE_KEY,
)
"""What opens a door, by a shape that its issuer reserved."""

EMAIL_RULE = _KNOWN["email"]
"""Not among the defaults: nearly every file has an author's address, and blocking those helps nobody."""

DEFAULT_RULES = PERSONAL_RULES + SECRET_RULES
