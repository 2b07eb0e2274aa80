"""A finding gets two answers: would this gateway stop it, and is it real? Neither colours the other."""

from __future__ import annotations

import pytest

from sidelight_client.adapters.re2_matcher import RuleMatcher
from sidelight_client.adapters.stdnum_validators import VALIDATORS, iban, luhn, us_ssn
from sidelight_client.domain.content.catalogue import CATALOGUE
from sidelight_client.domain.content.marks import ContentPlace, Mark
from sidelight_client.domain.content.named_patterns import NAMED_PATTERNS
from sidelight_client.domain.content.preview import ContentPreview
from sidelight_client.domain.content.rule import Rule, RuleSource, UnknownValidator
from sidelight_client.domain.content.scan_state import ContentFinding
from sidelight_client.domain.content.sources import choose
from sidelight_client.domain.content.verdict import Answer, RealReason
from sidelight_client.domain.policy.organisation import Action, ContentRule
from sidelight_client.domain.words.catalogue import say

GUESS = ContentPreview(RuleMatcher(CATALOGUE), VALIDATORS, b"salt")
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def stated(
    id_: str,
    pattern: str = "",
    source: RuleSource = RuleSource.LISTED,
    action: Action = Action.BLOCK,
    validator: str = "none",
) -> ContentPreview:
    content = ContentRule(id_, id_, "re2", pattern or NAMED_PATTERNS[id_], validator, action)
    return ContentPreview(RuleMatcher([Rule(content, source)]), VALIDATORS, b"salt")


def judged(preview: ContentPreview, text: str, place: ContentPlace | None = None) -> list[tuple]:
    findings, searched = preview.scan(
        text.splitlines(keepends=True), place or ContentPlace("src/app.py")
    )
    assert searched
    return [(f.rule.id, f.would_block, f.real, f.why) for f in findings]


@pytest.mark.parametrize(
    ("text", "real", "why"),
    [
        ("219-45-1234", YES, RealReason.CHECK_PASSES),
        ("000-12-3456", NO, RealReason.NEVER_ISSUED),
        ("666-12-3456", NO, RealReason.NEVER_ISSUED),
        ("912-12-3456", NO, RealReason.NEVER_ISSUED),
        ("078-05-1120", NO, RealReason.NEVER_ISSUED),
        ("123-45-6789", NO, RealReason.PUBLISHED),
        ("fake: 219-45-1234", UNKNOWN, RealReason.NEIGHBOURS),
        ("219-45-1234  # sidelight: fixture", NO, RealReason.MARKED),
    ],
)
def test_a_gateway_that_looks_at_shapes_blocks_what_nobody_has(text, real, why) -> None:
    assert judged(stated("us_ssn"), text) == [("us_ssn", YES, real, why)]


@pytest.mark.parametrize(
    ("text", "real", "why"),
    [
        ("4539 5787 6362 1486", YES, RealReason.CHECK_PASSES),
        ("4539 5787 6362 1487", NO, RealReason.CHECK_FAILS),
        ("4242 4242 4242 4242", NO, RealReason.PUBLISHED),
    ],
)
def test_a_card_is_real_when_its_check_digit_fits_and_no_manual_prints_it(text, real, why) -> None:
    assert judged(stated("visa"), text) == [("visa", YES, real, why)]


def test_a_rule_of_any_name_is_judged_by_the_shape_of_what_it_found() -> None:
    preview = stated("corp-pii-7", r"[0-9]{3}-[0-9]{2}-[0-9]{4}", RuleSource.POLICY)
    assert judged(preview, "000-12-3456")[0][1:] == (YES, NO, RealReason.NEVER_ISSUED)
    preview = stated("corp-pii-8", r"[0-9]{16}", RuleSource.POLICY)
    assert judged(preview, "4539578763621487")[0][1:] == (YES, NO, RealReason.CHECK_FAILS)


@pytest.mark.parametrize(
    ("source", "action", "blocks"),
    [
        (RuleSource.POLICY, Action.BLOCK, YES),
        (RuleSource.POLICY, Action.MASK, NO),
        (RuleSource.POLICY, Action.WARN, NO),
        (RuleSource.LISTED, Action.BLOCK, YES),
        (RuleSource.LISTED, Action.MASK, NO),
        (RuleSource.GUESS, Action.BLOCK, UNKNOWN),
    ],
)
def test_who_states_a_rule_and_what_it_does_decide_whether_it_would_stop(
    source, action, blocks
) -> None:
    ((_, told, _, _),) = judged(stated("us_ssn", source=source, action=action), "219-45-1234")
    assert told is blocks


def test_a_stated_rule_with_a_validator_stops_only_what_passes_it() -> None:
    preview = stated("us_ssn", source=RuleSource.POLICY, validator="us_ssn")
    assert judged(preview, "000-12-3456 219-45-1234") == [
        ("us_ssn", YES, YES, RealReason.CHECK_PASSES)
    ]


