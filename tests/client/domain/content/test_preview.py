"""Before a request is sent: it may go, it is stopped here with its places, or it is redacted."""

from __future__ import annotations

from dataclasses import replace

from sidelight_client.adapters.content_previews import content_preview
from sidelight_client.adapters.re2_matcher import RuleMatcher
from sidelight_client.adapters.stdnum_validators import VALIDATORS
from sidelight_client.domain.content.catalogue import CATALOGUE
from sidelight_client.domain.content.marks import ContentPlace
from sidelight_client.domain.content.preview import (
    ContentPreview,
    MaySend,
    NotRedactable,
    Replaced,
    Stopped,
)
from sidelight_client.domain.content.rule import Rule, RuleSource, UnknownPattern
from sidelight_client.domain.content.sources import RuleChoice
from sidelight_client.domain.place import Position, Range
from sidelight_client.domain.policy.organisation import Action, ContentRule, RedactionMode
from sidelight_client.domain.window import Window, take

URI = "file:///w/app.py"
SSN = Rule(ContentRule("us_ssn", "SSN", "re2", r"\b\d{3}-\d{2}-\d{4}\b"), RuleSource.POLICY)


def window(text: str) -> Window:
    """The window of a text with ║ where the cursor is."""
    before, _, after = text.partition("║")
    line, column = before.count("\n"), len(before.rpartition("\n")[2])
    return take((before + after).splitlines(keepends=True), Position(line, column), URI)


def preview(*rules: Rule, redaction: RedactionMode = RedactionMode.ALLOW) -> ContentPreview:
    return ContentPreview(RuleMatcher(rules), VALIDATORS, b"salt", redaction)


def place_of(_uri: str) -> ContentPlace:
    return ContentPlace("app.py")


def test_text_without_findings_may_be_sent() -> None:
    answer = preview(SSN).before_sending(window("def f():\n    ║\n"), place_of)
    assert answer == MaySend(complete=True)


def test_what_the_gateway_would_refuse_is_stopped_at_its_place() -> None:
    answer = preview(SSN).before_sending(window("x = 1\nssn = '219-45-1234'\n║y = 2\n"), place_of)
    assert isinstance(answer, Stopped)
    assert answer.rule == SSN
    (finding,) = answer.findings
    assert finding.range == Range(Position(1, 7), Position(1, 18))
    assert (finding.uri, finding.masked) == (URI, "•••-••-••34")


def test_a_finding_behind_the_cursor_has_its_place_too() -> None:
    answer = preview(SSN).before_sending(window("x = ║ # 219-45-1234\n"), place_of)
    assert isinstance(answer, Stopped)
    assert answer.findings[0].range == Range(Position(0, 7), Position(0, 18))


def test_a_guess_stops_nothing() -> None:
    answer = preview(*CATALOGUE).before_sending(window("ssn = '219-45-1234'\n║"), place_of)
    assert answer == MaySend(complete=True)


def test_a_person_may_redact_what_would_be_stopped() -> None:
    asked = preview(SSN).before_sending(
        window("ssn = '219-45-1234'\n║y"), place_of, asked_to_redact=True
    )
    assert isinstance(asked, Replaced)
    assert "219-45-1234" not in asked.window.prefix
    assert asked.redacted.restore(asked.window.prefix) == "ssn = '219-45-1234'\n"
    assert asked.window.suffix == "y"


def test_the_organisation_may_forbid_redaction_or_force_it() -> None:
    text = window("ssn = '219-45-1234'\n║")
    forbidden = preview(SSN, redaction=RedactionMode.FORBID)
    assert isinstance(forbidden.before_sending(text, place_of, asked_to_redact=True), Stopped)
    forced = preview(*CATALOGUE, redaction=RedactionMode.FORCE)
    assert isinstance(forced.before_sending(text, place_of), Replaced)
    assert forced.before_sending(window("nothing ║"), place_of) == MaySend(complete=True)


def test_a_value_around_the_cursor_is_redacted_in_both_halves() -> None:
    answer = preview(SSN, redaction=RedactionMode.FORCE).before_sending(
        window("ssn = '219-45-║1234'\n"), place_of
    )
    assert isinstance(answer, Replaced)
    assert "219" not in answer.window.prefix
    assert "1234" not in answer.window.suffix


def test_what_must_be_redacted_and_cannot_be_is_not_sent() -> None:
    everything = Rule(ContentRule("all", "All", "re2", "."), RuleSource.POLICY)
    answer = preview(everything, redaction=RedactionMode.FORCE).before_sending(
        window("some text ║"), place_of
    )
    assert isinstance(answer, NotRedactable)
    assert answer.findings


def test_a_rule_that_cannot_be_used_means_that_nothing_is_called_clean() -> None:
    broken = Rule(ContentRule("b", "B", "re2", "("), RuleSource.POLICY)
    answer = preview(SSN, broken).before_sending(window("x║"), place_of)
    assert answer == MaySend(complete=False)


def test_line_ends_of_any_kind_leave_places_right() -> None:
    lines = ["a\r\n", "b\r\n", "ssn 219-45-1234\r\n", ""]
    made = take(lines, Position(3, 0), URI)
    answer = preview(SSN).before_sending(made, place_of)
    assert isinstance(answer, Stopped)
    assert answer.findings[0].range == Range(Position(2, 4), Position(2, 15))


def test_more_places_than_are_judged_mean_that_nothing_is_called_clean() -> None:
    text = window("ssn " + "219-45-1234 " * 230 + "║")
    masked = replace(SSN, content=replace(SSN.content, action=Action.MASK))
    assert preview(masked).before_sending(text, place_of) == MaySend(complete=False)


def test_a_scanner_that_cannot_be_predicted_means_that_nothing_is_called_clean() -> None:
    listed = RuleChoice(RuleSource.LISTED, (SSN,), (UnknownPattern("presidio"),))
    made = content_preview((), listed, b"salt")
    assert made.before_sending(window("x║"), place_of) == MaySend(complete=False)
    state = made.live(ContentPlace("app.py"))
    state.open(["ssn = '219-45-1234'"])
    state.step(["ssn = '219-45-1234'"])
    assert len(list(state.findings())) == 1
    assert not state.complete


def test_a_policy_without_content_rules_leaves_the_guess() -> None:
    made = content_preview((), None, b"salt")
    assert made.matcher.rules == CATALOGUE
    assert content_preview((SSN.content,), None, b"salt").matcher.rules == (SSN,)


def test_a_mark_in_the_workspace_does_not_loosen_what_must_be_redacted() -> None:
    forced = preview(*CATALOGUE, redaction=RedactionMode.FORCE)
    marked = window("ssn = '219-45-1234'  # sidelight: fixture\n║")
    answer = forced.before_sending(marked, place_of)
    assert isinstance(answer, Replaced)
    assert "219-45-1234" not in answer.window.prefix
