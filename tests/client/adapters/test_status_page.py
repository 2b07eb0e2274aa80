"""Status pages over real sockets: the embedded gateway's, and ones that misbehave."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest

from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.status_page import LARGEST_PAGE, fetch
from sidelight_client.domain.health import Condition
from sidelight_client.domain.service.incidents import Level, SeenHere, Stage
from sidelight_client.domain.service.seen_here import seen_here
from sidelight_client.domain.service.status_look import Fetched, NotFetched, PageAnswer, Unchanged
from sidelight_client.domain.service.uptime import Health, HealthNote, known_down
from sidelight_client.domain.snapshot import DecisionView, GatewayView
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.incident_feed import IncidentFeed, Sources
from sidelight_client.testing.fakes import FakeClock
from support.fake_broker import empty_snapshot
from support.raw_server import RawServer, answer, raw_server

NOW = 1_700_000_000.0
PATH = "/status/api/v2/summary.json"
CALM = {"status": {"indicator": "none"}, "components": [], "incidents": []}


async def looked(url: str, etag: str = "", gateway: str = "") -> PageAnswer:
    http = HttpClient()
    try:
        return await fetch(url, http, NOW, etag, gateway=gateway)
    finally:
        await http.close()


@pytest.mark.anyio
async def test_the_embedded_gateways_page_follows_its_fault_switches() -> None:
    gateway = EmbeddedGateway(EmbeddedSettings())
    await gateway.start()
    try:
        calm = await looked(gateway.url + PATH)
        gateway.faults.set({"outage": True})
        out = await looked(gateway.url + PATH)
    finally:
        await gateway.stop()
    assert isinstance(calm, Fetched)
    assert calm.page.level is Level.OK
    assert isinstance(out, Fetched)
    assert out.page.level is Level.MAJOR
    assert out.page.incidents[0].stage is Stage.INVESTIGATING


@pytest.mark.anyio
async def test_a_page_that_has_not_changed_is_not_sent_again() -> None:
    async with raw_server(answer(200, CALM, etag='"v1"'), answer(304)) as server:
        first = await looked(f"{server.url}/s")
        assert isinstance(first, Fetched)
        assert first.etag == '"v1"'
        assert await looked(f"{server.url}/s", first.etag) == Unchanged()
        assert server.asked[1].headers["if-none-match"] == '"v1"'
        assert all("authorization" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(200, "<html>Sign in</html>", content_type="text/html"), "no status page"),
        (answer(200, "[" * 50_000), "no status page"),
        (answer(200, b"x" * (LARGEST_PAGE + 1)), "too_large"),
        (answer(302, location="https://elsewhere.example/"), "302"),
        (answer(304), "304"),
        (answer(500, CALM), "500"),
    ],
)
@pytest.mark.anyio
async def test_what_is_no_page_is_unknown_and_not_ok(said: bytes, expected: str) -> None:
    async with raw_server(said) as server:
        assert await looked(f"{server.url}/s") == NotFetched(expected)


@pytest.mark.anyio
async def test_a_page_that_asks_for_patience_gets_it() -> None:
    async with raw_server(answer(429, retry_after="120")) as server:
        assert await looked(f"{server.url}/s") == NotFetched("429", 120.0)


@pytest.mark.parametrize("url", ["http://status.example/x", "file:///etc/passwd", "nonsense", ""])
@pytest.mark.anyio
async def test_a_page_must_be_https_or_on_this_machine(url: str) -> None:
    assert await looked(url) == NotFetched("address")


# --- the feed --------------------------------------------------------------------------------


class Scene:
    """A feed whose page is a real server, on time a test moves."""

    def __init__(self, server: RawServer) -> None:
        self.clock = FakeClock(NOW)
        self.http = HttpClient()
        self.notes: list[HealthNote] = []
        self.changes = 0
        self.page = f"{server.url}/s"
        self.kept = Health()
        sources = Sources(
            gateway=lambda: "https://gateway.example",
            page=lambda: self.page,
            look=self.look,
            load=self.load,
            keep=self.notes.append,
        )
        self.feed = IncidentFeed(self.clock, sources, self.count)

    async def look(self, url: str, etag: str) -> PageAnswer:
        return await fetch(url, self.http, self.clock.now(), etag)

    async def load(self, gateway: str) -> Health:
        assert gateway == "https://gateway.example"
        return self.kept

    @property
    def level(self) -> str:
        return self.feed.service.level.value

    def told(self) -> list[str]:
        """Who told of each incident."""
        return ["here" if i.seen_here else "page" for i in self.feed.service.incidents]

    def count(self) -> None:
        self.changes += 1

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(self.feed.run)
            await until(lambda: bool(self.notes))
            yield
            group.cancel_scope.cancel()
        await self.http.close()


async def until(true: Callable[[], bool]) -> None:
    """The feed asks over a real socket, whose answer comes when it comes."""
    with anyio.fail_after(10):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await anyio.sleep(0.005)


@pytest.mark.anyio
async def test_the_feed_asks_every_five_minutes_and_every_minute_during_an_incident() -> None:
    outage = CALM | {"status": {"indicator": "major"}, "incidents": [{"name": "It fails"}]}
    async with raw_server(answer(200, CALM), answer(200, outage), answer(200, CALM)) as server:
        scene = Scene(server)
        async with scene.running():
            assert scene.level == "ok"
            await scene.clock.advance(299)
            assert len(server.asked) == 1
            await scene.clock.advance(1)
            await until(lambda: len(scene.notes) == 2)
            assert scene.level == "major"
            await scene.clock.advance(60)
            await until(lambda: len(scene.notes) == 3)
            assert scene.level == "ok"
    assert scene.changes == 3
    assert all(hour.down for hour in scene.notes[1].hours)
    assert scene.feed.uptime is not None
    assert scene.feed.uptime.used_s > 0
    assert [past.title for past in scene.feed.uptime.past] == ["It fails"]


@pytest.mark.anyio
async def test_what_earlier_runs_noted_is_in_the_bars() -> None:
    async with raw_server(answer(200, CALM)) as server:
        scene = Scene(server)
        scene.kept = Health(known_down(NOW - 7_200, NOW - 3_600))
        async with scene.running():
            assert scene.feed.uptime is not None
            assert scene.feed.uptime.longest_s == 61 * 60.0


@pytest.mark.anyio
async def test_offline_nothing_is_asked_until_the_network_is_back() -> None:
    async with raw_server(answer(200, CALM)) as server:
        scene = Scene(server)
        scene.feed.noticed(SeenHere("The gateway", offline=True))
        async with scene.running():
            await scene.clock.advance(4_000)
            assert server.asked == []
            assert scene.level == "unknown"
            scene.feed.noticed(SeenHere("The gateway"))
            await until(lambda: len(server.asked) == 1)


@pytest.mark.anyio
async def test_an_outage_here_is_told_ten_seconds_after_it_began_without_asking_the_page() -> None:
    async with raw_server(answer(200, CALM)) as server:
        scene = Scene(server)
        async with scene.running():
            scene.feed.noticed(SeenHere("The gateway", down_since=scene.clock.now()))
            await until(lambda: len(scene.notes) == 2)
            assert scene.told() == []
            await scene.clock.advance(10)
            await until(lambda: len(scene.notes) == 3)
            assert scene.told() == ["here"]
            assert len(server.asked) == 1


@pytest.mark.anyio
async def test_answers_alone_wake_nobody() -> None:
    async with raw_server(answer(200, CALM)) as server:
        scene = Scene(server)
        async with scene.running():
            scene.feed.noticed(SeenHere("The gateway"))
            await until(lambda: len(scene.notes) == 2)
            for second in range(20):
                scene.feed.noticed(SeenHere("The gateway", answered_at=NOW + second))
                await scene.clock.advance(1)
            assert (len(scene.notes), len(server.asked)) == (2, 1)


@pytest.mark.anyio
async def test_a_page_that_becomes_known_later_is_asked_at_once() -> None:
    async with raw_server(answer(200, CALM)) as server:
        scene = Scene(server)
        page, scene.page = scene.page, ""
        async with scene.running():
            assert server.asked == []
            scene.page = page
            scene.feed.noticed(SeenHere())
            await until(lambda: scene.level == "ok")


@pytest.mark.anyio
async def test_after_a_sleep_the_page_is_asked_again_at_once() -> None:
    async with raw_server(answer(200, CALM)) as server:
        scene = Scene(server)
        async with scene.running():
            await scene.clock.close_lid(50_000)
            assert scene.level == "unknown"
            scene.feed.woke()
            await until(lambda: scene.level == "ok")
            assert len(server.asked) == 2


def test_what_is_seen_here_is_read_off_the_snapshot() -> None:
    decided = DecisionView("ab" * 16, NOW, "completed", "", "fast", "python", 0.1, sends=1)
    cached = DecisionView("ab" * 16, NOW + 9, "completed", "", "fast", "python", 0.1)
    snapshot = replace(
        empty_snapshot(),
        gateway=GatewayView(name="The gateway"),
        conditions=(Condition("gateway.unreachable", NOW - 5), Condition("gateway.slow", NOW - 9)),
        decisions=(cached, decided),
    )
    assert seen_here(snapshot) == SeenHere("The gateway", NOW - 5, NOW - 9, NOW)
    offline = replace(snapshot, conditions=(Condition("network.offline", NOW),))
    assert seen_here(offline).offline
