"""Menu, findings, status, decisions and commands, as an editor sees them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lsp.fakes import GHOST, URI, Editor, FakeBroker, completed, editor, lsp_range, snapshot
from sidelight_client.api import (
    Blocked,
    Budget,
    CompletionRequest,
    Condition,
    Finding,
    Limited,
    Outcome,
    PartKind,
    Phase,
    Purse,
    Scope,
    SignInFailed,
    State,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
    Unit,
    say,
)
from sidelight_client.domain.snapshot import SessionView
from sidelight_lsp.completing.menu import typed_word
from sidelight_lsp.window.status import actions, status_payload

pytestmark = pytest.mark.anyio

PULL = {
    "textDocument": {"inlineCompletion": {}, "diagnostic": {}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}
SSN = "078-05-1120"
APPEAL = "https://policy.example/pii"


def blocks(needle: str = SSN) -> FakeBroker:
    """A broker whose gateway objects to `needle` wherever it is sent."""

    def script(request: CompletionRequest) -> Outcome:
        for kind, text in (
            (PartKind.PREFIX, request.window.prefix),
            (PartKind.SUFFIX, request.window.suffix),
        ):
            start = text.find(needle)
            if start >= 0:
                located = request.window.locate(kind, start, start + len(needle))
                assert located is not None
                finding = Finding("pii.ssn", located[0], located[1], "•••-••-••20")
                return Blocked(
                    request.trace_id,
                    "pii.ssn",
                    "US social security number",
                    "Personal data stays inside.",
                    (finding,),
                    owner="privacy@example.com",
                    appeal_url=APPEAL,
                )
        return completed(request, "fine")

    return FakeBroker(script=script)


def place(start: int, end: int, line: int = 0) -> dict[str, Any]:
    return lsp_range((line, start), (line, end))


async def blocked_editor(client: Editor, capabilities: Any = None) -> None:
    await client.initialize(capabilities, initializationOptions={"sidelight": {"messages": True}})
    await client.open(f"é😀 ssn = '{SSN}'\nx = ")
    assert await client.items(1, 4) == []


# --- the menu --------------------------------------------------------------------------------


async def test_a_menu_entry_carries_the_typed_word_and_the_whole_text() -> None:
    broker = FakeBroker(script=lambda request: completed(request, "nt(value)\nnext"))
    async with editor(broker) as client:
        await client.initialize({})
        await client.open("x = pri")
        params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 7}}
        message_id = await client.ask("textDocument/completion", params)
        await client.rest()
        message = client.response(message_id)
        assert message is not None
        assert message["result"]["isIncomplete"] is True
        (item,) = message["result"]["items"]
        trace_id = broker.asked[0].trace_id
        assert item == {
            "label": "print(value)",
            "kind": 1,
            "detail": "workspace match: db/utils.py:41",
            "filterText": "print(value)",
            "sortText": "!",
            "insertTextFormat": 1,
            "textEdit": {"range": place(4, 7), "newText": "print(value)\nnext"},
            "command": {
                "title": "Accepted",
                "command": "sidelight.didAccept",
                "arguments": [trace_id],
            },
        }


async def test_a_menu_with_nothing_in_it_is_asked_for_again() -> None:
    async with editor(FakeBroker(script=completed)) as client:
        await client.initialize({})
        params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
        nothing = {"isIncomplete": True, "items": []}
        assert await client.request("textDocument/completion", params) == nothing


async def test_menu_and_ghost_text_share_one_request() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        options = {"sidelight": {"completions": {"menu": True}}}
        await client.initialize(initializationOptions=options)
        await client.open("x")
        params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 1}}
        ghost = await client.inline(0, 1)
        menu = await client.ask("textDocument/completion", params)
        await client.rest()
        for message_id in (ghost, menu):
            assert len(client.response(message_id)["result"]["items"]) == 1  # type: ignore[index]
        assert len(broker.asked) == 1


@pytest.mark.parametrize(
    ("before", "word"),
    [("x = pri", "pri"), ("a.b_1", "b_1"), ("größe", "größe"), ("x ", ""), ("", "")],
)
def test_the_typed_word_ends_at_the_cursor(before: str, word: str) -> None:
    assert typed_word(before) == word


# --- findings --------------------------------------------------------------------------------


async def test_a_finding_is_shown_at_its_characters_with_a_masked_sample() -> None:
    async with editor(blocks()) as client:
        await blocked_editor(client)
        (pushed,) = client.notified("textDocument/publishDiagnostics")
        assert pushed["uri"] == URI
        (shown,) = pushed["diagnostics"]
        assert shown["range"] == place(11, 22)  # The emoji before it takes two units.
        assert shown["severity"] == 3
        assert shown["source"] == "sidelight"
        assert shown["code"] == "pii.ssn"
        assert shown["codeDescription"] == {"href": APPEAL}
        assert "•••-••-••20" in shown["message"]
        assert "Personal data stays inside." in shown["message"]
        assert SSN not in json.dumps(client.messages)


async def test_an_appeal_address_that_is_no_web_address_is_no_link() -> None:
    broker = blocks()
    script = broker.script

    def without_link(request: CompletionRequest) -> Outcome:
        outcome = script(request)
        assert isinstance(outcome, Blocked)
        return Blocked(outcome.trace_id, "r", "t", "w", outcome.findings, appeal_url="file:///etc")

    broker.script = without_link
    async with editor(broker) as client:
        await blocked_editor(client)
        (pushed,) = client.notified("textDocument/publishDiagnostics")
        assert "codeDescription" not in pushed["diagnostics"][0]


async def test_a_finding_is_gone_when_its_text_changes_and_stays_when_it_only_moves() -> None:
    async with editor(blocks()) as client:
        await blocked_editor(client)
        await client.type((0, 0), "# moved\n  ")
        assert len(client.notified("textDocument/publishDiagnostics")) == 1
        hover = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 15}}
        found = await client.request("textDocument/hover", hover)
        assert found["range"] == place(13, 24, line=1)
        await client.edit((1, 14), (1, 15), "x")
        _, cleared = client.notified("textDocument/publishDiagnostics")
        assert cleared["diagnostics"] == []
        assert await client.request("textDocument/hover", hover) is None


async def test_a_finding_is_gone_when_the_same_text_goes_through() -> None:
    broker = blocks()
    async with editor(broker) as client:
        await blocked_editor(client)
        broker.script = completed
        await client.items(1, 4)
        _, cleared = client.notified("textDocument/publishDiagnostics")
        assert cleared["diagnostics"] == []


async def test_the_same_finding_again_is_shown_once() -> None:
    async with editor(blocks()) as client:
        await blocked_editor(client)
        await client.items(1, 4)
        pushed = client.notified("textDocument/publishDiagnostics")
        assert [len(one["diagnostics"]) for one in pushed] in ([1], [1, 1])


async def test_a_finding_behind_the_cursor_is_dropped_if_something_was_typed_meanwhile() -> None:
    broker = blocks()
    broker.gate = asyncio.Event()
    async with editor(broker) as client:
        await client.initialize()
        await client.open(f"x = \n'{SSN}'")
        await client.inline(0, 4)
        await client.rest()
        await client.type((0, 4), "\n\n")
        broker.gate.set()
        await client.settle()
        assert client.notified("textDocument/publishDiagnostics") == []


async def test_a_closed_document_has_no_findings() -> None:
    async with editor(blocks()) as client:
        await blocked_editor(client)
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        _, cleared = client.notified("textDocument/publishDiagnostics")
        assert cleared["diagnostics"] == []


async def test_findings_are_pulled_where_the_editor_offers_it() -> None:
    async with editor(blocks()) as client:
        await blocked_editor(client, PULL)
        assert client.notified("textDocument/publishDiagnostics") == []
        assert len(client.requested("workspace/diagnostic/refresh")) == 1
        report = await client.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
        assert report["kind"] == "full"
        assert [one["range"] for one in report["items"]] == [place(11, 22)]
        other = await client.request("textDocument/diagnostic", {"textDocument": {"uri": "x"}})
        assert other["items"] == []


async def test_pulled_findings_are_announced() -> None:
    async with editor() as client:
        capabilities = (await client.initialize(PULL))["capabilities"]
        assert capabilities["diagnosticProvider"]["interFileDependencies"] is False


async def test_a_hover_explains_the_finding_in_plain_text() -> None:
    async with editor(blocks()) as client:
        await blocked_editor(client)
        hover = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 12}}
        found = await client.request("textDocument/hover", hover)
        assert found["contents"]["kind"] == "plaintext"
        for part in ("•••-••-••20", "pii.ssn", client.broker.asked[0].trace_id, APPEAL):
            assert part in found["contents"]["value"]
        elsewhere = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 0}}
        assert await client.request("textDocument/hover", elsewhere) is None


async def test_a_finding_offers_what_really_works() -> None:
    async with editor(blocks()) as client:
        await blocked_editor(client)
        params = {
            "textDocument": {"uri": URI},
            "range": place(12, 12),
            "context": {"diagnostics": []},
        }
        offered = await client.request("textDocument/codeAction", params)
        assert [one["title"] for one in offered] == [
            "Explain: Blocked: US social security number",
            "Request exception…",
            "Copy trace id",
            "What was sent?",
            "Mark as fixture (comment on this line)",
        ]
        for one in (offered[0], offered[2]):
            done = await client.command(one["command"]["command"], *one["command"]["arguments"])
            assert done is not None
        trace_id = client.broker.asked[0].trace_id
        explained, copied = client.notified("window/showMessage")
        assert "Personal data stays inside." in explained["message"]
        assert copied["message"] == f"Trace id: {trace_id}"
        elsewhere = {**params, "range": place(0, 0, line=1)}
        assert await client.request("textDocument/codeAction", elsewhere) == []
        refactoring = {**params, "context": {"diagnostics": [], "only": ["refactor"]}}
        assert await client.request("textDocument/codeAction", refactoring) == []


# --- status and decisions --------------------------------------------------------------------


async def test_the_status_is_sent_whole_after_each_change_and_only_then() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await client.initialize(initializationOptions={"sidelight": {"messages": True}})
        (first,) = client.notified("$/sidelight/status")
        assert first["state"] == "ready"
        assert first["auth"]["account"] == "ada@example.com"
        assert first["limits"] == []
        broker.publish(snapshot(2))
        await client.settle()
        assert len(client.notified("$/sidelight/status")) == 1
        signed_out = SessionView(Phase.SIGNED_OUT)
        offline = (Condition("network.offline", since=0.0),)
        broker.publish(snapshot(3, session=signed_out))
        broker.publish(snapshot(4, conditions=offline))
        await client.settle()
        _, latest = client.notified("$/sidelight/status")
        assert (latest["state"], latest["code"]) == ("offline", "network.offline")
        assert latest["since"] == 0.0
        assert latest["summary"] == "Offline"


async def test_messages_of_our_own_go_only_to_who_asked_for_them() -> None:
    async with editor() as client:
        await client.initialize()
        await client.open("x")
        await client.items(0, 1)
        assert [m for m in client.messages if str(m.get("method", "")).startswith("$/")] == []
    assert client.broker.watchers == []


def test_what_is_not_known_is_null_and_never_zero() -> None:
    purse = Purse(Scope.USER, Unit.REQUESTS, limit=120, window_s=3600)
    payload = status_payload(snapshot(budget=Budget((purse,))), 1_700_000_000.0)
    assert payload["limits"] == [
        {
            "scope": "user",
            "unit": "requests",
            "used": None,
            "limit": 120,
            "windowSec": 3600,
            "resetAt": None,
            "soft": False,
            "asOf": None,
        }
    ]
    assert payload["gateway"]["p50Ms"] is None


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_actions_and_only_commands_that_exist(state: State) -> None:
    known = {"sidelight.signIn", "sidelight.pause", "sidelight.retryNow"}
    assert {one["command"] for one in actions(state)} <= known


@pytest.mark.parametrize(
    ("outcome", "word", "reason"),
    [
        (lambda r: completed(r, "text"), "shown", ""),
        (completed, "empty", ""),
        (lambda r: Blocked(r.trace_id, "pci", "PCI", "why", by_gateway=False), "blocked", "pci"),
        (
            lambda r: Limited(r.trace_id, Scope.USER, "requests", 120, 120, 1e9),
            "throttled",
            "user",
        ),
        (
            lambda r: Unavailable(r.trace_id, UnavailableReason.DEADLINE),
            "timeout",
            "deadline",
        ),
        (
            lambda r: Unavailable(r.trace_id, UnavailableReason.OFFLINE),
            "unavailable",
            "offline",
        ),
        (
            lambda r: Unauthorized(r.trace_id, UnauthorizedReason.SIGNED_OUT),
            "unauthorized",
            "signed_out",
        ),
    ],
)
async def test_each_request_leaves_one_decision(outcome: Any, word: str, reason: str) -> None:
    broker = FakeBroker(script=outcome)
    async with editor(broker) as client:
        await client.initialize(initializationOptions={"sidelight": {"messages": True}})
        await client.open("secret = 1\nx")
        await client.items(1, 1)
        (decision,) = client.notified("$/sidelight/decision")
        assert (decision["outcome"], decision["reason"]) == (word, reason)
        assert decision["traceId"] == broker.asked[0].trace_id
        assert decision["context"]["included"][0]["tokens"] > 0
        assert decision["context"]["used"] <= decision["context"]["budget"]
        assert decision["context"]["included"][0]["range"] == lsp_range((0, 0), (1, 1))
        assert "secret" not in json.dumps(decision)
        explained = await client.command("sidelight.explain")
        assert (explained is None) == (word in {"shown", "empty"})


async def test_a_text_nobody_could_use_any_more_is_stale() -> None:
    broker = FakeBroker(gate=asyncio.Event())
    async with editor(broker) as client:
        await client.initialize(initializationOptions={"sidelight": {"messages": True}})
        await client.open("x")
        await client.inline(0, 1)
        await client.rest()
        await client.type((0, 1), "y")
        assert broker.gate is not None
        broker.gate.set()
        await client.settle()
        (decision,) = client.notified("$/sidelight/decision")
        assert decision["outcome"] == "stale"


# --- commands --------------------------------------------------------------------------------


async def test_accepting_is_told_with_the_trace_id_and_ends_the_suggestion() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("x")
        (item,) = await client.items(0, 1)
        await client.type((0, 1), item["insertText"])
        await client.command(item["command"]["command"], *item["command"]["arguments"])
        assert broker.accepted_ids == [broker.asked[0].trace_id]
        for nonsense in ("x", "A" * 32, 5, None, "0" * 31 + "ü"):
            await client.command("sidelight.didAccept", nonsense)
        await client.command("sidelight.didAccept")
        assert len(broker.accepted_ids) == 1


async def test_signing_in_opens_the_page_and_shows_a_progress() -> None:
    broker = FakeBroker(sign_in_gate=asyncio.Event())
    async with editor(broker) as client:
        await client.initialize(
            {"window": {"showDocument": {"support": True}, "workDoneProgress": True}}
        )
        assert broker.sign_ins == 0
        message_id = await client.ask("workspace/executeCommand", {"command": "sidelight.signIn"})
        (shown,) = client.requested("window/showDocument")
        assert shown["params"] == {"uri": "https://idp.example/authorize", "external": True}
        (created,) = client.requested("window/workDoneProgress/create")
        await client.answer(created, None)
        assert [one["value"]["kind"] for one in client.notified("$/progress")] == ["begin"]
        assert broker.sign_in_gate is not None
        broker.sign_in_gate.set()
        await client.settle()
        assert client.response(message_id)["result"] == {"signedIn": True}  # type: ignore[index]
        assert [one["value"]["kind"] for one in client.notified("$/progress")] == ["begin", "end"]


@pytest.mark.parametrize("answer", ["error", "late", "never"])
async def test_signing_in_does_not_depend_on_the_progress(answer: str) -> None:
    broker = FakeBroker(sign_in_gate=asyncio.Event())
    async with editor(broker) as client:
        await client.initialize({"window": {"workDoneProgress": True}})
        message_id = await client.ask("workspace/executeCommand", {"command": "sidelight.signIn"})
        (created,) = client.requested("window/workDoneProgress/create")
        if answer == "error":
            await client.send({"id": created["id"], "error": {"code": -32601, "message": "no"}})
        assert broker.sign_in_gate is not None
        broker.sign_in_gate.set()
        await client.settle()
        if answer == "late":
            await client.answer(created, None)
        assert client.response(message_id)["result"] == {"signedIn": True}  # type: ignore[index]
        assert client.notified("$/progress") == []


async def test_without_a_way_to_open_a_page_its_address_is_shown() -> None:
    async with editor() as client:
        await client.initialize()
        await client.command("sidelight.signIn")
        await client.command("sidelight.signIn", {"device": True})
        page, code = client.notified("window/showMessage")
        assert "https://idp.example/authorize" in page["message"]
        assert "ABCD-EFGH" in code["message"]


async def test_a_sign_in_that_fails_says_so() -> None:
    broker = FakeBroker(sign_in_fails=SignInFailed("access_denied"))
    async with editor(broker) as client:
        await client.initialize(GHOST)
        result = await client.command("sidelight.signIn")
        assert result["signedIn"] is False
        assert result["code"] == "login.declined"
        assert "access_denied" in client.notified("window/showMessage")[-1]["message"]


async def test_pausing_retrying_and_signing_out_reach_the_broker() -> None:
    broker = FakeBroker()
    now = broker.clock.now()
    async with editor(broker) as client:
        await client.initialize()
        for arguments in ((), (5,), (0,), (-3,), ("x",), (10**9,)):
            await client.command("sidelight.pause", *arguments)
        week = 7 * 24 * 3600
        assert broker.pauses == [now + 1800, now + 300, None, None, now + 1800, now + week]
        for arguments in ((5, "python"), (0, "python")):
            await client.command("sidelight.pause", *arguments)
        assert broker.language_pauses == [("python", now + 300), ("python", None)]
        await client.command("sidelight.retryNow")
        await client.command("sidelight.signOut")
        assert (broker.retries, broker.signed_out) == (1, 1)


async def test_there_is_no_trace_id_before_something_happened() -> None:
    async with editor() as client:
        await client.initialize()
        assert await client.command("sidelight.copyTraceId") is None
        assert await client.command("sidelight.explain") is None
        assert client.notified("window/showMessage") == []


@pytest.mark.parametrize(
    ("answer", "sign_ins"),
    [({"title": "Sign in"}, 1), (None, 0), ({"title": "Later"}, 0), ("error", 0), ("never", 0)],
    ids=["clicked", "dismissed", "another button", "not supported", "no answer"],
)
async def test_a_dead_session_is_offered_a_sign_in_and_only_a_click_takes_it(
    answer: object, sign_ins: int
) -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await client.initialize()
        broker.asking[0](say("session.needs_person", {"reason": "invalid_grant"}), "a" * 32)
        await client.settle()
        (asked,) = client.requested("window/showMessageRequest")
        assert "invalid_grant" in asked["params"]["message"]
        assert asked["params"]["actions"] == [{"title": "Sign in"}]
        if answer == "error":
            await client.send({"id": asked["id"], "error": {"code": -32601, "message": "no"}})
        elif answer != "never":
            await client.answer(asked, answer)
        await client.settle()
        assert broker.sign_ins == sign_ins
    assert broker.asking == []
