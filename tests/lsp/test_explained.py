"""Findings, actions, explanations and what was sent, as an editor that knows nothing of us sees them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from lsp.fakes import GHOST, URI, Editor, FakeBroker, completed, editor, lsp_range
from sidelight_client.adapters.content_previews import content_preview
from sidelight_client.api import (
    Blocked,
    CompletionRequest,
    ContentPlace,
    ContentPreview,
    Finding,
    Mark,
    MarksFile,
    NoEndpoint,
    Outcome,
    Position,
    Range,
    RedactionMode,
    Sent,
    Subject,
    Unavailable,
    UnavailableReason,
    say,
)
from sidelight_client.domain.policy.organisation import ContentRule
from sidelight_client.domain.words.catalogue import CODES
from sidelight_lsp.deciding.policy import Because
from sidelight_lsp.explaining.content_findings import LOOK_AFTER_S
from sidelight_lsp.explaining.silences import KEPT_A_DOCUMENT, Quiet

pytestmark = pytest.mark.anyio

SSN = "536-22-8765"
APPEAL = "https://policy.example/pii"
RULE = ContentRule(
    "pii.ssn",
    "US social security number",
    "re2",
    r"\b\d{3}-\d{2}-\d{4}\b",
    explain="Personal data stays inside.",
    appeal_url=APPEAL,
)
CREATES: dict[str, Any] = {
    **GHOST,
    "window": {"showDocument": {"support": True}},
    "workspace": {"workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]}},
}


def preview(mode: RedactionMode = RedactionMode.ALLOW) -> ContentPreview:
    return content_preview([RULE], None, b"salt", mode)


def found(client: Editor) -> list[dict[str, Any]]:
    said = client.notified("textDocument/publishDiagnostics")
    return said[-1]["diagnostics"] if said else []


async def ready(client: Editor, text: str, **given: Any) -> None:
    await client.initialize(given.pop("capabilities", CREATES), **given)
    await client.open(text)
    await client.settle()


async def actions(client: Editor, line: int, column: int) -> dict[str, dict[str, Any]]:
    params: dict[str, Any] = {
        "textDocument": {"uri": URI},
        "range": lsp_range((line, column), (line, column)),
        "context": {"diagnostics": []},
    }
    offered = await client.request("textDocument/codeAction", params)
    return {one["title"]: one for one in offered}


def here(line: int, column: int = 0) -> dict[str, Any]:
    return {"uri": URI, "position": {"line": line, "character": column}}


def private(path: Path) -> str:
    """What stands in a file that only its owner can read, and nobody writes to."""
    assert path.stat().st_mode & 0o777 == 0o400
    return path.read_text("utf-8")


def gone(path: Path) -> bool:
    return not path.exists()


# --- findings ---------------------------------------------------------------------------------


async def test_a_finding_is_shown_at_its_characters_before_anything_is_sent() -> None:
    broker = FakeBroker(preview=preview())
    async with editor(broker) as client:
        await ready(client, f"é😀 ssn = '{SSN}'\n")
        (finding,) = found(client)
        assert finding["range"] == lsp_range((0, 11), (0, 22))
        assert (finding["source"], finding["code"]) == ("sidelight", "pii.ssn")
        assert finding["codeDescription"] == {"href": APPEAL}
        assert finding["severity"] == 3
        assert SSN not in json.dumps(client.messages)
        assert broker.asked == []


async def test_nothing_blinks_while_a_value_is_typed_and_it_appears_when_the_line_is_left() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, "ssn = \n\n")
        for column, character in enumerate(SSN):
            await client.type((0, 6 + column), character)
        assert client.notified("textDocument/publishDiagnostics") == []
        await client.type((1, 0), "x")
        await client.rest(LOOK_AFTER_S)
        assert len(client.notified("textDocument/publishDiagnostics")) == 1
        (finding,) = found(client)
        assert finding["range"] == lsp_range((0, 6), (0, 17))


async def test_a_finding_on_the_line_being_typed_is_there_for_who_asks_or_saves() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, "ssn = \n")
        await client.type((0, 6), SSN)
        assert found(client) == []
        hover = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 8}}
        assert await client.request("textDocument/hover", hover) is not None
        assert len(found(client)) == 1
        await client.type((0, 17), " " + SSN)
        assert len(found(client)) == 1
        await client.notify("textDocument/didSave", {"textDocument": {"uri": URI}})
        await client.settle()
        assert len(found(client)) == 2


async def test_a_value_put_in_a_moment_ago_is_known_to_who_asks_before_it_is_looked_at() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, "a\nb\n")
        await client.type((0, 1), f"\nssn = '{SSN}'\n")
        assert await actions(client, 1, 8)


async def test_a_burst_of_edits_is_looked_at_once_and_nothing_is_missed() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, "\n" * 400)
        await client.type((300, 0), f"'{SSN}'")
        await client.type((2, 0), f"one\n'{SSN}'\ntwo")
        await client.type((0, 0), "x")
        assert found(client) == []
        await client.rest(LOOK_AFTER_S)
        for _ in range(4):
            await client.settle()
        assert [one["range"]["start"]["line"] for one in found(client)] == [3, 302]


async def test_edits_elsewhere_move_a_finding_without_telling_it_again() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, f"a\nssn = '{SSN}'\n")
        told = len(client.notified("textDocument/publishDiagnostics"))
        await client.type((0, 0), "one\ntwo\nthree\n")
        await client.type((0, 0), "zero\n")
        assert len(client.notified("textDocument/publishDiagnostics")) == told
        assert await actions(client, 5, 8)
        assert await actions(client, 1, 8) == {}


async def test_a_large_file_is_searched_a_step_a_turn_and_its_last_line_is_found() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, "value = 1\n" * 5_000 + f"'{SSN}'")
        for _ in range(40):
            await client.settle()
        (finding,) = found(client)
        assert finding["range"]["start"]["line"] == 5_000


async def test_other_rules_and_marks_take_effect_without_a_restart() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        assert found(client) == []
        broker.preview = preview()
        broker.publish(broker.state)
        await client.settle()
        assert "passes the check" in found(client)[0]["message"]
        broker.places[URI] = ContentPlace("app.py", (Mark(path="app.py"),))
        broker.publish(broker.state)
        await client.settle()
        assert "marked this value as made up" in found(client)[0]["message"]


async def test_what_a_request_was_refused_for_is_not_told_twice() -> None:
    def blocked(request: CompletionRequest) -> Outcome:
        place = Range(Position(0, 7), Position(0, 18))
        told = (Finding("pii.ssn", URI, place, "•••-••-••65"),)
        return Blocked(request.trace_id, "pii.ssn", RULE.title, RULE.explain, told)

    async with editor(FakeBroker(script=blocked, preview=preview())) as client:
        await ready(client, f"ssn = '{SSN}'\nx = ")
        assert len(found(client)) == 1
        await client.items(1, 4)
        assert [one["message"].split(":")[0] for one in found(client)] == ["Blocked"]


async def test_a_closed_document_gives_its_findings_back() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        assert await actions(client, 0, 8) == {}


async def test_a_hover_says_what_the_list_of_problems_does_not() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        hover = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 8}}
        shown = (await client.request("textDocument/hover", hover))["contents"]["value"]
        for part in ("pii.ssn", "stated by your organisation", "Is it real? Yes", RULE.explain):
            assert part in shown
        assert found(client)[0]["message"] not in shown
        assert SSN not in shown


# --- actions ----------------------------------------------------------------------------------


async def test_each_action_is_offered_where_it_works(tmp_path: Path) -> None:
    marks = MarksFile(tmp_path / ".sidelight.toml", "src/app.py")
    broker = FakeBroker(preview=preview(), marks=marks)
    async with editor(broker) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        assert list(await actions(client, 0, 8)) == [
            "Explain: Would be refused: US social security number",
            "Redact and retry",
            "Request exception…",
            "Mark as fixture (comment on this line)",
            "Mark as fixture (in .sidelight.toml)",
        ]
        assert await actions(client, 1, 0) == {}
        broker.preview = preview(RedactionMode.FORBID)
        broker.publish(broker.state)
        await client.settle()
        assert "Redact and retry" not in await actions(client, 0, 8)


async def test_marking_is_an_edit_the_editor_makes_itself(tmp_path: Path) -> None:
    file = tmp_path / ".sidelight.toml"
    broker = FakeBroker(preview=preview(), marks=MarksFile(file, "src/app.py"))
    async with editor(broker) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        offered = await actions(client, 0, 8)
        comment = offered["Mark as fixture (comment on this line)"]["edit"]
        line_end = {"line": 0, "character": 19}
        assert comment["changes"][URI] == [
            {"range": {"start": line_end, "end": line_end}, "newText": "  # sidelight: fixture"}
        ]
        made, filled = offered["Mark as fixture (in .sidelight.toml)"]["edit"]["documentChanges"]
        assert (made["kind"], made["uri"]) == ("create", file.as_uri())
        assert 'path = "src/app.py"' in filled["edits"][0]["newText"]
        assert 'rules = ["pii.ssn"]' in filled["edits"][0]["newText"]
        broker.marks = MarksFile(file, "src/app.py", exists=True, lines=3, last_column=5)
        edit = (await actions(client, 0, 8))["Mark as fixture (in .sidelight.toml)"]["edit"]
        (added,) = edit["changes"][file.as_uri()]
        assert added["range"]["start"] == {"line": 3, "character": 5}
        assert added["newText"].startswith("\n[[fixture]]")


async def test_the_command_asks_the_editor_to_write_the_mark() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        params = {"command": "sidelight.markFixture", "arguments": [here(0, 8)]}
        asked = await client.ask("workspace/executeCommand", params)
        (apply,) = client.requested("workspace/applyEdit")
        assert "sidelight: fixture" in json.dumps(apply["params"])
        await client.answer(apply, {"applied": True})
        answer = client.response(asked)
        assert answer is not None
        assert answer["result"]["applied"] is True


async def test_an_exception_is_asked_for_with_the_rule_and_never_the_value() -> None:
    broker = FakeBroker(preview=preview(), feedback_ends=Sent())
    async with editor(broker) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        action = (await actions(client, 0, 8))["Request exception…"]["command"]
        params = {"command": action["command"], "arguments": action["arguments"]}
        asked = await client.ask("workspace/executeCommand", params)
        (question,) = client.requested("window/showMessageRequest")
        assert "pii.ssn" in question["params"]["message"]
        chosen = question["params"]["actions"][0]
        await client.answer(question, chosen)
        answer = client.response(asked)
        assert answer is not None
        assert answer["result"]["sent"] is True
        assert broker.messages == [(Subject.EXCEPTION, "pii.ssn", "", chosen["title"])]
        assert SSN not in json.dumps(client.messages)


async def test_where_no_message_is_taken_the_prefilled_form_is_opened() -> None:
    broker = FakeBroker(preview=preview(), feedback_ends=NoEndpoint(APPEAL))
    async with editor(broker) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        answer = await client.command(
            "sidelight.requestException", {**here(0, 8), "reason": "It is a fixture."}
        )
        assert answer["form"] == f"{APPEAL}?rule=pii.ssn"
        (shown,) = client.requested("window/showDocument")
        assert shown["params"] == {"uri": answer["form"], "external": True}


async def test_redact_and_retry_asks_at_once_and_the_next_ask_finds_the_answer() -> None:
    broker = FakeBroker(preview=preview(), script=lambda request: completed(request, "total()"))
    async with editor(broker) as client:
        await ready(client, f"ssn = '{SSN}'\nx = ")
        answer = await client.command("sidelight.redact", here(1, 4))
        assert answer["redacting"] is True
        await client.settle()
        (request,) = broker.asked
        assert request.redact
        assert request.file.startswith("ssn = ")
        (item,) = await client.items(1, 4)
        assert item["insertText"] == "total()"
        assert len(broker.asked) == 1
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        await client.open("y = ")
        await client.items(0, 4, invoked=True)
        assert not broker.asked[-1].redact


async def test_redaction_that_is_forbidden_is_said_and_not_done() -> None:
    async with editor(FakeBroker(preview=preview(RedactionMode.FORBID))) as client:
        await ready(client, "x = ")
        answer = await client.command("sidelight.redact", here(0))
        assert answer["code"] == "redaction.forbidden"


# --- why there is nothing ---------------------------------------------------------------------


async def explain(client: Editor, line: int = 0, column: int = 0) -> dict[str, Any]:
    answer: dict[str, Any] = await client.command("sidelight.explain", here(line, column))
    return answer


@pytest.mark.parametrize("why", [*Because, *Quiet], ids=str)
def test_every_reason_has_its_sentence(why: Because | Quiet) -> None:
    kind = "trigger" if isinstance(why, Because) else "silence"
    assert f"{kind}.{why.value}" in CODES


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (UnavailableReason.OFFLINE, "network.offline"),
        (UnavailableReason.BREAKER_OPEN, "gateway.unreachable"),
        (UnavailableReason.DEADLINE, "completion.deadline"),
        (UnavailableReason.PAUSED, "completions.paused"),
        (UnavailableReason.LANGUAGE_PAUSED, "completion.language_paused"),
        (UnavailableReason.RULES_NOT_READY, "content.rules_not_ready"),
    ],
)
async def test_what_stood_in_the_way_of_a_keystroke_can_be_asked(
    reason: UnavailableReason, code: str
) -> None:
    broker = FakeBroker(script=lambda request: Unavailable(request.trace_id, reason))
    async with editor(broker) as client:
        await ready(client, "x = ")
        assert await client.items(0, 4) == []
        answer = await explain(client)
        assert answer["code"] == code
        assert answer["traceId"] == broker.asked[0].trace_id
        assert any(one["code"].startswith("context.") for one in answer["more"])


async def test_an_empty_answer_says_so_and_what_was_sent() -> None:
    async with editor(FakeBroker(script=completed)) as client:
        await ready(client, "the_name_of_this_thing = \n" * 400)
        assert await client.items(200, 25, invoked=True) == []
        answer = await explain(client, 200, 25)
        assert answer["code"] == "silence.empty"
        assert "lines before" in answer["text"]
        assert "lines of this file (fast tier)" in answer["text"]


async def test_a_keystroke_overtaken_by_typing_is_recorded() -> None:
    broker = FakeBroker(gate=asyncio.Event())
    async with editor(broker) as client:
        await ready(client, "x = ")
        await client.inline(0, 4, invoked=True)
        await client.edit((0, 0), (0, 4), "while")
        assert (await explain(client))["code"] == "silence.typed_on"


async def test_an_ask_the_editor_took_back_and_one_it_repeated_are_recorded() -> None:
    broker = FakeBroker(gate=asyncio.Event())
    async with editor(broker) as client:
        await ready(client, "x = ")
        first = await client.inline(0, 4, invoked=True)
        await client.inline(0, 4, invoked=True)
        assert (await explain(client))["code"] == "silence.asked_again"
        await client.notify("$/cancelRequest", {"id": first + 1})
        assert (await explain(client))["code"] == "silence.withdrawn"


async def test_a_place_nothing_was_asked_at_says_what_stands_in_the_way_now() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await ready(client, "x = \ny = ")
        assert (await explain(client, 1))["code"] == "silence.never_asked"
        broker.would = Unavailable("a" * 32, UnavailableReason.OFFLINE)
        assert (await explain(client, 1))["code"] == "network.offline"
        assert broker.asked == []
        assert await client.command("sidelight.explain", {"uri": "file:///else.py"}) is None


async def test_reasons_are_bounded_and_go_with_their_document() -> None:
    broker = FakeBroker(script=completed)
    async with editor(broker) as client:
        await ready(client, "x = ")
        for _ in range(KEPT_A_DOCUMENT + 10):
            await client.inline(0, 4)
        (explains,) = broker.explainers
        assert explains(URI, None) is not None
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        assert explains(URI, None) is None


async def test_a_finding_under_the_cursor_is_explained_before_anything_else() -> None:
    async with editor(FakeBroker(preview=preview())) as client:
        await ready(client, f"ssn = '{SSN}'\n")
        answer = await explain(client, 0, 8)
        assert answer["code"] == "content.would_stop"
        assert say("content.check_passes").what in answer["text"]


# --- what was sent ----------------------------------------------------------------------------


async def test_what_was_sent_is_the_exact_text_and_a_private_file(tmp_path: Path) -> None:
    broker = FakeBroker(scratch=tmp_path / "sent")
    async with editor(broker) as client:
        await ready(client, "first = 1\nsecond = ")
        nothing = await client.command("sidelight.whatWasSent", URI)
        assert nothing["text"].startswith("Nothing was sent.")
        await client.items(1, 9)
        params = {"command": "sidelight.whatWasSent", "arguments": [URI]}
        asked = await client.ask("workspace/executeCommand", params)
        for _ in range(200):
            if client.response(asked) is not None:
                break
            await asyncio.sleep(0.01)
            await client.settle()
        answer = client.response(asked)
        assert answer is not None
        assert "first = 1\nsecond = " in answer["result"]["text"]
        (shown,) = client.requested("window/showDocument")
        path = Path(shown["params"]["uri"].removeprefix("file://"))
        assert private(path) == answer["result"]["text"]
        await client.answer(shown, {"success": True})
        await client.leave()
    assert gone(path)


async def test_the_meter_is_off_until_somebody_wants_it() -> None:
    ask = {"textDocument": {"uri": URI}}
    async with editor() as client:
        await ready(client, "x = ")
        await client.items(0, 4)
        assert await client.request("textDocument/codeLens", ask) == []
        wanted = {"sidelight": {"completions": {"context_meter": True}}}
        await client.notify("workspace/didChangeConfiguration", {"settings": wanted})
        (lens,) = await client.request("textDocument/codeLens", ask)
        assert lens["command"]["title"].endswith("100 % of this file")


async def test_a_large_file_is_hinted_at_once_and_not_again() -> None:
    async with editor() as client:
        await ready(client, "value = 1\n" * 20_001)
        (hint,) = found(client)
        assert (hint["code"], hint["severity"]) == ("context.large_file", 4)
        await client.type((0, 0), "x")
        assert found(client) == []
        await client.type((0, 0), "y")
        assert found(client) == []


async def test_who_asks_in_a_file_that_was_mostly_left_out_is_told_once() -> None:
    async with editor() as client:
        await ready(client, "value = 1\n" * 2_000)
        await client.items(1_000, 9)
        assert found(client) == []
        await client.items(1_500, 9, invoked=True)
        assert [one["code"] for one in found(client)] == ["context.mostly_cut"]


async def test_usage_is_said_with_what_is_not_known_as_a_dash() -> None:
    async with editor() as client:
        await ready(client, "x")
        answer = await client.command("sidelight.usage")
        assert answer["requests"] is None
        assert answer["text"].startswith("– requests")
