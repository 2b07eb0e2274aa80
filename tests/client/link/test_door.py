"""The door: born private, locked for life, and closed to everybody else."""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import stat
import threading
from pathlib import Path

import pytest

from sidelight_client.adapters.folders import folders
from sidelight_client.errors import BrokerUnreachableError
from sidelight_client.link import door, door_tcp
from sidelight_client.link.reach import log_file, runtime_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_folder_and_socket_are_born_for_one_person(private_home: Path) -> None:
    before = os.umask(0)
    try:
        with door.open_door(private_home / "a" / "run"):
            assert mode(private_home / "a" / "run") == 0o700
            assert mode(private_home / "a" / "run" / "broker.sock") == 0o600
            assert mode(private_home / "a" / "run" / "broker.lock") == 0o600
        assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_a_second_broker_finds_the_door_taken_until_the_first_has_closed_it(
    private_home: Path,
) -> None:
    run = private_home / "run"
    with door.open_door(run) as first:
        with pytest.raises(door.BrokerRunningError):
            door.open_door(run)
        first.stop_accepting()
        assert not (run / "broker.sock").exists()
        with pytest.raises(door.BrokerRunningError):
            door.open_door(run)
    with door.open_door(run):
        pass
    assert [path.name for path in run.iterdir()] == ["broker.lock"]


def test_a_stale_socket_is_cleared_away(private_home: Path) -> None:
    run = private_home / "run"
    run.mkdir(mode=0o700)
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stale.bind(str(run / "broker.sock"))
    stale.close()
    with pytest.raises(ConnectionRefusedError):
        door.connect(run)
    with door.open_door(run), door.connect(run) as connection:
        assert door.peer_uid(connection) == os.geteuid()


def unsafe(run: Path) -> str:
    with pytest.raises(BrokerUnreachableError) as refused:
        door.open_door(run)
    assert refused.value.code == "broker.runtime_unsafe"
    assert str(run) in str(refused.value)
    with pytest.raises(BrokerUnreachableError) as refused_again:
        door.connect(run)
    assert refused_again.value.code == "broker.runtime_unsafe"
    return str(refused.value)


def test_a_symbolic_link_is_refused(private_home: Path) -> None:
    (private_home / "real").mkdir(mode=0o700)
    (private_home / "run").symlink_to(private_home / "real")
    assert "symbolic link" in unsafe(private_home / "run")


def test_a_file_is_refused(private_home: Path) -> None:
    (private_home / "run").write_text("")
    assert "is not a folder" in unsafe(private_home / "run")


def test_a_folder_others_may_write_is_refused(private_home: Path) -> None:
    (private_home / "run").mkdir()
    (private_home / "run").chmod(0o770)
    assert "written by other users" in unsafe(private_home / "run")


def test_a_folder_others_may_read_is_closed_to_them(private_home: Path) -> None:
    (private_home / "run").mkdir()
    (private_home / "run").chmod(0o755)
    with door.open_door(private_home / "run"):
        assert mode(private_home / "run") == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(private_home: Path) -> None:
    (private_home / "run").mkdir(mode=0o700)
    os.chown(private_home / "run", 65534, 65534)
    assert "another user" in unsafe(private_home / "run")


def test_a_path_too_long_for_a_socket_becomes_a_short_private_one(private_home: Path) -> None:
    run = private_home / ("x" * 100) / "run"
    path = Path(door.socket_path(str(run)))
    assert len(str(path)) < 100
    assert door.socket_path(str(run)) == str(path) != door.socket_path(str(run) + "2")
    with door.open_door(run):
        assert mode(path) == 0o600
        assert mode(path.parent) == 0o700
        door.connect(run).close()
    assert not path.exists()
    if not list(path.parent.iterdir()):
        path.parent.rmdir()


def test_a_link_planted_as_the_lock_is_not_followed(private_home: Path) -> None:
    run = private_home / "run"
    run.mkdir(mode=0o700)
    (private_home / "precious").write_text("x")
    (run / "broker.lock").symlink_to(private_home / "precious")
    with pytest.raises(BrokerUnreachableError) as refused:
        door.open_door(run)
    assert refused.value.code == "storage.unwritable"


def test_the_lock_is_not_inherited_by_programs(private_home: Path) -> None:
    with door.open_door(private_home / "run") as opened:
        assert not os.get_inheritable(opened._lock)
        assert not opened.listener.get_inheritable()


# --- TCP ---


def test_a_stranger_on_loopback_does_not_pass_and_learns_nothing(private_home: Path) -> None:
    """A program that listens on the published port without the key is found out by the client."""
    run = private_home / "run"
    with door.open_door(run, "tcp") as opened:
        key = opened.key
        told = (run / "broker.tcp").read_bytes()
        assert mode(run / "broker.tcp") == 0o600
    heard: list[bytes] = []

    def pretend(listener: socket.socket) -> None:
        link, _ = listener.accept()
        with link:
            link.sendall(secrets.token_bytes(32))
            while len(heard) == 0 or len(b"".join(heard)) < 64:
                heard.append(link.recv(64))
            # The best a stranger can do: play the client's own proof back to it.
            link.sendall(b"".join(heard)[32:64])

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        old = told.split(b"port")[1].split(b",")[0]
        (run / "broker.tcp").write_bytes(told.replace(old, b'": %d' % port))
        thread = threading.Thread(target=pretend, args=(listener,))
        thread.start()
        with pytest.raises(PermissionError):
            door.connect(run)
        thread.join()
    assert key not in b"".join(heard)


def test_the_proofs_of_the_two_sides_differ() -> None:
    key, ours, theirs = b"k" * 32, b"a" * 32, b"b" * 32
    assert door_tcp._proof(key, b"client", ours, theirs) != door_tcp._proof(
        key, b"broker", ours, theirs
    )
    assert door_tcp._proof(key, b"client", ours, theirs) == hmac.digest(
        key, b"client" + ours + theirs, "sha256"
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"port":0,"key":"00"}', b"\xff" * 9000])
def test_a_broken_port_file_reads_as_nobody_there(private_home: Path, content: bytes) -> None:
    run = private_home / "run"
    run.mkdir(mode=0o700)
    (run / "broker.tcp").write_bytes(content)
    with pytest.raises(ConnectionRefusedError):
        door.connect(run)


# --- folders ---


def test_the_shims_folders_are_everybodys_folders(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runtime_folder(os.environ) == str(folders().runtime)
    assert log_file(os.environ) == str(folders().log_file)
    monkeypatch.setenv("SIDELIGHT_HOME", "~/somewhere/../else")
    monkeypatch.setenv("HOME", str(private_home))
    assert runtime_folder(os.environ) == str(folders().runtime)
    monkeypatch.chdir(private_home)
    monkeypatch.setenv("SIDELIGHT_HOME", "relative")
    assert runtime_folder(os.environ) == str(folders().runtime)
    monkeypatch.delenv("SIDELIGHT_HOME")
    usual = Path(f"/run/user/{os.geteuid()}")
    if usual.is_dir():
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(usual))
        assert runtime_folder(os.environ) == str(folders().runtime)
