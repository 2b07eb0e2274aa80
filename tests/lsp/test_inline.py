"""Ghost text over the wire: debounce, join or cancel, typed-through, and one response to each request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp.fakes import URI, FakeBroker, completed, editor, inline_params
from sidelight_client.api import (
    CompletionRequest,
    Outcome,
    Settings,
    Trigger,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.settings import Layer, resolve
from sidelight_lsp.deciding.policy import LINGER_S, LONGEST_REST_S, MOST_ADRIFT

pytestmark = pytest.mark.anyio

NOTHING: dict[str, Any] = {"items": []}


def continues(text: str) -> FakeBroker:
    """A broker whose model knows the whole text and continues whatever stands before the cursor."""

    def script(request: CompletionRequest) -> Outcome:
        prefix = request.window.prefix
        return completed(request, text[len(prefix) :] if text.startswith(prefix) else "")

    return FakeBroker(script=script)


async def test_a_suggestion_comes_when_the_cursor_rests_with_its_trace_id() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("x = 1\ny = \nz")
        message_id = await client.inline(1, 4)
        await client.rest(LONGEST_REST_S - 0.001)
        assert client.response(message_id) is None
        assert broker.asked == []
        await client.rest(0.001)
        (request,) = broker.asked
        place = {"line": 1, "character": 4}
        assert client.response(message_id)["result"] == {  # type: ignore[index]
            "items": [
                {
                    "insertText": "answer",
                    "range": {"start": place, "end": place},
                    "command": {
                        "title": "Accepted",
                        "command": "sidelight.didAccept",
                        "arguments": [request.trace_id],
                    },
                }
            ]
        }
        assert request.window.prefix == "x = 1\ny = "
        assert request.window.suffix == "\nz"
        assert request.document.uri == URI
        assert request.document.language == "python"
        assert request.client == "Test editor 9"
        assert request.trigger is Trigger.AUTOMATIC


async def test_an_explicit_call_does_not_wait() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("ab")
        message_id = await client.inline(0, 2, invoked=True)
        assert client.response(message_id)["result"]["items"]  # type: ignore[index]
        assert broker.asked[0].trigger is Trigger.INVOKED


async def test_typing_fast_buys_one_request_and_answers_the_older_ones_with_null() -> None:
    broker = continues("compute(values)")
    broker.gate = asyncio.Event()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("")
        ids = []
        for column, key in enumerate("compute"):
            await client.type((0, column), key)
            ids.append(await client.inline(0, column + 1))
            await client.rest(0.04)
        broker.gate.set()
        await client.settle()
        assert len(broker.asked) == 1
        results = [client.response(one)["result"] for one in ids]  # type: ignore[index]
        assert results[:-1] == [None] * 6
        assert results[-1]["items"]


async def test_a_newer_keystroke_joins_the_request_in_flight_and_gets_what_is_left() -> None:
    broker = continues("def fib(n):\n    return n\n")
    broker.gate = asyncio.Event()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def")
        first = await client.inline(0, 3)
        await client.rest()
        await client.type((0, 3), " fib")
        second = await client.inline(0, 7)
        assert client.response(first)["result"] is None  # type: ignore[index]
        await client.rest(1.0)
        assert len(broker.asked) == 1
        broker.gate.set()
        await client.settle()
        (item,) = client.response(second)["result"]["items"]  # type: ignore[index]
        assert item["insertText"] == "(n):\n    return n\n"
        assert item["range"]["start"] == {"line": 0, "character": 7}
        assert broker.aborted == 0


async def test_a_keystroke_that_diverges_aborts_the_request_in_flight() -> None:
    broker = FakeBroker(gate=asyncio.Event())
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def f")
        first = await client.inline(0, 5)
        await client.rest()
        await client.edit((0, 4), (0, 5), "")
        assert broker.aborted == 1
        assert client.response(first)["result"] == NOTHING  # type: ignore[index]
        await client.inline(0, 4)
        await client.rest()
        assert len(broker.asked) == 2


async def test_what_was_asked_before_the_cursor_went_elsewhere_is_there_when_it_comes_back() -> (
    None
):
    broker = continues("one(value)")
    broker.gate = asyncio.Event()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("one\ntwo\n")
        first = await client.inline(0, 3)
        await client.rest()
        elsewhere = await client.inline(1, 1)
        assert client.response(first)["result"] is None  # type: ignore[index]
        broker.gate.set()
        await client.settle()
        assert client.response(elsewhere) is None
        assert broker.aborted == 0
        again = await client.inline(0, 3)
        assert client.response(again)["result"]["items"][0]["insertText"] == "(value)"  # type: ignore[index]
        assert len(broker.asked) == 1


async def test_of_many_places_the_cursor_went_to_only_the_latest_stay_under_way() -> None:
    broker = FakeBroker(gate=asyncio.Event())
    async with editor(broker) as client:
        await client.initialize()
        await client.open("a\nb\nc\nd\ne\n")
        for row in range(5):
            await client.inline(row, 1, invoked=True)
            await client.rest()
        assert len(broker.asked) == 5
        assert broker.aborted == 5 - 1 - MOST_ADRIFT


async def test_a_joined_answer_that_does_not_fit_what_was_typed_is_asked_again() -> None:
    broker = continues("def fib")
    broker.gate = asyncio.Event()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def")
        await client.inline(0, 3)
        await client.rest()
        await client.type((0, 3), " g")
        joined = await client.inline(0, 5)
        broker.script = lambda request: completed(
            request, " fib" if request.window.prefix == "def" else "cd(a, b)"
        )
        broker.gate.set()
        await client.settle()
        await client.rest()
        (item,) = client.response(joined)["result"]["items"]  # type: ignore[index]
        assert item["insertText"] == "cd(a, b)"


async def test_typing_through_a_suggestion_sends_nothing_and_waits_for_nothing() -> None:
    lines = "print(value)", "\nprint(other)"
    whole = "".join(lines)

    def line_by_line(request: CompletionRequest) -> Outcome:
        typed = request.window.prefix
        end = len(lines[0]) if len(typed) < len(lines[0]) else len(whole)
        return completed(request, whole[len(typed) : end])

    broker = FakeBroker(script=line_by_line)
    async with editor(broker) as client:
        await client.initialize(initializationOptions={"sidelight": {"messages": True}})
        await client.open("pr")
        (item,) = await client.items(0, 2)
        trace_id = item["command"]["arguments"][0]
        await client.type((0, 2), "i")
        through = await client.inline(0, 3)
        (item,) = client.response(through)["result"]["items"]  # type: ignore[index]
        assert item["insertText"] == "nt(value)"
        assert item["command"]["arguments"] == [trace_id]
        # The editor closes the bracket by itself: the answer then covers it.
        await client.type((0, 3), "nt()")
        through = await client.inline(0, 6)
        (item,) = client.response(through)["result"]["items"]  # type: ignore[index]
        assert item["insertText"] == "value)"
        assert item["range"]["end"] == {"line": 0, "character": 7}
        # What follows it is fetched while its last characters are typed.
        assert [one.window.prefix for one in broker.asked] == ["pr", "print(value)"]
        decisions = client.notified("$/sidelight/decision")
        assert [(one["outcome"], one["cache"]) for one in decisions] == [
            ("shown", "miss"),
            ("shown", "typed"),
            ("shown", "typed"),
            ("prefetched", "miss"),
        ]
        await client.edit((0, 6), (0, 7), "value)")
        through = await client.inline(0, 12)
        (item,) = client.response(through)["result"]["items"]  # type: ignore[index]
        assert item["insertText"] == "\nprint(other)"
        assert len(broker.asked) == 2


async def test_going_back_within_a_suggestion_shows_more_of_it_again() -> None:
    broker = continues("print(value)")
    async with editor(broker) as client:
        await client.initialize()
        await client.open("pr")
        await client.items(0, 2)
        await client.type((0, 2), "int")
        await client.edit((0, 4), (0, 5), "")
        again = await client.inline(0, 4)
        assert client.response(again)["result"]["items"][0]["insertText"] == "t(value)"  # type: ignore[index]
        assert len(broker.asked) == 1


async def test_a_cancelled_request_is_answered_at_once_and_stays_joinable() -> None:
    broker = continues("def fib(n):")
    broker.gate = asyncio.Event()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def")
        first = await client.inline(0, 3)
        await client.rest()
        await client.notify("$/cancelRequest", {"id": first})
        assert client.response(first)["error"]["code"] == -32800  # type: ignore[index]
        assert broker.aborted == 0
        await client.type((0, 3), " ")
        second = await client.inline(0, 4)
        await client.rest(LINGER_S * 4)
        broker.gate.set()
        await client.settle()
        assert client.response(second)["result"]["items"][0]["insertText"] == "fib(n):"  # type: ignore[index]
        assert len(broker.asked) == 1


async def test_a_cancelled_request_nobody_joins_is_aborted() -> None:
    broker = FakeBroker(gate=asyncio.Event())
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def")
        first = await client.inline(0, 3)
        await client.rest()
        await client.notify("$/cancelRequest", {"id": first})
        await client.rest(LINGER_S - 0.01)
        assert broker.aborted == 0
        await client.rest(0.02)
        assert broker.aborted == 1


async def test_a_request_cancelled_during_the_debounce_is_never_sent() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def")
        first = await client.inline(0, 3)
        await client.notify("$/cancelRequest", {"id": first})
        await client.rest(10)
        assert client.response(first)["error"]["code"] == -32800  # type: ignore[index]
        assert broker.asked == []


async def test_cancelling_what_is_not_waiting_changes_nothing() -> None:
    async with editor() as client:
        await client.initialize()
        await client.open("def")
        done = await client.inline(0, 3, invoked=True)
        for unknown in (done, 99, "x", None, True, [1]):
            await client.notify("$/cancelRequest", {"id": unknown})
        assert client.response(done) is not None


@pytest.mark.parametrize("typed", [" f", ":"])
async def test_an_answer_to_a_line_that_has_changed_is_dropped(typed: str) -> None:
    """Neovim's own client asks once and types on: what it would insert no longer fits."""
    gate = asyncio.Event()
    broker = FakeBroker(gate=gate)
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def")
        asked = await client.inline(0, 3)
        await client.rest()
        await client.type((0, 3), typed)
        gate.set()
        await client.settle()
        assert client.response(asked)["result"] == NOTHING  # type: ignore[index]


