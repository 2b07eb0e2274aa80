"""A broker's socket that SSH forwards: who may come in, what they may ask, and what is said instead."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.domain.place import FileLine
from sidelight_client.domain.snapshot import DecisionView
from sidelight_client.errors import BrokerUnreachableError
from sidelight_client.link import door, forwarded
from sidelight_client.link.conversation import FORWARDED_METHODS
from sidelight_client.link.reach import SOCKET_VARIABLE, reach
from support.link_server import (
    RawClient,
    Served,
    package_environment,
    serving,
    shim_command,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(private_home: Path) -> Path:
    """A private folder with a path short enough for a socket."""
    made = private_home / "r"
    made.mkdir(mode=0o700, parents=True)
    return made


@contextmanager
def listening(path: Path, mode: int = 0o600, *, answer: bytes = b"") -> Generator[None]:
    """Somebody listens there, says `answer` to whoever comes, and hangs up."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(mode)
        listener.listen()

        def serve() -> None:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                link.recv(4096)
                link.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def refusal(path: Path | str) -> tuple[str, str]:
    """The code and the whole sentence somebody is told whose socket is at `path`."""
    with pytest.raises(BrokerUnreachableError) as refused:
        reach("/nowhere", "1", "test", {SOCKET_VARIABLE: str(path)})
    return refused.value.code, refused.value.message.text


def test_a_socket_that_is_not_there_is_said_and_nothing_is_started(folder: Path) -> None:
    code, text = refusal(folder / "s")
    assert code == "remote.missing"
    assert str(folder / "s") in text
    assert list(folder.iterdir()) == []


def test_a_socket_whose_connection_has_ended_is_told_from_a_missing_one(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(folder / "s"))
        (folder / "s").chmod(0o600)
    assert refusal(folder / "s")[0] == "remote.stale"


def test_a_tunnel_that_leads_to_no_broker_is_said(folder: Path) -> None:
    with listening(folder / "s"):
        assert refusal(folder / "s")[0] == "remote.nobody"


def test_an_older_broker_at_the_other_end_is_not_asked_to_retire(folder: Path) -> None:
    told = json.dumps({"id": 0, "result": {"protocol": 1, "version": "0.0.1", "pid": 7}})
    with listening(folder / "s", answer=told.encode() + b"\n"):
        reached = reach("/nowhere", "9.0", "test", {SOCKET_VARIABLE: str(folder / "s")})
        assert reached.forwarded
        assert reached.line.receive() is None
        reached.line.link.close()


@pytest.mark.parametrize("mode", [0o660, 0o606, 0o644])
def test_a_socket_others_may_open_is_refused(folder: Path, mode: int) -> None:
    with listening(folder / "s", mode):
        code, text = refusal(folder / "s")
    assert code == "remote.unsafe"
    assert "other users may open it" in text


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
def test_a_folder_others_may_write_is_refused(folder: Path, mode: int) -> None:
    with listening(folder / "s"):
        folder.chmod(mode)
        code, text = refusal(folder / "s")
        folder.chmod(0o700)
    assert code == "remote.unsafe"
    assert "its folder can be written by other users" in text


def test_what_is_no_socket_and_a_path_that_depends_on_the_folder_are_refused(folder: Path) -> None:
    (folder / "s").write_text("")
    (folder / "s").chmod(0o600)
    assert refusal(folder / "s") == refusal(folder / "s")
    assert "it is not a socket" in refusal(folder / "s")[1]
    assert "not absolute" in refusal("s")[1]


