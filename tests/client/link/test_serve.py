"""The served socket: hello, questions, sessions handed over, watching, coming and leaving."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import pytest

from sidelight_client import api
from sidelight_client.domain.window import Window
from sidelight_client.link.serve import StopReason
from sidelight_client.link.wire import (
    AttachInfo,
    outcome_from_json,
    request_to_json,
    snapshot_from_json,
)
from sidelight_client.testing.fakes import FakeClock
from support.fake_broker import FakeBroker, as_broker
from support.link_server import HELLO, RawClient, Served, eventually, serving

pytestmark = pytest.mark.anyio

REQUEST = request_to_json(
    api.CompletionRequest("a" * 32, api.Document("file:///x.py", "python"), Window(()))
)


async def refused(answer: dict[str, object]) -> str:
    error = answer["error"]
    assert isinstance(error, dict)
    assert error["title"]
    assert error["what"]
    assert error["do"]
    return str(error["code"])


async def test_hello_is_answered_with_protocol_version_and_process() -> None:
    async with serving(version="0.3.0") as served:
        client = await served.connect()
        answer = await client.ask("hello", HELLO)
        assert answer["result"] == {"protocol": 1, "version": "0.3.0", "pid": os.getpid()}
        client.close()


async def test_another_protocol_is_told_which_versions_differ() -> None:
    async with serving(version="0.3.0") as served:
        client = await served.connect()
        answer = await client.ask("hello", HELLO | {"protocol": 2, "version": "9.0"})
        assert await refused(answer) == "broker.incompatible"
        assert "0.3.0" in answer["error"]["what"]
        assert "9.0" in answer["error"]["what"]
        assert await refused(await client.ask("ping")) == "wire.malformed"
        client.close()


async def test_nothing_is_answered_before_hello() -> None:
    async with serving() as served:
        client = await served.connect()
        assert await refused(await client.ask("status")) == "wire.malformed"
        client.close()


async def test_a_client_from_another_environment_is_told_about_while_it_is_there() -> None:
    async with serving(environ={"HTTPS_PROXY": "http://proxy:1"}) as served:
        same = await served.greeted()
        assert served.differences == []  # It says nothing of its environment.
        other = await served.greeted(client="vim", environment={"HTTPS_PROXY": "00000000"})
        assert served.differences == [("vim", ("HTTPS_PROXY",))]
        other.close()
        await eventually(lambda: not served.differences)
        same.close()


async def test_a_completion_is_answered() -> None:
    async with serving() as served:
        client = await served.greeted()
        answer = await client.ask("complete", REQUEST)
        outcome = outcome_from_json(answer["result"])
        assert isinstance(outcome, api.Completed)
        assert outcome.texts == ("answer",)
        client.close()


async def test_a_slow_completion_holds_up_no_other_question() -> None:
    async with serving() as served:
        served.broker.gate = asyncio.Event()
        client = await served.greeted()
        slow = await client.post("complete", REQUEST)
        assert (await client.ask("ping"))["result"] == {}
        served.broker.gate.set()
        heard = await client.hear()
        assert heard is not None
        assert heard["id"] == slow
        client.close()


async def test_a_completion_ends_when_its_client_goes() -> None:
    async with serving() as served:
        served.broker.gate = asyncio.Event()
        client = await served.greeted()
        await client.post("complete", REQUEST)
        await eventually(lambda: served.broker.asked)
        client.close()
        await eventually(lambda: served.broker.cancelled == 1)


async def test_a_completion_ends_when_its_client_cancels_it_and_is_not_answered() -> None:
    async with serving() as served:
        served.broker.gate = asyncio.Event()
        client = await served.greeted()
        number = await client.post("complete", REQUEST)
        await eventually(lambda: served.broker.asked)
        await client.say(b'{"method":"cancel","params":{"id":%d}}\n' % number)
        await eventually(lambda: served.broker.cancelled == 1)
        assert (await client.ask("ping"))["result"] == {}
        client.close()


@pytest.mark.expects_log("complete failed: ValueError$")
async def test_a_failure_inside_is_told_without_its_text() -> None:
    broker = FakeBroker()
    broker.fails_with = ValueError("def secret_code(): ...")
    async with serving(broker) as served:
        client = await served.greeted()
        answer = await client.ask("complete", REQUEST)
        assert await refused(answer) == "broker.unreachable"
        assert "secret_code" not in str(answer)
        assert (await client.ask("ping"))["result"] == {}
        client.close()


async def test_an_answer_longer_than_a_message_may_be_becomes_an_error() -> None:
    broker = FakeBroker()
    broker.texts = ("x" * (1 << 20),)
    async with serving(broker) as served:
        client = await served.greeted()
        assert await refused(await client.ask("complete", REQUEST)) == "wire.oversized"
        client.close()


async def test_small_questions_reach_the_broker() -> None:
    async with serving() as served:
        client = await served.greeted()
        for method, params in (
            ("pause", {"until": 1_800_000_000.0}),
            ("pause", {}),
            ("pause_language", {"language": "c++", "until": 1_800_000_000.0}),
            ("pause_language", {"language": "c++"}),
            ("retry", {}),
            ("accepted", {"trace_id": "b" * 32}),
            ("logout", {}),
        ):
            assert (await client.ask(method, params))["result"] == {}
        assert served.broker.calls == [
            "pause 1800000000.0",
            "pause None",
            "pause 1800000000.0 c++",
            "pause None c++",
            "retry_now",
            "accepted " + "b" * 32,
            "sign_out",
        ]
        assert snapshot_from_json((await client.ask("status"))["result"]).version == "0.1.0"
        client.close()


async def test_signing_in_shows_where_to_go_before_it_ends() -> None:
    async with serving() as served:
        client = await served.greeted()
        number = await client.post("login", {"device": True})
        prompt, result = await client.hear(), await client.hear()
        assert prompt == {
            "event": "prompt",
            "data": {
                "id": number,
                "url": "https://idp.example/device",
                "user_code": "ABCD-EFGH",
                "expires_at": 1_700_000_600.0,
            },
        }
        assert result == {"id": number, "result": {"signed_in": True}}
        served.broker.sign_in_ends = api.SignInFailed("access_denied", "no")
        answer = await client.ask("login")
        assert answer["result"] == {"signed_in": False, "code": "access_denied", "detail": "no"}
        assert served.broker.calls == ["sign_in device=True", "sign_in device=False"]
        client.close()


async def test_too_many_open_questions_are_refused_and_the_rest_goes_on() -> None:
    async with serving() as served:
        served.broker.gate = asyncio.Event()
        client = await served.greeted()
        for _ in range(32):
            await client.post("complete", REQUEST)
        assert await refused(await client.ask("ping")) == "wire.malformed"
        served.broker.gate.set()
        for _ in range(32):
            heard = await client.hear()
            assert heard is not None
            assert "result" in heard
        client.close()


# --- watching ---


async def test_a_watcher_gets_the_snapshot_and_then_what_changed() -> None:
    async with serving() as served:
        client = await served.greeted()
        await client.post("watch")
        answer = await client.hear()
        snapshot = await client.hear()
        if answer is not None and "event" in answer:
            answer, snapshot = snapshot, answer
        assert answer == {"id": client.number, "result": {}}
        assert snapshot is not None
        assert snapshot["event"] == "snapshot"
        served.broker.change(languages_off=("markdown",))
        change = await client.hear()
        assert change is not None
        assert change["event"] == "delta"
        assert set(change["data"]) == {"languages_off", "seq", "as_of", "state"}
        client.close()
        await eventually(lambda: served.broker.subscribers == 0, "unsubscribing")


async def test_a_watcher_of_one_key_hears_of_no_other() -> None:
    async with serving() as served:
        client = await served.greeted()
        await client.ask("watch", {"keys": ["languages_off"]})
        await eventually(lambda: served.broker.subscribers == 1)
        served.broker.change(version="0.2.0")
        served.broker.change(languages_off=("markdown",))
        while True:
            heard = await client.hear()
            assert heard is not None
            if heard.get("event") == "delta":
                break
        assert "version" not in heard["data"]
        assert heard["data"]["languages_off"] == ["markdown"]
        client.close()


async def test_a_thousand_changes_a_second_cost_few_messages_and_the_last_one_arrives() -> None:
    async with serving() as served:
        client = await served.greeted()
        await client.ask("watch")
        await eventually(lambda: served.broker.subscribers == 1)
        for number in range(1000):
            served.broker.change(version=f"0.0.{number}")
            if number % 10 == 0:
                await asyncio.sleep(0)
        messages = 0
        while True:
            heard = await client.hear()
            assert heard is not None
            messages += 1
            if heard.get("data", {}).get("version") == "0.0.999":
                break
        assert messages < 100
        client.close()


# --- sessions ---


def pipes() -> tuple[list[int], list[int]]:
    """An editor's two pipes: the shim's ends, and the editor's."""
    editor_in, shim_out = os.pipe()
    shim_in, editor_out = os.pipe()
    return [shim_in, shim_out], [editor_in, editor_out]