@pytest.mark.parametrize(
    "params",
    [
        None,
        [],
        {"textDocument": {"uri": "file:///unknown"}, "position": {"line": 0, "character": 0}},
        {"textDocument": {"uri": URI}},
        {"textDocument": {"uri": URI}, "position": {"line": "x", "character": 0}},
    ],
)
async def test_what_cannot_be_answered_gets_no_items_and_never_an_error(params: object) -> None:
    async with editor() as client:
        await client.initialize()
        await client.open("x")
        assert await client.request("textDocument/inlineCompletion", params) == NOTHING


async def test_an_outcome_without_text_gives_no_items() -> None:
    broker = FakeBroker(
        script=lambda request: Unavailable(request.trace_id, UnavailableReason.GATEWAY_DOWN)
    )
    async with editor(broker) as client:
        await client.initialize()
        await client.open("x")
        assert await client.items(0, 1) == []
        broker.script = completed
        assert await client.items(0, 1) == []
        broker.script = lambda request: completed(request, "")
        assert await client.items(0, 1) == []


@pytest.mark.expects_log("a completion failed: RuntimeError")
async def test_a_failure_ends_its_request_only() -> None:
    def fails(request: CompletionRequest) -> Outcome:
        raise RuntimeError(request.window.prefix)

    broker = FakeBroker(script=fails)
    async with editor(broker) as client:
        await client.initialize()
        await client.open("secret")
        assert await client.items(0, 6) == []
        broker.script = lambda request: completed(request, "fine")
        assert len(await client.items(0, 6)) == 1


