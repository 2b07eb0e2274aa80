"""What the broker tells `sidelight doctor` over the local socket, and what it never tells."""

from __future__ import annotations

import json

import pytest

from sidelight_client.adapters.folders import folders
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.api import RenewalSeen, SessionSeen
from sidelight_client.broker import Broker
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.keeper import SessionKeeper
from sidelight_client.link.dial import dial
from sidelight_client.link.wire import WireError
from sidelight_client.link.wire_diagnosis import session_from_json, session_to_json
from sidelight_client.ports import RenewalRefused
from sidelight_client.settings import Settings
from sidelight_client.testing.fakes import (
    FakeClock,
    FakeGateway,
    FakeIdp,
    FakeVault,
    grant,
    settle,
)
from support.link_server import serving

pytestmark = pytest.mark.anyio

SESSION = SessionSeen(
    "stale",
    "keyring",
    "ready",
    "https://id.acme.example",
    can_renew=True,
    access_life_s=3600.0,
    renewals=(RenewalSeen(1_700_000_000.0, "retry 1", "ambiguous: network.reset", 0.25),),
)


@pytest.mark.parametrize("session", [SESSION, SessionSeen("signed_out")])
def test_the_session_survives_the_wire(session: SessionSeen) -> None:
    assert session_from_json(json.loads(json.dumps(session_to_json(session)))) == session


@pytest.mark.parametrize(
    "wrong",
    [{"phase": 1}, {"can_renew": "yes"}, {"access_life_s": "long"}, {"renewals": [{"at": "x"}]}],
)
def test_what_is_no_session_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(WireError):
        session_from_json({**session_to_json(SESSION), **wrong})


async def test_the_doctors_question_has_its_answer() -> None:
    async with serving() as served:
        served.broker.session = SESSION
        client = await dial(folders(), start=False)
        assert await client.diagnosis() == SESSION
        await client.close()


async def test_the_broker_tells_of_renewals_and_of_no_token() -> None:
    clock = FakeClock()
    idp = FakeIdp(signs_in=grant(clock.now()))
    keeper = SessionKeeper(clock=clock, provider=idp, vault=FakeVault(), spread=lambda: 0.0)
    broker = Broker(
        clock=clock,
        settings=Settings(),
        gateway=FakeGateway(),
        keeper=keeper,
        repositories=WorkspacePlaces(),
        version="0.1.0",
    )
    await broker.start()
    assert broker.diagnosis().phase == "signed_out"
    assert await broker.sign_in(lambda _prompt: None) is None
    renewed = grant(clock.now() + 4 * 3600)
    idp.renewals = [RenewalRefused(RenewalFailure.NOT_PROCESSED, "network.dns"), renewed]
    await clock.advance(4 * 3600 + 60)
    await settle()
    told = broker.diagnosis()
    await broker.stop()
    assert told.can_renew is True
    assert told.access_life_s == pytest.approx(8 * 3600)
    assert [r.outcome for r in told.renewals] == ["not_processed: network.dns", "renewed"]
    held = keeper.session.grant
    assert held is not None
    assert held.refresh_token is not None
    for secret in (held.access_token, held.refresh_token):
        assert secret.reveal() not in repr(told)
