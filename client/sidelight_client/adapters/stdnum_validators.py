"""Whether a number is one that its issuer can have given out: python-stdnum behind short names."""

from __future__ import annotations

from collections.abc import Callable

from stdnum import iban as stdnum_iban
from stdnum import luhn as stdnum_luhn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from ..domain.content.rule import Validator

_SHORTEST_IBAN = 15  # Norway's.


def luhn(text: str) -> int:
    """Whether the digits satisfy the Luhn check of payment cards (ISO/IEC 7812-1 annex B)."""
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    return len(text) if digits.strip("0") and stdnum_luhn.is_valid(digits) else 0


def us_ssn(text: str) -> int:
    """Whether a `000-00-0000` shaped number can have been issued.

    Areas 000, 666 and 900-999, group 00 and serial 0000 never were (SSA, "Social Security Number
    Randomization"); those printed in advertisements were retired.
    """
    return len(text) if text.isascii() and ssn.is_valid(text) else 0


def iban(text: str) -> int:
    """The length of the account number `text` begins with (ISO 13616-1, and its country's shape).

    A word in capitals may follow the number after a space; it is left out.
    """
    while len(text) >= _SHORTEST_IBAN:
        # The banks of a country change, and its own check digits are inside the outer ones.
        if stdnum_iban.is_valid(text, check_country=False):
            return len(text)
        text = text.rpartition(" ")[0]
    return 0


def _whole(is_valid: Callable[[str], bool]) -> Validator:
    return lambda text: len(text) if text.isascii() and is_valid(text) else 0


VALIDATORS: dict[str, Validator] = {
    "luhn": luhn,
    "us_ssn": us_ssn,
    "iban": iban,
    "br_cpf": _whole(cpf.is_valid),
    "ca_sin": _whole(sin.is_valid),
    "de_idnr": _whole(idnr.is_valid),
    "es_dni": _whole(dni.is_valid),
    "es_nie": _whole(nie.is_valid),
    "fr_nir": _whole(nir.is_valid),
    "gb_nhs": _whole(nhs.is_valid),
    "in_aadhaar": _whole(aadhaar.is_valid),
    "it_codicefiscale": _whole(codicefiscale.is_valid),
    "nl_bsn": _whole(bsn.is_valid),
    "pl_pesel": _whole(pesel.is_valid),
    "se_personnummer": _whole(personnummer.is_valid),
}
"""Each by the name a content rule gives it."""
