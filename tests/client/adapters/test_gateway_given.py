"""What settings add to a gateway: read off the loop, told once, and never in words of a secret."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sidelight_client.adapters import gateway_given
from sidelight_client.adapters.gateway_given import GatewayGiven
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.keyring_vault import ACCOUNT, find_password
from sidelight_client.domain.completion import Tier
from sidelight_client.domain.identity.secret import Secret
from sidelight_client.ports import GatewayInfo
from sidelight_client.testing.fakes import FakeClock, grant
from support.raw_server import answer, raw_server

ENVIRONMENT = {"PK": "pk-secret-1"}


def given(*headers: str, document: str = "", keyring: dict[str, str] | None = None) -> GatewayGiven:
    return GatewayGiven(document, headers, ENVIRONMENT, (keyring or {}).get)


@pytest.mark.anyio
async def test_headers_are_looked_up_once_for_each_profile() -> None:
    keyring = {"portkey": "from-the-keyring"}
    said = given("x-portkey-config=env:PK", "x-portkey-api-key=keyring:portkey", keyring=keyring)
    first = await said.headers("portkey")
    assert first == {
        "x-portkey-config": Secret("pk-secret-1"),
        "x-portkey-api-key": Secret("from-the-keyring"),
    }
    keyring.clear()
    assert await said.headers("portkey") == first
    assert await said.headers("litellm") == {}


@pytest.mark.anyio
async def test_what_cannot_be_used_is_told_once_and_without_a_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "sidelight.gateway")
    said = given("x-portkey-api-key=pk-secret-1", document="relative.json")
    for _ in range(3):
        assert await said.headers("portkey") == {}
        assert await said.document() is None
    assert [record.getMessage() for record in caplog.records] == [
        "gateway_headers: x-portkey-api-key holds a key: refer to it as env:NAME or keyring:NAME",
        "the file in gateway_document cannot be used: its path must be absolute",
    ]


@pytest.mark.anyio
async def test_what_cannot_be_used_is_held_until_it_can(tmp_path: Path) -> None:
    file = tmp_path / "gateway.json"
    file.write_text("{")
    file.chmod(0o600)
    said, told = given("apikey=plain", document=str(file)), list[str]()
    said.on_problem(told.append)
    await said.headers("kong")
    assert await said.document() is None
    file.write_text('{"version": 1}')
    assert await said.document() == {"version": 1}
    headers = "gateway_headers: apikey holds a key: refer to it as env:NAME or keyring:NAME"
    broken = "the file in gateway_document cannot be used: it is not valid JSON"
    assert told == [headers, f"{headers}; {broken}", headers]


@pytest.mark.anyio
async def test_nothing_is_set_where_nothing_is_given() -> None:
    assert await given().headers("portkey") == {}
    assert await given().document() is None


def write(path: Path, profile: str) -> None:
    path.write_text(f'{{"profile": "{profile}"}}')
    path.chmod(0o600)


@pytest.mark.anyio
async def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "gateway.json"
    write(path, "kong")
    said = given(document=str(path))
    assert await said.document() == {"profile": "kong"}
    write(path, "litellm")
    assert await said.document() == {"profile": "litellm"}


@pytest.mark.anyio
async def test_a_keyring_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_given, "KEYRING_WAIT_S", 0.01)
    answers = threading.Event()

    def hangs(name: str) -> str | None:
        answers.wait(10)
        return name

    said = GatewayGiven("", ("x-portkey-config=keyring:portkey",), {}, hangs)
    try:
        assert await said.headers("portkey") == {}
    finally:
        answers.set()


class Backend:
    """A keyring in memory."""

    def __init__(self, held: dict[tuple[str, str], str]) -> None:
        self.held = held

    def get_password(self, service: str, username: str, /) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str, /) -> None:
        raise AssertionError


def test_an_entry_of_the_keyring_is_found_by_its_name_and_never_the_sessions_key() -> None:
    backend = Backend({("sidelight", "portkey"): "pk", ("sidelight", ACCOUNT): "key"})
    assert find_password("portkey", lambda: backend) == "pk"
    assert find_password("other", lambda: backend) is None
    assert find_password(ACCOUNT, lambda: backend) is None


def test_without_a_keyring_there_is_no_entry() -> None:
    assert find_password("portkey") is None


@pytest.mark.anyio
async def test_the_gateway_is_spoken_to_as_the_file_says_and_with_the_fixed_headers(
    tmp_path: Path,
) -> None:
    path = tmp_path / "gateway.json"
    write(path, "portkey")
    said = given("x-portkey-provider=openai", "x-portkey-config=env:PK", document=str(path))
    refused = answer(401, {"status": "failure"})
    async with raw_server(refused) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=FakeClock(), given=said)
        try:
            found = await gateway.discover()
            assert isinstance(found, GatewayInfo)
            assert found.profile == "portkey"
            assert server.asked == []
            await gateway.prove(Tier.FAST, grant())
        finally:
            await gateway.close()
    assert server.asked[-1].method == "POST"
    for asked in server.asked:
        assert asked.headers["x-portkey-provider"] == "openai"
        assert asked.headers["x-portkey-config"] == "pk-secret-1"
        assert asked.headers["authorization"] == "Bearer access-1"