def test_a_pattern_that_had_to_be_widened_is_never_a_yes() -> None:
    preview = stated("mine", r"\d++-x", RuleSource.POLICY)
    ((_, told, _, _),) = judged(preview, "12-x")
    assert told is UNKNOWN


@pytest.mark.parametrize(
    "path",
    [
        "tests/a.py",
        "src/__fixtures__/p.json",
        "pkg/test_pay.py",
        "web/pay.spec.ts",
        "db/seeds/a.sql",
    ],
)
def test_a_path_of_tests_is_a_hint_and_no_proof(path: str) -> None:
    assert judged(GUESS, "219-45-1234", ContentPlace(path))[0][2:] == (
        UNKNOWN,
        RealReason.FIXTURE_PATH,
    )
    assert judged(stated("us_ssn"), "000-45-1234", ContentPlace(path))[0][2:] == (
        NO,
        RealReason.NEVER_ISSUED,
    )


def test_a_mark_settles_what_is_real_and_never_what_the_gateway_does() -> None:
    place = ContentPlace("db/people.sql", (Mark("db/**", ("us_ssn",)),))
    assert judged(stated("us_ssn"), "219-45-1234", place) == [
        ("us_ssn", YES, NO, RealReason.MARKED)
    ]
    assert judged(GUESS, "219-45-1234", place) == []
    elsewhere = ContentPlace("src/people.sql", place.marks)
    assert judged(GUESS, "219-45-1234", elsewhere) != []
    assert judged(GUESS, "4539578763621486", place) != []


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("", "a/b.py", True),
        ("b.py", "a/b.py", True),
        ("a", "a/b.py", True),
        ("a/", "a/b.py", True),
        ("a/c", "a/b.py", False),
        ("x/fixtures", "x/fixtures/deep/er.json", True),
        ("*.sql", "db/x.sql", True),
        ("db/*.sql", "src/db/x.sql", False),
    ],
)
def test_a_mark_covers_what_gitignore_would(pattern: str, path: str, covered: bool) -> None:
    assert ContentPlace(path, (Mark(pattern, ("r",)),)).marked("r") is covered


NOTHING = """
version = "219.45.1234" ; requires >= 1.2.3-4567
commit 9fceb02d0ae598e95dc970b74767f19372d61af8
id = "550e8400-e29b-41d4-a716-446655440000"
at = "2026-11-21T08:11:14.123456Z", 1732176674123, 20261121081114
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==
integrity sha512-9fceb02d0ae598e95dc970b74767f19372d61af8e95dc970b74767f19372d61af8e95dc970b74767f193==
listen 10.0.0.1, 192.168.1.254 and 2001:db8::8a2e:370:7334, 127.0.0.1:8080
isbn 978-3-16-148410-0, ean 4006381333931, part 123-456-7890
api_key = os.environ["API_KEY"]; password = "changeme_please_now"; token: "${SERVICE_TOKEN_VALUE}"
author = "Ada <ada@lovelace.org>"; contact = "hello@example.com"
url = "postgres://user:password@localhost/db"
if "-----BEGIN PRIVATE KEY-----" in text: raise ValueError
0x4242424242424242 1234567890123456 0000-0000-0000-0000 9999999999
GB82 WEST 1234 5698 7654 32 is the example everybody prints
"""


def test_versions_hashes_uuids_timestamps_blobs_and_addresses_are_not_findings() -> None:
    assert judged(GUESS, NOTHING) == []


K = "q7Zp3Xv9Lr2Tn8Wb4Ys6Jd1Mf5Hc0Gk7Ru3Ae9Vi2Ol8Ne4Pt6Sq1Dw5Fx0By9Cz7"
HEX = "9f1c7a3be8d2460f5b7c19ae3d84f620c5b7e9a1d3f2460875ac19be3d84f26c"
UPPER = "Q7ZP3XV9LR2TN8WB4YS6"