async def test_an_explicit_call_that_joined_a_hurried_request_gets_a_patient_one() -> None:
    gate = asyncio.Event()
    broker = FakeBroker(gate=gate)
    broker.script = lambda request: (
        completed(request, "text")
        if request.trigger is Trigger.INVOKED
        else Unavailable(request.trace_id, UnavailableReason.DEADLINE)
    )
    async with editor(broker) as client:
        await client.initialize()
        await client.open("x")
        await client.inline(0, 1)
        await client.rest()
        called = await client.inline(0, 1, invoked=True)
        gate.set()
        await client.settle()
        assert client.response(called)["result"]["items"][0]["insertText"] == "text"  # type: ignore[index]


async def test_closing_a_document_aborts_and_answers() -> None:
    broker = FakeBroker(gate=asyncio.Event())
    async with editor(broker) as client:
        await client.initialize()
        await client.open("x")
        asked = await client.inline(0, 1)
        await client.rest()
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        assert client.response(asked)["result"] == NOTHING  # type: ignore[index]
        assert broker.aborted == 1


async def test_the_menu_selection_is_continued_or_nothing_is_offered() -> None:
    broker = continues("print(value)")
    async with editor(broker) as client:
        await client.initialize()
        await client.open("pri")
        place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 3}}
        info = {"range": place, "text": "print"}
        (item,) = await client.items(0, 3, selectedCompletionInfo=info)
        assert item["insertText"] == "print(value)"
        assert item["range"] == place
        info = {"range": place, "text": "private"}
        assert await client.items(0, 3, selectedCompletionInfo=info) == []