async def attach(served: Served, *extra: int) -> tuple[RawClient, int, int]:
    """A client whose editor is attached, and the editor's read and write ends."""
    client = await served.greeted()
    ours, (editor_in, editor_out) = pipes()
    message = {"id": 7, "method": "attach", "params": {"pid": 1, "cwd": "/", "arguments": []}}
    client.say_with(message, [*ours, *extra])
    for descriptor in ours:
        os.close(descriptor)
    assert await client.hear() == {"id": 7, "result": {}}
    return client, editor_in, editor_out


async def say_and_hear(editor_in: int, editor_out: int, line: bytes) -> bytes:
    os.write(editor_out, line)
    return await asyncio.to_thread(os.read, editor_in, 4096)


async def test_an_editor_is_handed_over_and_its_exit_code_comes_back() -> None:
    async with serving() as served:
        client, editor_in, editor_out = await attach(served)
        assert await say_and_hear(editor_in, editor_out, b"hello\n") == b"hello\n"
        os.write(editor_out, b"exit 5\n")
        assert await client.hear() == {"event": "exit", "data": {"code": 5}}
        assert await client.hear() is None
        assert await asyncio.to_thread(os.read, editor_in, 1) == b""
        client.close()
        os.close(editor_in)
        os.close(editor_out)


