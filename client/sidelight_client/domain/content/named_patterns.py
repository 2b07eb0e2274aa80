"""What LiteLLM's built-in content filter looks for under the names that it lists.

The names are those of its `patterns.json`; each pattern here matches what the one there does, and
so blocks what that one blocks, valid or not.
"""

from __future__ import annotations

_SEPARATED = r"[\s\-]?"
_VISA = rf"\b4\d{{3}}(?:{_SEPARATED}\d{{4}}){{3}}\b"
_MASTERCARD = rf"\b5[1-5]\d{{2}}(?:{_SEPARATED}\d{{4}}){{3}}\b"
_AMEX = rf"\b3[47]\d{{2}}{_SEPARATED}\d{{6}}{_SEPARATED}\d{{5}}\b"
_DISCOVER = rf"\b6(?:011|5\d{{2}})(?:{_SEPARATED}\d{{4}}){{3}}\b"
_OCTET = r"(?:25[0-5]|2[0-4]\d|[01]?\d\d?)"

NAMED_PATTERNS = {
    "us_ssn": r"\b\d{3}-\d{2}-\d{4}\b",
    "us_ssn_no_dash": r"\b(?!000|666|9\d{2})\d{3}(?!00)\d{2}(?!0000)\d{4}\b",
    "email": r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Z|a-z]{2,}\b",
    "us_phone": r"\b(?:\+?1[\s.-]?)?\(?\d{3}\)?[\s.-]?\d{3}[\s.-]?\d{4}\b",
    "visa": _VISA,
    "mastercard": _MASTERCARD,
    "amex": _AMEX,
    "discover": _DISCOVER,
    "credit_card": f"{_VISA}|{_MASTERCARD}|{_AMEX}|{_DISCOVER}",
    "aws_access_key": r"\bAKIA[0-9A-Z]{16}\b",
    "aws_secret_key": r"\b[A-Za-z0-9/+=]{40}\b",
    "github_token": r"\bgh[ps]_[a-zA-Z0-9]{36}\b",
    "slack_token": r"\bxox[pboa]-\d{10,13}-\d{10,13}-[a-zA-Z0-9]{24,32}\b",
    "generic_api_key": r"(?i)\bapi[-_]?key[\s:=]+['\"]?[a-z0-9_\-]{20,}['\"]?\b",
    "ipv4": rf"\b(?:{_OCTET}\.){{3}}{_OCTET}\b",
    "passport_uk": r"\b\d{9}\b",
    "passport_us": r"\b(?:[A-Z]\d{8}|\d{9})\b",
    "passport_germany": r"\b[CFGHJKLMNPRTVWXYZ0-9]{9}\b",
    "passport_france": r"\b\d{2}[A-Z]{2}\d{5}\b",
    "passport_india": r"\b[A-Z]\d{7}\b",
    "passport_china": r"\b[EeGg]\d{8}\b",
    "passport_japan": r"\b[A-Z]{2}\d{7}\b",
}
