"""Values that are published, reserved or plainly made up, and so nobody's."""

from __future__ import annotations

from collections import Counter
from math import log2

TEST_CARDS = frozenset(
    (
        # Stripe, "Test card numbers"; Adyen, "Test card numbers"; PayPal, "Test credit card numbers".
        *("4242424242424242", "4000056655665556", "5555555555554444", "2223003122003222"),
        *("5200828282828210", "5105105105105100", "378282246310005", "371449635398431"),
        *("6011111111111117", "6011000990139424", "6011981111111113", "3056930009020004"),
        *("36227206271667", "6555900000604105", "3566002020360505", "6200000000000005"),
        *("4111111111111111", "4012888888881881", "4222222222222", "4000000000000002"),
        *("4000000000009995", "4000000000000069", "4000000000000127", "4000000000000119"),
        *("4000000000003220", "4000002500003155", "4000002760003184", "4000000000000341"),
        *("378734493671000", "5610591081018250", "30569309025904", "38520000023237"),
        *("3530111333300000", "3566111111111113", "4988438843884305", "4166676667666746"),
        *("4646464646464644", "4000620000000007", "4000060000000006", "4293189100000008"),
        *("4988080000000000", "2222400070000005", "5136333333333335", "5585558555855583"),
        *("5555444433331111", "2222410740360010", "370000000000002", "6011601160116611"),
        *("5454545454545454", "5500000000000004", "340000000000009", "6011000000000004"),
        *("4716893420450300", "4532015112830366", "5425233430109903", "374245455400126"),
        *("4444333322221111", "4007000000027", "4012000033330026", "4263982640269299"),
        *("5123456789012346", "4508750015741019", "5431111111111111", "4917484589897107"),
    )
)
"""Numbers that payment providers publish for tests."""

TEST_SSNS = frozenset(
    ("123456789", "111223333", "457555462", "987654321", "123121234", "123456780")
)
"""Numbers of advertisements and of textbooks."""

TEST_IBANS = frozenset(
    (
        # The examples of the SWIFT IBAN registry and of the national pages that everybody copies.
        *("GB82WEST12345698765432", "GB29NWBK60161331926819", "GB33BUKB20201555555555"),
        *("DE89370400440532013000", "FR1420041010050500013M02606", "NL91ABNA0417164300"),
        *("FR7630006000011234567890189", "ES9121000418450200051332", "BE68539007547034"),
        *("IT60X0542811101000000123456", "CH9300762011623852957", "AT611904300234573201"),
        *("PL61109010140000071219812874", "SE4550000000058398257466", "NO9386011117947"),
        *("DK5000400440116243", "FI2112345600000785", "IE29AIBK93115212345678"),
        *("PT50000201231234567890154", "GR1601101250000000012300695", "LU280019400644750000"),
        *("GB94BARC10201530093459", "DE75512108001245126199", "NL02ABNA0123456789"),
        *("ES7921000813610123456789", "GB87BARC20658244971655", "DE12500105170648489890"),
    )
)

TEST_KEYS = frozenset(
    (
        *("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        # The well-known account of the Azure storage emulator (Azurite).
        "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    )
)

_RESERVED_DOMAINS = ("example.com", "example.org", "example.net", "example.edu")
_RESERVED_TOPS = ("example", "test", "invalid", "localhost", "local", "internal", "lan", "home")
"""RFC 2606 and RFC 6761, and what never leaves a network."""

_WORDS = (
    *("example", "xxxx", "changeme", "change_me", "placeholder", "dummy", "sample", "redacted"),
    *("your_", "your-", "yourpass", "insert", "todo", "foobar", "hunter2", "abcdefgh", "abcd1234"),
    *("password", "passw0rd", "fake", "mock", "secret", "not-a", "notreal", "test", "my_", "my-"),
    *("0123456789", "123456789", "1234567", "qwerty", "deadbeef", "lorem", "default", "token"),
)
"""What people write where a secret would stand."""

HINTS = (
    *("example", "fake", "dummy", "sample", "mock", "placeholder", "fixture", "lorem", "redacted"),
    *("test", "e.g.", "for instance", "not real", "doctest", ">>>"),
)
"""Words beside a value that speak against it."""


def published(kind: str, value: str) -> bool:
    """Whether the value is printed in a manual or belongs to nobody by its issuer's own word."""
    compact = "".join(c for c in value if c.isalnum())
    match kind:
        case "luhn":
            return compact in TEST_CARDS
        case "us_ssn":
            return compact in TEST_SSNS
        case "iban":
            return compact.upper() in TEST_IBANS
        case _:
            return value in TEST_KEYS


def reserved_address(address: str) -> bool:
    """Whether an e-mail address can have no owner (RFC 2606, RFC 6761)."""
    domain = address.rpartition("@")[2].lower()
    top = domain.rpartition(".")[2]
    return top in _RESERVED_TOPS or any(
        domain == name or domain.endswith(f".{name}") for name in _RESERVED_DOMAINS
    )


_SHORTEST_NUMBER = 8
"""A shorter one repeats by chance."""
_FEW_DIGITS = 2


def one_digit_over_and_over(value: str) -> bool:
    """Whether a number is a single digit, or counts up or down."""
    digits = "".join(c for c in value if c.isdigit())
    if len(digits) < _SHORTEST_NUMBER:
        return False
    few = len(set(digits)) <= _FEW_DIGITS
    return few or digits in "01234567890123456789" or digits in "98765432109876543210"


def placeholder(value: str) -> bool:
    """Whether a secret's value is one of the words that stand for a secret."""
    low = value.lower()
    return any(word in low for word in _WORDS) or low.startswith(("<", "${", "{{", "%(", "$("))


def entropy(value: str) -> float:
    """Shannon entropy of the characters, in bits a character (Shannon 1948)."""
    if not value:
        return 0.0
    size = len(value)
    return -sum(n / size * log2(n / size) for n in Counter(value).values())