def test_a_link_to_a_socket_is_refused(folder: Path) -> None:
    with listening(folder / "s"):
        (folder / "link").symlink_to(folder / "s")
        assert "it is not a socket" in refusal(folder / "link")[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_socket_of_another_user_is_refused(folder: Path) -> None:
    with listening(folder / "s"):
        os.chown(folder / "s", 65534, 65534)
        assert "it belongs to another user" in refusal(folder / "s")[1]


# --- what may be asked ---------------------------------------------------------------------------

GREETING = {"protocol": 1, "version": "0.1.0", "client": "t", "environment": {"HTTP_PROXY": "f"}}


async def came_in(served: Served) -> RawClient:
    """A client at the door for other machines, greeted."""
    path = door.socket_path(str(served.folders.runtime), door.FORWARDED_NAME)
    assert os.lstat(path).st_mode & 0o777 == 0o600
    client = RawClient(await asyncio.to_thread(forwarded.connect, path))
    assert "result" in await client.ask("hello", GREETING)
    return client


METHODS = (
    *("complete", "weigh", "explain", "diagnose", "usage", "feedback", "login", "logout"),
    *("pause", "retry", "accepted", "retire"),
)


async def test_a_client_on_another_machine_gets_a_session_and_nothing_else() -> None:
    async with serving() as served:
        client = await came_in(served)
        for method in METHODS:
            assert method not in FORWARDED_METHODS
            refused = await client.ask(method)
            assert refused["error"]["code"] == "remote.refused", method
        assert "result" in await client.ask("status")
        assert served.broker.calls == []
        assert not served.task.done()
        assert served.differences == []
        client.close()


async def test_another_machine_is_told_of_decisions_without_their_places() -> None:
    decided = DecisionView(
        *("ab" * 16, 9.0, "blocked", "card_number", "fast", "python", 0.1),
        place=FileLine("src/pay.py", 41),
    )
    async with serving() as served:
        served.broker.held = replace(served.broker.held, decisions=(decided,))
        client, near = await came_in(served), await served.greeted()
        far = (await client.ask("status"))["result"]["decisions"]
        here = (await near.ask("status"))["result"]["decisions"]
        assert [one["place"] for one in far] == [None]
        assert [one["place"] for one in here] == [{"file": "src/pay.py", "line": 41}]
        await client.post("watch")
        heard = [await client.hear() for _ in range(2)]
        (watched,) = (one["data"] for one in heard if one and one.get("event") == "snapshot")
        assert [one["place"] for one in watched["decisions"]] == [None]
        client.close()
        near.close()


async def test_what_comes_in_from_another_machine_is_marked_whatever_it_says() -> None:
    infos: list[bool] = []

    async def session(read_fd: int, write_fd: int, info: object) -> int:
        infos.append(getattr(info, "forwarded"))  # noqa: B009 – the type is the server's business
        os.close(read_fd)
        os.close(write_fd)
        return 0

    async with serving(sessions=session) as served:
        client = await came_in(served)
        told: dict[str, Any] = {
            "pid": 1,
            "cwd": "/",
            "arguments": [],
            "copy": True,
            "forwarded": False,
        }
        assert "result" in await client.ask("attach", told)
        await client.hear_end()
        client.close()
        near = await served.greeted()
        assert "result" in await near.ask("attach", told | {"forwarded": True})
        await near.hear_end()
        near.close()
    assert infos == [True, False]


def shim(path: Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        shim_command(),
        env={**package_environment(), SOCKET_VARIABLE: str(path)},
        cwd=cwd,
        input=b"hello\nexit 0\n",
        capture_output=True,
        timeout=30,
        check=False,
    )


async def test_the_shim_copies_over_a_forwarded_socket_and_starts_no_broker(folder: Path) -> None:
    async with serving() as served:
        path = Path(door.socket_path(str(served.folders.runtime), door.FORWARDED_NAME))
        ended = await asyncio.to_thread(shim, path, folder)
        assert (ended.stdout, ended.stderr) == (b"hello\n", b"")


async def test_a_work_tree_with_rules_of_its_own_is_not_served_from_afar(folder: Path) -> None:
    inner = folder / "repo" / "src"
    inner.mkdir(parents=True)
    (folder / "repo" / ".git").mkdir()
    rules = folder / "repo" / ".sidelight.toml"
    async with serving() as served:
        path = Path(door.socket_path(str(served.folders.runtime), door.FORWARDED_NAME))
        rules.write_text('[[place]]\nmode = "off"\n')
        refused = await asyncio.to_thread(shim, path, inner)
        assert refused.returncode == 1
        assert b"[remote.own_rules]" in refused.stderr
        assert refused.stdout == b""
        for harmless in ('[[fixture]]\nrules = ["us_ssn"]\n', ""):
            rules.write_text(harmless)
            assert (await asyncio.to_thread(shim, path, inner)).stdout == b"hello\n"


def test_rules_that_cannot_be_read_count_and_those_above_the_repository_do_not(
    folder: Path,
) -> None:
    (folder / "repo" / ".git").mkdir(parents=True)
    (folder / ".sidelight.toml").write_text('[[place]]\nmode = "off"\n')
    forwarded.refuse_own_rules(str(folder / "repo"))
    (folder / "repo" / ".sidelight.toml").write_text("no toml")
    with pytest.raises(BrokerUnreachableError):
        forwarded.refuse_own_rules(str(folder / "repo"))
