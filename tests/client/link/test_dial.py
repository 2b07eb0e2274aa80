"""The client: typed questions, a watch, and what it says when the broker is gone."""

from __future__ import annotations

import asyncio
import time

import pytest

from sidelight_client import api
from sidelight_client.adapters.folders import folders
from sidelight_client.domain.window import Window
from sidelight_client.errors import BrokerUnreachableError
from sidelight_client.link.dial import BrokerClient, BrokerRefusalError, dial
from support.link_server import Served, eventually, serving

pytestmark = pytest.mark.anyio

REQUEST = api.CompletionRequest("a" * 32, api.Document("file:///x.py", "python"), Window(()))


async def dialled() -> BrokerClient:
    return await dial(folders(), start=False)


async def changes(client: BrokerClient) -> list[str]:
    """The versions a watcher sees, up to the one called last."""
    seen: list[str] = []
    async for snapshot in client.watch():
        seen.append(snapshot.version)
        if snapshot.version == "last":
            return seen
    raise AssertionError("the watch ended")


@pytest.mark.parametrize("kind", ["unix", "tcp"])
async def test_every_question_has_its_answer(kind: str) -> None:
    async with serving(kind=kind) as served:
        client = await dialled()
        outcome = await client.complete(REQUEST)
        assert isinstance(outcome, api.Completed)
        assert (await client.status()).session.account == "ada@example.com"
        prompts: list[api.SignInPrompt] = []
        assert await client.login(prompts.append, device=True) is None
        assert prompts == [served.broker.prompt]
        served.broker.sign_in_ends = api.SignInFailed("access_denied", "no")
        assert await client.login(prompts.append) == api.SignInFailed("access_denied", "no")
        await client.logout()
        await client.pause(1.5)
        await client.retry()
        await client.accepted("b" * 32)
        await client.ping()
        assert served.broker.calls == [
            "sign_in device=True",
            "sign_in device=False",
            "sign_out",
            "pause 1.5",
            "retry_now",
            "accepted " + "b" * 32,
        ]
        await client.close()


async def test_a_cancelled_completion_is_aborted_in_the_broker_and_the_client_goes_on() -> None:
    async with serving() as served:
        served.broker.gate = asyncio.Event()
        client = await dialled()
        asking = asyncio.create_task(client.complete(REQUEST))
        await eventually(lambda: served.broker.asked)
        asking.cancel()
        await eventually(lambda: served.broker.cancelled == 1)
        await client.ping()
        await client.close()


async def test_a_watch_yields_whole_snapshots_and_ends_with_the_newest() -> None:
    async with serving() as served:
        client = await dialled()
        watching = asyncio.create_task(changes(client))
        await eventually(lambda: served.broker.subscribers == 1)
        for number in range(1000):
            served.broker.change(version=str(number))
            await asyncio.sleep(0.001 if number % 50 == 0 else 0)
        served.broker.change(version="last")
        seen = await watching
        assert len(seen) < 200
        await client.close()


async def test_a_refusal_keeps_the_brokers_words() -> None:
    async with serving():
        client = await dialled()
        with pytest.raises(BrokerRefusalError) as refused:
            await client.accepted("not an id")
        assert refused.value.code == "wire.malformed"
        assert "trace_id" in str(refused.value)
        await client.close()


async def test_questions_and_watches_end_when_the_broker_does() -> None:
    async with serving() as served:
        served.broker.gate = asyncio.Event()
        client = await dialled()
        asking = asyncio.create_task(client.complete(REQUEST))
        watching = asyncio.create_task(changes(client))
        await eventually(lambda: served.broker.asked and served.broker.subscribers)
        served.stop.set()
        for task in (asking, watching):
            with pytest.raises(BrokerUnreachableError) as lost:
                await task
            assert lost.value.code == "broker.unreachable"
        with pytest.raises(BrokerUnreachableError):
            await client.ping()
        await client.close()


async def test_without_a_broker_and_without_leave_to_start_one_it_says_so_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(BrokerUnreachableError) as missing:
        await dialled()
    assert missing.value.code == "broker.unreachable"
    assert time.monotonic() - began < 2
    assert not folders().runtime.exists()


async def test_a_broker_of_another_protocol_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(version="7.7.7"):
        monkeypatch.setattr("sidelight_client.link.greeting.PROTOCOL", 9)
        with pytest.raises(BrokerUnreachableError) as differs:
            await dialled()
        assert differs.value.code == "broker.incompatible"
        assert "7.7.7" in str(differs.value)


async def test_an_older_client_takes_a_newer_broker_as_it_is() -> None:
    async with serving(version="9.0.0") as served:
        client = await dial(folders(), version="0.0.1", start=False)
        assert client.version == "9.0.0"
        await client.ping()
        await client.close()
        assert not served.task.done()


async def test_a_client_asks_the_broker_to_retire() -> None:
    async def leave(served: Served) -> None:
        client = await dialled()
        await client.retire()
        await served.task
        await client.close()

    async with serving() as served:
        await leave(served)


async def test_giving_up_on_dialling_leaves_no_connection_behind() -> None:
    async with serving() as served:
        dialling = asyncio.create_task(dialled())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling
        client = await dialled()
        await client.ping()
        await client.close()
        assert not served.task.done()
