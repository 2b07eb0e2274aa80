"""Sidelight's own content rules, for gateways that do not say what they object to: a guess.

Personal data here; `catalogue_secrets` has what opens a door.
"""

from __future__ import annotations

from ..policy.organisation import Action, ContentRule
from .catalogue_secrets import SECRET_RULES
from .rule import Rule, RuleSource

_PERSON = "It identifies a person and must not leave this machine."
_ADDRESS = "It belongs to a person who has not been asked."


def _rule(
    id_: str,
    title: str,
    pattern: str,
    *,
    validator: str = "none",
    near: tuple[str, ...] = (),
    unless: tuple[str, ...] = (),
    explain: str = _PERSON,
    action: Action = Action.BLOCK,
) -> Rule:
    content = ContentRule(id_, title, "re2", pattern, validator, action, explain)
    return Rule(content, RuleSource.GUESS, near=near, unless=unless)


PERSONAL_RULES = (
    _rule(
        "us_ssn",
        "US social security number",
        r"\b\d{3}-\d{2}-\d{4}\b",
        validator="us_ssn",
        explain="A social security number identifies a person and must not leave this machine.",
    ),
    _rule(
        "payment_card",
        "Payment card number",
        r"\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2}))(?:[ -]?\d{4}){3}\b"
        r"|\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b",
        validator="luhn",
        explain="A card number that passes the card networks' own check must not leave this machine.",
    ),
    _rule(
        "iban",
        "Bank account number",
        r"\b[A-Z]{2}\d{2}(?:(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?|[A-Z0-9]{11,30})\b",
        validator="iban",
        explain="A bank account number belongs to a person or company and must not leave this machine.",
    ),
    _rule(
        "gb_nino",
        "UK national insurance number",
        r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b",
        near=("nino", "national insurance", "national_insurance", "ni number", "ni_number"),
    ),
    _rule(
        "gb_nhs",
        "UK health service number",
        r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b",
        validator="gb_nhs",
        near=("nhs",),
    ),
    _rule(
        "fr_nir",
        "French social security number",
        r"\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b",
        validator="fr_nir",
        near=("nir", "sécurité sociale", "securite_sociale", "numero_secu", "insee"),
    ),
    _rule(
        "it_codicefiscale",
        "Italian tax code",
        r"\b[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]\b",
        validator="it_codicefiscale",
    ),
    _rule(
        "es_dni",
        "Spanish identity number",
        r"\b\d{8}-?[A-HJ-NP-TV-Z]\b",
        validator="es_dni",
        near=("dni", "nif", "documento", "identidad"),
    ),
    _rule(
        "es_nie",
        "Spanish foreigner's number",
        r"\b[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]\b",
        validator="es_nie",
        near=("nie", "nif", "extranjero", "documento"),
    ),
    _rule(
        "de_idnr",
        "German tax identification number",
        r"\b[1-9]\d(?: ?\d{3}){3}\b",
        validator="de_idnr",
        near=("steuer", "idnr", "tax_id", "tax id", "tin"),
    ),
    _rule(
        "nl_bsn",
        "Dutch citizen service number",
        r"\b\d{9}\b",
        validator="nl_bsn",
        near=("bsn", "burgerservice", "sofinummer"),
    ),
    _rule("pl_pesel", "Polish PESEL number", r"\b\d{11}\b", validator="pl_pesel", near=("pesel",)),
    _rule(
        "se_personnummer",
        "Swedish personal number",
        r"\b(?:19|20)?\d{6}[-+]\d{4}\b",
        validator="se_personnummer",
        near=("personnummer", "personnr", "pnr"),
    ),
    _rule("br_cpf", "Brazilian CPF number", r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", validator="br_cpf"),
    _rule(
        "in_aadhaar",
        "Indian Aadhaar number",
        r"\b[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}\b",
        validator="in_aadhaar",
        near=("aadhaar", "aadhar", "uidai"),
    ),
    _rule(
        "ca_sin",
        "Canadian social insurance number",
        r"\b\d{3}[ -]?\d{3}[ -]?\d{3}\b",
        validator="ca_sin",
        near=("social insurance", "social_insurance", "sin number", "sin_number", "sin:", "sin="),
    ),
    _rule(
        "email",
        "E-mail address",
        r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}\b",
        # An address that its owner published to be reached about the code is no leak.
        unless=(
            *("author", "maintain", "copyright", "(c)", "©", "contact", "contribut", "signed-off"),
            *(
                "reported",
                "patch",
                "thanks",
                "written by",
                "git@",
                "ssh",
                "://",
                "support",
                "mailto",
            ),
            *(
                "report",
                "license",
                "__email__",
                "bug",
                "credit",
                "suggested",
                "based on",
                "@param",
                "<{}>",
            ),
        ),
        action=Action.WARN,
        explain=_ADDRESS,
    ),
    _rule(
        "phone",
        "Telephone number",
        r"\+[1-9]\d{0,2}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}\b"
        r"|(?:\(\d{3}\) ?|\b\d{3}[.-])\d{3}[.-]\d{4}\b",
        near=("phone", "mobile", "tel:", "tel.", '"tel"', "'tel'", "fax", "whatsapp", "cell"),
        action=Action.WARN,
        explain=_ADDRESS,
    ),
)
"""What identifies a person or their money."""

HEADER_RULES = (
    _rule(
        "confidential_header",
        "Confidentiality notice",
        r"(?i)\b(?:strictly|company|proprietary and|trade secrets? and)[ -]confidential\b"
        r"|\bconfidential (?:and|&) proprietary\b|\bdo not (?:distribute|disclose) outside\b",
        action=Action.WARN,
        explain="The file says that it is not meant for others.",
    ),
    _rule(
        "copyleft_header",
        "Copyleft licence header",
        r"SPDX-License-Identifier:[ \t]*(?:\([ \t]*)?(?:A?GPL|LGPL|SSPL|EUPL)-[0-9A-Za-z.+-]{1,20}",
        action=Action.WARN,
        explain="Its licence may not allow what a suggestion made from it would be used for.",
    ),
)
"""What a file says about itself."""

CATALOGUE = (*PERSONAL_RULES, *SECRET_RULES, *HEADER_RULES)