async def test_columns_are_the_editors_units() -> None:
    broker = continues("s = '😀é' + tail")
    async with editor(broker) as client:
        await client.initialize()
        await client.open("s = '😀é'")
        (item,) = await client.items(0, 9)
        assert broker.asked[0].window.prefix == "s = '😀é'"
        assert item["range"]["start"] == {"line": 0, "character": 9}


@pytest.mark.parametrize(
    ("text", "line", "character"),
    [
        ("", 0, 0),
        ("no newline at the end", 0, 21),
        ("a\r\nb\r\n", 1, 1),
        ("line\n" * 20_000, 19_999, 4),
        ("x", 99, 99),
        ("x", -3, -3),
    ],
)
async def test_unusual_documents_get_their_suggestion(text: str, line: int, character: int) -> None:
    async with editor() as client:
        await client.initialize()
        await client.open(text)
        assert len(await client.items(line, character)) == 1


async def test_a_file_that_is_not_utf_8_is_followed_and_what_is_sent_is_valid() -> None:
    """Neovim sends the bytes of such a file as they are, and counts each as one unit."""
    broker = FakeBroker()
    async with editor(broker) as client:
        general = {"general": {"positionEncodings": ["utf-8"]}}
        await client.initialize({"textDocument": {"inlineCompletion": {}}, **general})
        opening = (
            b'{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":'
            b'{"uri":"%s","languageId":"python","version":1,"text":"\xff\xe9 = 1"}}}' % URI.encode()
        )
        await client.write(b"Content-Length: %d\r\n\r\n%s" % (len(opening), opening))
        await client.type((0, 6), "+")
        (item,) = await client.items(0, 7)
        assert broker.asked[0].window.prefix == "\ufffd\ufffd = 1+"
        assert item["range"]["start"] == {"line": 0, "character": 7}


