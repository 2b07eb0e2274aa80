"""The content rules the embedded gateway ships: personal data and secrets, and what makes one real."""

from __future__ import annotations

from ..adapters.re2_rules import Validator
from ..domain.policy import Action, ContentRule

_OPENS_A_DOOR = (
    "Whoever reads this text can use the secret in it. Keep it out of the source and replace it."
)


def luhn(text: str) -> int:
    """Whether the digits satisfy the Luhn check of payment cards (ISO/IEC 7812-1 annex B)."""
    digits = [int(c) for c in reversed(text) if c.isascii() and c.isdigit()]
    total = sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return len(text) if digits and any(digits) and total % 10 == 0 else 0


def us_ssn(text: str) -> int:
    """Whether a `000-00-0000` shaped number can have been issued.

    Areas 000, 666 and 900-999, group 00 and serial 0000 never were (SSA, "Social Security Number
    Randomization"); 078-05-1120 and 219-09-9999 were printed in advertisements and retired.
    """
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    never = area in ("000", "666") or area >= "900" or group == "00" or serial == "0000"
    return 0 if never or digits in ("078051120", "219099999") else len(text)


def iban(text: str) -> int:
    """The length of the account number `text` begins with (ISO 13616-1: 97 divides all but 1).

    A word in capitals may follow the number after a space; it is left out.
    """
    while len(text) >= _SHORTEST_IBAN:
        compact = text.replace(" ", "")
        turned = compact[4:] + compact[:4]
        if int("".join(str(int(c, 36)) for c in turned)) % 97 == 1:
            return len(text)
        text = text.rpartition(" ")[0]
    return 0


_SHORTEST_IBAN = 15  # Norway's.

VALIDATORS: dict[str, Validator] = {"luhn": luhn, "us_ssn": us_ssn, "iban": iban}


PERSONAL_RULES = (
    ContentRule(
        "us_ssn",
        "US social security number",
        "re2",
        r"\b\d{3}-\d{2}-\d{4}\b",
        "us_ssn",
        explain="A social security number identifies a person and must not leave this machine.",
    ),
    ContentRule(
        "payment_card",
        "Payment card number",
        "re2",
        r"\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2}))(?:[ -]?\d{4}){3}\b"
        r"|\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b",
        "luhn",
        explain="A card number that passes the card networks' own check must not leave this machine.",
    ),
    ContentRule(
        "iban",
        "Bank account number",
        "re2",
        r"\b[A-Z]{2}\d{2}(?:(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?|[A-Z0-9]{11,30})\b",
        "iban",
        explain="A bank account number belongs to a person or company and must not leave this machine.",
    ),
)
"""What identifies a person or their money."""

SECRET_RULES = tuple(
    ContentRule(id_, title, "re2", pattern, explain=_OPENS_A_DOOR)
    for id_, title, pattern in (
        ("aws_access_key", "AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
        (
            "github_token",
            "GitHub token",
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b",
        ),
        ("slack_token", "Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
        ("stripe_key", "Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{16,}\b"),
        ("google_api_key", "Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("private_key", "Private key", r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----"),
        (
            "json_web_token",
            "Signed token",
            r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}",
        ),
    )
)
"""What opens a door. Shapes as their issuers document them; precise enough to block on."""

EMAIL_RULE = ContentRule(
    "email",
    "E-mail address",
    "re2",
    r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}\b",
    action=Action.WARN,
    explain="An e-mail address may belong to a person.",
)
"""Not among the defaults: nearly every file has an author's address, and blocking those helps nobody."""

DEFAULT_RULES = PERSONAL_RULES + SECRET_RULES