async def test_a_third_descriptor_is_not_needed_and_closed() -> None:
    async with serving() as served:
        spare_out, spare_in = os.pipe()
        client, editor_in, editor_out = await attach(served, spare_in)
        os.close(spare_in)
        assert await asyncio.to_thread(os.read, spare_out, 1) == b""  # Nobody holds its other end.
        os.close(editor_out)
        assert await client.hear() == {"event": "exit", "data": {"code": 1}}
        client.close()
        os.close(editor_in)
        os.close(spare_out)


async def test_a_session_ends_when_its_shim_is_killed() -> None:
    async with serving() as served:
        client, editor_in, editor_out = await attach(served)
        client.close()
        assert await asyncio.to_thread(os.read, editor_in, 1) == b""
        os.close(editor_in)
        os.close(editor_out)


@pytest.mark.expects_log("a session failed: ValueError$")
async def test_a_failing_session_ends_alone() -> None:
    async with serving() as served:
        one, one_in, one_out = await attach(served)
        two, two_in, two_out = await attach(served)
        os.write(one_out, b"raise\n")
        assert await one.hear() == {"event": "exit", "data": {"code": 1}}
        assert await say_and_hear(two_in, two_out, b"still here\n") == b"still here\n"
        for descriptor in (one_in, one_out, two_in, two_out):
            os.close(descriptor)
        assert await two.hear() == {"event": "exit", "data": {"code": 1}}
        one.close()
        two.close()


async def test_what_the_shim_says_reaches_the_session() -> None:
    told: list[AttachInfo] = []

    async def session(read_fd: int, write_fd: int, info: AttachInfo) -> int:
        told.append(info)
        os.close(read_fd)
        os.close(write_fd)
        return 0

    async with serving(sessions=session) as served:
        client = await served.greeted()
        ours, (editor_in, editor_out) = pipes()
        params = {"pid": 42, "cwd": "/src", "arguments": ["--stdio"], "copy": False}
        client.say_with({"id": 1, "method": "attach", "params": params}, ours)
        await client.hear()
        assert await client.hear() == {"event": "exit", "data": {"code": 0}}
        assert told == [AttachInfo(42, "/src", ("--stdio",))]
        client.close()
        for descriptor in (*ours, editor_in, editor_out):
            os.close(descriptor)


