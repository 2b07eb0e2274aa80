"""What a tray tells the broker beside questions: that it looks, that it can show, what is muted."""

from __future__ import annotations

import pytest

from sidelight_client.domain.service.episodes import ShownNotice
from support.link_server import eventually, serving

pytestmark = pytest.mark.anyio

NOTICE = ShownNotice("outage", "No answer from G", "The gateway G does not answer.")


async def test_somebody_looks_from_the_first_open_panel_to_the_end_of_the_connection() -> None:
    async with serving() as served:
        reached = served.broker.reached
        client = await served.greeted()
        for open_, looking in ((True, True), (True, True), (False, False), (False, False)):
            assert (await client.ask("looking", {"open": open_}))["result"] == {}
            assert reached.looking is looking
        await client.ask("looking", {"open": True})
        other = await served.greeted()
        await other.ask("looking", {"open": True})
        client.close()
        other.close()
        await eventually(lambda: not reached.looking)


async def test_a_notice_goes_to_the_tray_that_offered_last() -> None:
    async with serving() as served:
        reached = served.broker.reached
        assert not reached.show(NOTICE)
        first, last = await served.greeted(), await served.greeted()
        for client in (first, last, last):
            await client.ask("notices")
        assert reached.show(NOTICE)
        assert await last.hear() == {
            "event": "notice",
            "data": {
                "topic": "outage",
                "title": "No answer from G",
                "text": "The gateway G does not answer.",
                "warning": True,
            },
        }
        last.close()
        first.close()
        await eventually(lambda: not reached.show(NOTICE))


async def test_muting_is_kept_by_the_broker_and_never_for_years() -> None:
    async with serving() as served:
        facts, client = served.broker.facts, await served.greeted()
        now = served.broker.clock.now()
        await client.ask("mute", {"until": now + 3_600})
        assert facts.pauses.muted_until == now + 3_600
        await client.ask("mute", {"until": now + 1e9})
        assert facts.pauses.muted_until is not None
        assert facts.pauses.muted_until < now + 3 * 86_400
        await client.ask("mute", {"until": None})
        assert facts.pauses.muted_until is None
        client.close()


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("looking", {}),
        ("looking", {"open": 1}),
        ("mute", {"until": "tomorrow"}),
        ("pause_language", {"until": 5.0}),
        ("pause_language", {"language": "", "until": 5.0}),
        ("pause_language", {"language": "two words", "until": 5.0}),
        ("pause_language", {"language": "x" * 65, "until": 5.0}),
        ("pause_language", {"language": "a\nb", "until": 5.0}),
    ],
)
async def test_what_makes_no_sense_is_refused(method: str, params: dict[str, object]) -> None:
    async with serving() as served:
        client = await served.greeted()
        assert (await client.ask(method, params))["error"]["code"] == "wire.malformed"
        assert served.broker.calls == []
        client.close()
