"""Clients made for the Copilot language server, by the messages they send, with another server behind.

None of these clients is in a package registry, so their messages are written down here from the
protocol's README (github/copilot-language-server-release) and from what the clients send.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lsp.fakes import URI, Editor, FakeBroker, completed, editor, snapshot
from sidelight_client.api import Budget, Condition, Phase, Purse, Scope, SignInFailed, State, Unit
from sidelight_client.domain.snapshot import SessionView
from sidelight_lsp.copilot.status import StatusKind, kind_of
from support.lsp_checker import check_where_possible

pytestmark = pytest.mark.anyio

COPILOT_LUA = {
    "editorInfo": {"name": "Neovim", "version": "0.11.4"},
    "editorPluginInfo": {"name": "copilot.lua", "version": "1.507.0"},
}
COPILOT_VIM = {
    "editorInfo": {"name": "Vim", "version": "9.1.0"},
    "editorPluginInfo": {"name": "copilot.vim", "version": "1.59.0"},
}
LSPCONFIG = {
    "editorInfo": {"name": "Neovim", "version": "0.12.4"},
    "editorPluginInfo": {"name": "Neovim", "version": "0.12.4"},
}
REST = "two three four five six seven eight nine ten eleven twelve"
"""Long enough that what follows it is not fetched yet."""

CAPABILITIES = {
    "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
    "window": {"showDocument": {"support": True}},
    "workspace": {"workspaceFolders": True},
}

DIALECT = {
    *("checkStatus", "getVersion", "getCompletions", "getCompletionsCycling"),
    *("notifyShown", "notifyAccepted", "notifyRejected"),
    *("signIn", "signInInitiate", "signInConfirm", "signOut"),
    *("didChangeStatus", "statusNotification", "notifyChangeConfiguration"),
    *("textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion"),
    "textDocument/didFocus",
}


async def attach(client: Editor, options: dict[str, Any] = COPILOT_LUA) -> dict[str, Any]:
    """What each of the clients does first."""
    result = await client.initialize(CAPABILITIES, initializationOptions=options)
    settings = {"telemetry": {"telemetryLevel": "all"}, "github-enterprise": {"uri": None}}
    await client.notify("workspace/didChangeConfiguration", {"settings": settings})
    return result


def doc(line: int, character: int) -> dict[str, Any]:
    """The parameters of copilot.lua: everything twice, columns in UTF-16, and its `_`."""
    position = {"line": line, "character": character}
    inner = {
        "uri": URI,
        "version": 1,
        "relativePath": "src/app.py",
        "insertSpaces": True,
        "tabSize": 4,
        "indentSize": 4,
        "position": position,
    }
    text = {"uri": URI, "version": 1, "relativePath": "src/app.py"}
    return {"doc": inner, "textDocument": text, "position": position, "_": True}


async def completions(client: Editor, line: int, character: int) -> list[dict[str, Any]]:
    message_id = await client.ask("getCompletions", doc(line, character))
    await client.rest()
    response = client.response(message_id)
    assert response is not None
    found: list[dict[str, Any]] = response["result"]["completions"]
    return found


def signed_out() -> FakeBroker:
    return FakeBroker(state=snapshot(session=SessionView(Phase.SIGNED_OUT)))


# --- attaching -------------------------------------------------------------------------------


async def test_columns_are_counted_in_utf_16_whatever_neovim_offers() -> None:
    async with editor() as client:
        result = await attach(client)
        assert result["capabilities"]["positionEncoding"] == "utf-16"


async def test_a_client_that_draws_ghost_text_by_itself_gets_no_menu_beside_it() -> None:
    async with editor() as client:
        capabilities = (await attach(client))["capabilities"]
        assert "completionProvider" not in capabilities
        assert (
            "github.copilot.finishDeviceFlow" in capabilities["executeCommandProvider"]["commands"]
        )


async def test_without_its_introduction_nothing_of_the_dialect_is_there() -> None:
    async with editor() as client:
        commands = (await client.initialize())["capabilities"]["executeCommandProvider"]["commands"]
        assert "github.copilot.finishDeviceFlow" not in commands
        response = await client.answered(await client.ask("checkStatus", {}))
        assert response["error"]["code"] == -32601
        assert client.notified("didChangeStatus") == []


# --- copilot.lua -----------------------------------------------------------------------------


async def test_copilot_lua_gets_whole_lines_from_column_zero() -> None:
    broker = FakeBroker(script=lambda request: completed(request, "nt(a)\nprint(b)"))
    async with editor(broker) as client:
        await attach(client)
        await client.open('s = "😀"; pri')
        (item,) = await completions(client, 0, 13)
        assert item == {
            "uuid": broker.asked[0].trace_id,
            "text": 's = "😀"; print(a)\nprint(b)',
            "displayText": "nt(a)\nprint(b)",
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 13}},
            "position": {"line": 0, "character": 13},
            "docVersion": 1,
        }


async def test_copilot_lua_gets_a_list_also_where_there_is_nothing() -> None:
    async with editor(FakeBroker(script=completed)) as client:
        await attach(client)
        assert await completions(client, 0, 0) == []
        await client.open("x = ")
        assert await completions(client, 0, 4) == []


async def test_an_older_request_of_copilot_lua_is_answered_when_a_newer_one_comes() -> None:
    async with editor() as client:
        await attach(client)
        await client.open("x = ")
        older = await client.ask("getCompletions", doc(0, 4))
        newer = await client.ask("getCompletions", doc(0, 4))
        response = client.response(older)
        assert response is not None
        assert response["result"] == {"completions": []}
        await client.rest()
        assert client.response(newer) is not None


async def test_a_cancelled_request_gets_the_one_error_that_clients_are_quiet_about() -> None:
    async with editor() as client:
        await attach(client)
        await client.open("x = ")
        asked = await client.ask("getCompletions", doc(0, 4))
        await client.notify("$/cancelRequest", {"id": asked})
        response = client.response(asked)
        assert response is not None
        assert response["error"]["code"] == -32800


async def test_copilot_lua_tells_what_was_shown_and_taken() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await attach(client)
        await client.open("x = ")
        (item,) = await completions(client, 0, 4)
        assert await client.request("notifyShown", {"uuid": item["uuid"], "_": True}) == "OK"
        length = len(item["text"])
        taken = {"uuid": item["uuid"], "acceptedLength": length, "_": True}
        assert await client.request("notifyAccepted", taken) == "OK"
        assert broker.accepted_ids == [item["uuid"]]
        assert await client.request("notifyRejected", {"uuids": [item["uuid"]]}) == "OK"


async def test_a_word_taken_in_copilot_lua_leaves_the_rest_to_be_offered_without_a_request() -> (
    None
):
    broker = FakeBroker(script=lambda request: completed(request, "one " + REST))
    async with editor(broker) as client:
        await attach(client)
        await client.open("x = ")
        (item,) = await completions(client, 0, 4)
        part = {"uuid": item["uuid"], "acceptedLength": len("x = one ")}
        assert await client.request("notifyAccepted", part) == "OK"
        assert broker.accepted_ids == []
        await client.type((0, 4), "one ")
        (rest,) = await completions(client, 0, 8)
        assert rest["displayText"] == REST
        assert len(broker.asked) == 1


async def test_cycling_offers_what_the_person_asked_for() -> None:
    broker = FakeBroker(script=lambda request: completed(request, "one", "two"))
    async with editor(broker) as client:
        await attach(client)
        await client.open("x = ")
        asked = await client.ask("getCompletionsCycling", doc(0, 4))
        await client.rest()
        response = client.response(asked)
        assert response is not None
        assert [c["displayText"] for c in response["result"]["completions"]] == ["one", "two"]


@pytest.mark.parametrize("params", [None, {}, {"doc": 7}, {"doc": {"uri": URI, "position": "x"}}])
async def test_garbage_is_answered_with_nothing(params: Any) -> None:
    async with editor() as client:
        await attach(client)
        await client.open("x = ")
        assert await client.request("getCompletions", params) == {"completions": []}
        assert await client.request("notifyAccepted", params) == "OK"
        for told in ("textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion"):
            await client.notify(told, params)


# --- copilot.vim -----------------------------------------------------------------------------


async def test_copilot_vim_asks_with_the_standard_request_and_runs_the_item_s_command() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await attach(client, COPILOT_VIM)
        await client.open("x = \n")
        await client.notify("textDocument/didFocus", {"textDocument": {"uri": URI}})
        (item,) = await client.items(0, 4)
        await client.notify("textDocument/didShowCompletion", {"item": item})
        await client.request("workspace/executeCommand", item["command"])
        assert broker.accepted_ids == [broker.asked[0].trace_id]


@pytest.mark.parametrize(("length", "accepted"), [(3, 0), (6, 1)])
async def test_a_line_taken_in_copilot_vim_is_an_acceptance_only_when_it_was_all(
    length: int, accepted: int
) -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await attach(client, COPILOT_VIM)
        await client.open("x = \n")
        (item,) = await client.items(0, 4)
        assert item["insertText"] == "answer"
        told = {"item": item, "acceptedLength": length}
        await client.notify("textDocument/didPartiallyAcceptCompletion", told)
        assert len(broker.accepted_ids) == accepted


async def test_switching_off_in_copilot_vim_is_no_error() -> None:
    async with editor() as client:
        await attach(client, COPILOT_VIM)
        await client.notify("notifyChangeConfiguration", {"settings": {"disabledLanguages": []}})
        assert await client.request("getVersion", {}) == {"version": "1.2.3"}


# --- signing in ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "status", "account"),
    [
        (Phase.FRESH, "OK", "ada@example.com"),
        (Phase.STALE, "OK", "ada@example.com"),
        (Phase.EXPIRED, "MaybeOK", "ada@example.com"),
        (Phase.NEEDS_PERSON, "NotSignedIn", None),
        (Phase.SIGNED_OUT, "NotSignedIn", None),
    ],
)
async def test_check_status_says_who_is_signed_in(
    phase: Phase, status: str, account: str | None
) -> None:
    broker = FakeBroker(state=snapshot(session=SessionView(phase, account="ada@example.com")))
    async with editor(broker) as client:
        await attach(client)
        for params in ({"_": True}, {"options": {"localChecksOnly": True}}):
            found = await client.request("checkStatus", params)
            assert found == {"status": status} | ({"user": account} if account else {})


async def test_who_is_signed_in_has_a_name_also_where_the_gateway_has_no_accounts() -> None:
    broker = FakeBroker(state=snapshot(session=SessionView(Phase.FRESH)))
    async with editor(broker) as client:
        await attach(client)
        assert (await client.request("checkStatus", {}))["user"] == "Test gateway"


async def test_nvim_lspconfig_signs_in_with_a_code_and_a_command() -> None:
    broker = signed_out()
    broker.sign_in_gate = asyncio.Event()
    async with editor(broker) as client:
        await attach(client, LSPCONFIG)
        told = await client.request("signIn", {})
        assert told == {
            "status": "PromptUserDeviceFlow",
            "userCode": "ABCD-EFGH",
            "code": "ABCD-EFGH",
            "verificationUri": "https://idp.example/authorize",
            "command": {
                "command": "github.copilot.finishDeviceFlow",
                "title": "Sign in",
                "arguments": [],
            },
        }
        assert client.requested("window/showDocument") == []
        asked = await client.ask("workspace/executeCommand", told["command"])
        (shown,) = client.requested("window/showDocument")
        assert shown["params"] == {"uri": "https://idp.example/authorize", "external": True}
        await client.answer(shown, {"success": True})
        assert client.response(asked) is None
        broker.publish(snapshot(2))
        broker.sign_in_gate.set()
        await client.settle()
        response = client.response(asked)
        assert response is not None
        assert response["result"] == {"status": "OK", "user": "ada@example.com"}


async def test_copilot_lua_signs_in_with_the_older_pair_of_requests() -> None:
    broker = signed_out()
    broker.sign_in_gate = asyncio.Event()
    async with editor(broker) as client:
        await attach(client)
        told = await client.request("signInInitiate", {"_": True})
        assert (told["userCode"], told["verificationUri"]) == (
            "ABCD-EFGH",
            "https://idp.example/authorize",
        )
        asked = await client.ask("signInConfirm", {"userCode": told["userCode"], "_": True})
        broker.publish(snapshot(2))
        broker.sign_in_gate.set()
        await client.settle()
        response = client.response(asked)
        assert response is not None
        assert response["result"] == {"status": "OK", "user": "ada@example.com"}
        assert client.requested("window/showDocument") == []


async def test_who_asks_twice_gets_the_same_code_and_starts_one_sign_in() -> None:
    broker = signed_out()
    broker.sign_in_gate = asyncio.Event()
    async with editor(broker) as client:
        await attach(client)
        first = await client.request("signIn", {})
        assert await client.request("signIn", {}) == first
        assert broker.sign_ins == 1


async def test_who_is_signed_in_is_not_asked_for_a_code() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await attach(client)
        told = await client.request("signIn", {})
        assert told == {"status": "AlreadySignedIn", "user": "ada@example.com"}
        assert broker.sign_ins == 0


async def test_a_refused_sign_in_is_an_error_with_a_sentence_for_the_person() -> None:
    broker = signed_out()
    broker.sign_in_fails = SignInFailed("access_denied")
    async with editor(broker) as client:
        await attach(client)
        await client.request("signInInitiate", {})
        response = client.response(await client.ask("signInConfirm", {}))
        assert response is not None
        assert response["error"]["code"] == 1000
        assert len(response["error"]["message"]) > 20
        again = await client.request("signIn", {})
        finished = await client.request("workspace/executeCommand", again["command"])
        assert finished["status"] == "NotSignedIn"
        assert finished["error"]["message"] == response["error"]["message"]


async def test_signing_out_is_done_by_the_broker() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await attach(client)
        assert await client.request("signOut", {}) == {"status": "NotSignedIn"}
        assert broker.signed_out == 1


async def test_a_sign_in_that_waits_is_answered_when_the_editor_leaves() -> None:
    broker = signed_out()
    broker.sign_in_gate = asyncio.Event()
    async with editor(broker) as client:
        await attach(client)
        await client.request("signInInitiate", {})
        waiting = await client.ask("signInConfirm", {})
        await client.request("shutdown")
        response = client.response(waiting)
        assert response is not None
        assert response["error"]["code"] == -32800


async def test_a_token_that_a_client_hands_over_is_refused_and_goes_nowhere() -> None:
    token = "gho_0123456789abcdef"
    async with editor() as client:
        await attach(client)
        params = {"githubToken": token, "user": "ada"}
        response = await client.answered(await client.ask("signInWithGithubToken", params))
        assert response["error"]["code"] == -32601
        await client.notify("github/didChangeAuth", {"token": token})
        assert token not in json.dumps(client.messages)


# --- the status ------------------------------------------------------------------------------


async def test_both_forms_of_the_status_are_told_on_every_change_and_only_then() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await attach(client)
        assert client.notified("didChangeStatus") == [
            {"busy": False, "kind": "Normal", "message": ""}
        ]
        broker.publish(snapshot(2))
        broker.publish(snapshot(3, session=SessionView(Phase.SIGNED_OUT)))
        await client.settle()
        told = client.notified("didChangeStatus")[1]
        assert told["kind"] == "Error"
        assert told["command"] == {"title": "Sign in", "command": "sidelight.signIn"}
        assert len(client.notified("didChangeStatus")) == 2
        assert [n["status"] for n in client.notified("statusNotification")] == ["Normal", "Error"]


async def test_a_limit_that_is_reached_stays_a_warning_while_it_lasts() -> None:
    """The Copilot server says "Normal" again with the next key."""
    purse = Purse(Scope.USER, Unit.REQUESTS, used=120, limit=120, window_s=3600, resets_at=1e11)
    limited = snapshot(2, budget=Budget((purse,)))
    broker = FakeBroker(state=limited)
    async with editor(broker) as client:
        await attach(client)
        await client.open("x = ")
        await completions(client, 0, 4)
        broker.publish(limited)
        await client.settle()
        assert [told["kind"] for told in client.notified("didChangeStatus")] == ["Warning"]


def test_only_what_works_is_normal() -> None:
    normal = {state for state in State if kind_of(state) is StatusKind.NORMAL}
    assert normal == {State.READY, State.BUSY}


async def test_every_message_keeps_to_the_protocol() -> None:
    broker = signed_out()
    broker.sign_in_gate = asyncio.Event()
    async with editor(broker) as client:
        await attach(client)
        await client.open("x = ")
        await client.request("signIn", {})
        await completions(client, 0, 4)
        broker.publish(snapshot(2, conditions=(Condition("network.offline", since=0.0),)))
        broker.sign_in_gate.set()
        await client.settle()
        await client.leave()
        assert check_where_possible(client.traffic, allowed=DIALECT) == []