async def test_settings_of_the_editor_are_for_its_own_window() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        options = {"sidelight": {"completions": {"enabled": False}}}
        await client.initialize(initializationOptions=options)
        await client.open("x")
        assert await client.items(0, 1) == []
        await client.notify(
            "workspace/didChangeConfiguration",
            {"settings": {"sidelight": {"completions": {"enabled": True, "debounce_ms": 0}}}},
        )
        asked = await client.inline(0, 1)
        assert client.response(asked)["result"]["items"]  # type: ignore[index]
        await client.notify("workspace/didChangeConfiguration", {"settings": {"sidelight": {}}})
        assert await client.items(0, 0) == []
    assert broker.settings == Settings()


async def test_the_configuration_is_asked_for_where_the_editor_offers_it() -> None:
    async with editor() as client:
        await client.initialize({"workspace": {"configuration": True}})
        (asked,) = client.requested("workspace/configuration")
        assert asked["params"] == {"items": [{"section": "sidelight"}]}
        await client.open("x", language="markdown")
        assert await client.items(0, 1)
        await client.answer(asked, [{"completions": {"languages_off": ["markdown"]}}])
        assert await client.items(0, 0) == []
        await client.notify("workspace/didChangeConfiguration", {"settings": None})
        _, again = client.requested("workspace/configuration")
        await client.answer(again, [None])
        assert await client.items(0, 0)


async def test_a_value_of_a_stronger_layer_stays() -> None:
    layers = [(Layer.POLICY, {"completions.enabled": False})]
    broker = FakeBroker(settings=resolve(layers))
    async with editor(broker) as client:
        options = {"sidelight": {"completions": {"enabled": True}}}
        await client.initialize(initializationOptions=options)
        await client.open("x")
        assert await client.items(0, 1) == []


@pytest.mark.expects_log("is no JSON")
async def test_the_documents_are_forgotten_when_a_message_was_lost() -> None:
    async with editor() as client:
        await client.initialize()
        await client.open("x")
        broken = b'{"method":"textDocument/didChange", oops'
        await client.write(b"Content-Length: %d\r\n\r\n%s" % (len(broken), broken))
        assert await client.items(0, 1) == []
        await client.open("x")
        assert await client.items(0, 1)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 6), st.booleans()),
        st.tuples(st.just("menu"), st.integers(0, 6), st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 12), st.just(False)),
        st.tuples(st.just("type"), st.integers(0, 6), st.booleans()),
        st.tuples(st.just("rest"), st.integers(0, 600), st.just(False)),
        st.tuples(st.just("gate"), st.just(0), st.booleans()),
        st.tuples(st.just("close"), st.just(0), st.just(False)),
        st.tuples(st.just("open"), st.just(0), st.just(False)),
        st.tuples(st.just("hover"), st.integers(0, 6), st.just(False)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(taken=steps)
def test_every_request_gets_exactly_one_response(taken: list[tuple[str, int, bool]]) -> None:
    asyncio.run(play(taken))


async def play(taken: list[tuple[str, int, bool]]) -> None:
    broker = continues("def fib(n):\n    return n\n")
    broker.gate = gate = asyncio.Event()
    ids: list[int] = []
    cancelled: set[int] = set()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def")
        for what, number, flag in taken:
            place: Any = inline_params(0, number, invoked=flag)
            if what == "ask":
                ids.append(await client.ask("textDocument/inlineCompletion", place))
            elif what == "menu":
                ids.append(await client.ask("textDocument/completion", place))
            elif what == "hover":
                ids.append(await client.ask("textDocument/hover", place))
            elif what == "cancel" and ids:
                cancelled.add(ids[number % len(ids)])
                await client.notify("$/cancelRequest", {"id": ids[number % len(ids)]})
            elif what == "type":
                await client.type((0, number), "(" if flag else " ")
            elif what == "rest":
                await client.rest(number / 1000)
            elif what == "gate":
                (gate.set if flag else gate.clear)()
                await client.settle()
            elif what == "close":
                await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
            elif what == "open":
                await client.open("def")
        await client.leave()
        for one in ids:
            (response,) = client.responses(one)
            assert "result" in response or one in cancelled