PLANTED = {
    "us_ssn": "219-45-1234",
    "payment_card": "4539 5787 6362 1486",
    "iban": "NL20INGB0001234567",
    "gb_nino": "NINO: AB 12 34 56 C",
    "gb_nhs": "nhs number 943 476 5919",
    "fr_nir": "nir = 2 95 10 99 126 111 93",
    "it_codicefiscale": "RCCMNL83S18D969H",
    "es_dni": "dni 54362315-K",
    "es_nie": "nie: X2482300W",
    "de_idnr": "steuer id 36 574 261 809",
    "nl_bsn": "bsn 111222333",
    "pl_pesel": "pesel 44051401359",
    "se_personnummer": "personnummer 880320-0016",
    "br_cpf": "390.533.447-05",
    "in_aadhaar": "aadhaar 2341 2341 2346",
    "ca_sin": "sin number 123-456-782",
    "email": "send it to grace@hopper.org",
    "phone": "phone: +44 20 7946 0958",
    "aws_access_key": "AKIA" + "Q2W3E4R5T6Y7U2I3",
    "github_token": "ghp_" + K[:36],
    "gitlab_token": "glpat-" + K[:20],
    "slack_token": "xoxb-" + "123456789012-123456789012-" + K[:24],
    "slack_webhook": "https://hooks.slack.com/services/" + "T0AB1CD2E/B0FG3HI4J/" + K[:24],
    "stripe_key": "sk_live_" + K[:24],
    "google_api_key": "AIza" + K[:35],
    "google_oauth_secret": "GOCSPX-" + K[:28],
    "openai_key": "sk-proj-" + K[:40] + "T3BlbkFJ" + K[:40],
    "anthropic_key": "sk-ant-api03-" + (K + K)[:95],
    "huggingface_token": "hf_" + "qZpXvLrTnWbYsJdMfHcGkRuAeViOlNePtS",
    "npm_token": "npm_" + K[:36],
    "pypi_token": "pypi-AgEIcHlwaS5vcmc" + (K + K)[:70],
    "rubygems_key": "rubygems_" + HEX[:48],
    "docker_token": "dckr_pat_" + K[:27],
    "sendgrid_key": "SG." + K[:22] + "." + K[:43],
    "digitalocean_token": "dop_v1_" + HEX,
    "shopify_token": "shpat_" + HEX[:32],
    "square_token": "sq0csp-" + K[:43],
    "databricks_token": "dapi" + HEX[:32],
    "telegram_token": "1234567890:AA" + K[:33],
    "vault_token": "hvs." + K[:40],
    "terraform_token": K[:14] + ".atlasv1." + K[:64],
    "grafana_token": "glsa_" + K[:32] + "_" + HEX[:8],
    "linear_key": "lin_api_" + K[:40],
    "age_key": "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE",
    "azure_storage_key": "AccountKey=" + (K + K)[:86] + "==",
    "json_web_token": f"eyJ{K[:20]}.eyJ{K[:30]}.{K[:43]}",
    "private_key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n",
    "aws_secret_key": "aws_secret_access_key = " + K[:40],
    "url_password": "amqp://service:" + K[:14] + "@queue.acme.io",
    "assigned_secret": f'client_secret: "{K[:24]}"',
    "confidential_header": "Acme Corp. Confidential and proprietary.",
    "copyleft_header": "SPDX-License-Identifier: GPL-3.0-or-later",
}


def test_every_rule_of_the_catalogue_has_its_planted_value() -> None:
    assert set(PLANTED) == {rule.id for rule in CATALOGUE}


@pytest.mark.parametrize("rule", PLANTED)
@pytest.mark.parametrize("around", ["{}", "x = f({})\n", "é🙂 {}\r\n", "a\n\n\t{} \n\nb"])
def test_a_planted_value_is_found(rule: str, around: str) -> None:
    if rule == "private_key" and around.startswith(("x", "é", "a\n\n\t")):
        around = "a\n{}"
    found = judged(GUESS, around.format(PLANTED[rule]))
    assert rule in [id_ for id_, *_ in found]


def test_a_private_key_in_one_quoted_line_is_found() -> None:
    text = r'key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF'
    assert [id_ for id_, *_ in judged(GUESS, text)] == ["private_key"]


def test_the_masked_sample_never_holds_the_value() -> None:
    for value in PLANTED.values():
        findings, _ = GUESS.scan(value.splitlines(keepends=True), ContentPlace())
        for found in findings:
            assert sum(c.isalnum() for c in found.masked) <= 2


def test_validators_answer_how_much_is_real() -> None:
    assert luhn("4242 4242 4242 4242") == 19
    assert luhn("0000 0000 0000 0000") == luhn("") == 0
    assert us_ssn("219-45-1234") == 11
    assert us_ssn("٢١٩-45-1234") == 0
    assert iban("DE89 3704 0044 0532 0130 00 IS") == 27
    assert iban("DE88 3704 0044 0532 0130 00") == iban("DE") == 0


def test_the_organisations_rules_come_first_and_an_unknown_validator_is_said() -> None:
    rule = ContentRule("r", "R", "re2", "x", validator="oracle")
    chosen = choose([rule], None, VALIDATORS)
    assert chosen.source is RuleSource.POLICY
    assert chosen.problems == (UnknownValidator("r", "oracle"),)
    assert choose([], None, VALIDATORS).source is RuleSource.GUESS


@pytest.mark.parametrize("why", RealReason)
def test_every_reason_has_its_sentence(why: RealReason) -> None:
    assert say(f"content.{why.value}").what


def test_a_finding_holds_no_text() -> None:
    (found,), _ = GUESS.scan(["ssn 219-45-1234"], ContentPlace())
    assert isinstance(found, ContentFinding)
    assert "219-45-1234" not in repr(found)