async def test_over_tcp_the_connection_itself_becomes_the_session() -> None:
    async with serving(kind="tcp") as served:
        assert served.folders.runtime.joinpath("broker.tcp").stat().st_mode & 0o777 == 0o600
        client = await served.greeted()
        assert client.link.family == socket.AF_INET
        assert (await client.ask("attach", {"copy": True}))["result"] == {}
        await client.say(b"hello\n")
        assert await asyncio.get_running_loop().sock_recv(client.link, 100) == b"hello\n"
        await client.say(b"exit 0\n")
        assert await asyncio.get_running_loop().sock_recv(client.link, 100) == b""
        client.close()
    assert not served.folders.runtime.joinpath("broker.tcp").exists()


# --- coming and leaving ---


async def test_the_broker_leaves_a_while_after_the_last_client_and_not_before() -> None:
    clock = FakeClock()
    async with serving(FakeBroker(clock), linger_s=600) as served:
        client = await served.greeted()
        await clock.advance(3600)
        assert not served.task.done()
        client.close()
        await eventually(lambda: not clock_is_quiet(clock), "lingering")
        await clock.advance(599)
        assert not served.task.done()
        await clock.advance(2)
        async with asyncio.timeout(5):
            assert await served.task is StopReason.IDLE
        assert not served.folders.runtime.joinpath("broker.sock").exists()


async def test_a_client_that_comes_in_time_keeps_the_broker() -> None:
    clock = FakeClock()
    async with serving(FakeBroker(clock), linger_s=600) as served:
        await clock.advance(500)
        client = await served.greeted()
        await clock.advance(500)
        assert (await client.ask("ping"))["result"] == {}
        client.close()


async def test_the_settings_say_how_long_to_stay() -> None:
    clock = FakeClock()
    async with serving(FakeBroker(clock)) as served:
        await clock.advance(599)
        assert not served.task.done()
        await clock.advance(2)
        assert await served.task is StopReason.IDLE


def clock_is_quiet(clock: FakeClock) -> bool:
    return not [future for _, _, future in clock._sleepers if not future.done()]


async def test_no_timer_runs_while_a_client_only_waits() -> None:
    clock = FakeClock()
    async with serving(FakeBroker(clock)) as served:
        client = await served.greeted()
        await client.ask("ping")
        await eventually(lambda: clock_is_quiet(clock))
        client.close()


async def test_a_client_that_never_says_hello_is_not_kept() -> None:
    clock = FakeClock()
    async with serving(FakeBroker(clock)) as served:
        client = await served.connect()
        await eventually(lambda: not clock_is_quiet(clock))
        await asyncio.sleep(0.05)
        await clock.advance(11)
        assert await client.hear() is None
        client.close()


async def test_a_retiring_broker_answers_what_was_asked_then_leaves() -> None:
    async with serving() as served:
        served.broker.gate = asyncio.Event()
        busy, editor = await served.greeted(), await attach(served)
        number = await busy.post("complete", REQUEST)
        await eventually(lambda: served.broker.asked)
        newer = await served.greeted()
        assert (await newer.ask("retire"))["result"] == {}
        await eventually(lambda: not served.folders.runtime.joinpath("broker.sock").exists())
        served.broker.gate.set()
        heard = await busy.hear()
        assert heard is not None
        assert heard["id"] == number
        assert "result" in heard
        shim, editor_in, editor_out = editor
        assert await shim.hear() == {"event": "exit", "data": {"code": 1}}
        assert await served.task is StopReason.RETIRED
        for client in (busy, newer, shim):
            await client.hear_end()
            client.close()
        os.close(editor_in)
        os.close(editor_out)


async def test_sigterm_ends_sessions_and_leaves_nothing_on_disk() -> None:
    from sidelight_client.adapters.folders import folders
    from sidelight_client.link.serve import serve
    from support.link_server import echo_session

    where = folders()
    broker = FakeBroker()
    task = asyncio.create_task(serve(as_broker(broker), echo_session, where))
    served = Served(broker, where, asyncio.Event(), task)
    await eventually(lambda: where.runtime.joinpath("broker.sock").exists())
    client, editor_in, editor_out = await attach(served)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await task is StopReason.TERMINATED
    assert await client.hear() == {"event": "exit", "data": {"code": 1}}
    assert await asyncio.to_thread(os.read, editor_in, 1) == b""
    assert [path.name for path in where.runtime.iterdir()] == ["broker.lock"]
    client.close()
    os.close(editor_in)
    os.close(editor_out)
