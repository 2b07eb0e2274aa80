"""Many starts at once, dead brokers, full disks and read-only homes: one broker, or one clear error."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidelight_client.adapters.folders import folders
from sidelight_client.errors import BrokerUnreachableError
from sidelight_client.link import door
from sidelight_client.link.dial import BrokerClient, dial
from support.link_server import (
    broker_command,
    eventually,
    package_environment,
    serving,
    shim_command,
)

pytestmark = pytest.mark.anyio


async def dialled() -> BrokerClient:
    return await dial(folders(), environ=package_environment(), command=broker_command())


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def links_of(pid: int, *names: str) -> list[Path]:
    return [Path(f"/proc/{pid}/{name}").readlink() for name in names]


async def retired(client: BrokerClient) -> None:
    pid = client.pid
    await client.retire()
    await client.close()
    await eventually(lambda: not is_alive(pid), "leaving")


def leave_a_stale_socket() -> None:
    runtime = folders().runtime
    runtime.mkdir(mode=0o700, parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stale:
        stale.bind(str(runtime / door.SOCKET_NAME))


async def test_six_simultaneous_starts_over_a_stale_socket_give_one_broker() -> None:
    leave_a_stale_socket()
    clients = await asyncio.gather(*(dialled() for _ in range(6)))
    assert len({client.pid for client in clients}) == 1
    for client in clients[1:]:
        await client.ping()
        await client.close()
    await retired(clients[0])


async def test_a_killed_broker_is_replaced_by_the_next_start() -> None:
    first = await dialled()
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(BrokerUnreachableError):
        async for _ in first.watch():
            pass
    await first.close()
    second = await dialled()
    assert second.pid != first.pid
    await second.ping()
    await retired(second)
    assert [path.name for path in folders().runtime.iterdir()] == [door.LOCK_NAME]


async def test_a_broker_that_was_started_is_not_kept_as_a_zombie() -> None:
    client = await dialled()
    pid = client.pid
    await retired(client)
    await eventually(lambda: not Path(f"/proc/{pid}").exists(), "reaping")


async def test_a_broker_outlives_the_terminal_of_who_started_it() -> None:
    client = await dialled()
    assert os.getsid(client.pid) == client.pid
    assert links_of(client.pid, "cwd", "fd/0", "fd/1", "fd/2") == [
        *(Path.home(), Path(os.devnull)),
        *(folders().log_file, folders().log_file),
    ]
    assert folders().log_file.stat().st_mode & 0o077 == 0
    await retired(client)


async def test_a_newer_client_brings_its_own_broker() -> None:
    old = await dialled()
    newer = await dial(
        folders(),
        version="0.2.0",
        environ=package_environment(),
        command=broker_command("--as-version", "0.2.0"),
    )
    assert newer.pid != old.pid
    assert newer.version == "0.2.0"
    with pytest.raises(BrokerUnreachableError):
        await old.ping()
    await old.close()
    await retired(newer)


async def test_a_newer_client_that_finds_only_older_programs_takes_one() -> None:
    old = await dialled()
    newer = await dial(
        folders(), version="9.9.9", environ=package_environment(), command=broker_command()
    )
    assert newer.version == "0.1.0"
    await old.close()
    await retired(newer)


async def test_a_program_that_never_opens_its_door_is_given_up_on() -> None:
    with pytest.raises(BrokerUnreachableError) as missing:
        await dial(
            folders(),
            environ=package_environment(),
            command=[sys.executable, "-c", "import time; time.sleep(1.5)"],
            start_wait_s=0.3,
        )
    assert missing.value.code == "broker.unreachable"


# --- full disks, read-only homes ---


def small_disk(at: Path, options: str) -> Callable[[], None]:
    """Mount a tmpfs, where that is allowed; returns how to unmount it."""
    at.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can make a small disk")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", options, "none", str(at)], check=False, capture_output=True
    )
    if done.returncode != 0:
        pytest.skip("mounting is not allowed here")
    umount = shutil.which("umount")
    assert umount is not None

    def unmount() -> None:
        subprocess.run([umount, str(at)], check=True)

    return unmount


def run_shim() -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        shim_command(),
        input=b"",
        capture_output=True,
        env=package_environment(),
        timeout=30,
        check=False,
    )


def test_a_full_disk_is_named_with_its_folder(private_home: Path) -> None:
    # Two inodes: the root and one folder; not even an empty file fits beside them.
    unmount = small_disk(private_home, "size=16k,nr_inodes=2,mode=0700")
    try:
        shim = run_shim()
        assert shim.returncode == 1
        assert b"[storage.unwritable]" in shim.stderr
        assert b"No space left on device" in shim.stderr
        assert str(folders().runtime).encode() in shim.stderr
        assert b"Traceback" not in shim.stderr
        with pytest.raises(BrokerUnreachableError) as full:
            door.open_door(folders().runtime)
        assert full.value.code == "storage.unwritable"
    finally:
        unmount()


def test_a_read_only_home_is_named_with_its_folder(private_home: Path) -> None:
    unmount = small_disk(private_home, "size=64k,ro")
    try:
        shim = run_shim()
        assert shim.returncode == 1
        assert b"[storage.unwritable]" in shim.stderr
        assert b"Read-only file system" in shim.stderr
    finally:
        unmount()


def test_a_disk_that_takes_no_byte_opens_no_tcp_door(private_home: Path) -> None:
    """A limit on the size of files stands in for a disk that fills while the key is written."""
    program = (
        "import resource, sys\n"
        "from sidelight_client.errors import SidelightError\n"
        "from sidelight_client.link.door import open_door\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try:\n    open_door(sys.argv[1], 'tcp')\n"
        "except SidelightError as error:\n    print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(private_home / "run")],
        capture_output=True,
        env=package_environment(),
        timeout=30,
        check=False,
    )
    assert done.stdout == b"storage.unwritable\n", done.stderr
    assert [path.name for path in (private_home / "run").iterdir()] == [door.LOCK_NAME]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_without_the_right_to_write_is_named(private_home: Path) -> None:
    private_home.chmod(0o500)
    try:
        assert b"[storage.unwritable]" in run_shim().stderr
    finally:
        private_home.chmod(0o700)


# --- other users ---


@pytest.mark.expects_log("a client was refused: it is not the person this broker works for")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_who_reaches_the_socket_is_refused(private_home: Path) -> None:
    program = (
        "import os, socket, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "link = socket.socket(socket.AF_UNIX)\n"
        "link.connect(sys.argv[1])\n"
        "try:\n    link.sendall(b'{}' + bytes([10])); print(link.recv(100))\n"
        "except ConnectionError:\n    print(b'')\n"
    )
    async with serving() as served:
        # The permissions that keep them away are lifted, to see the check behind them.
        runtime = served.folders.runtime
        for path, mode in (
            (private_home, 0o755),
            (runtime, 0o755),
            (runtime / "broker.sock", 0o666),
        ):
            path.chmod(mode)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", program, str(runtime / "broker.sock")],
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert done.stdout == b"b''\n", done.stderr
        client = await served.greeted()
        assert (await client.ask("ping"))["result"] == {}
        client.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_users_broker_is_not_talked_to(private_home: Path) -> None:
    runtime = folders().runtime
    runtime.mkdir(mode=0o700, parents=True)
    program = (
        "import os, socket, sys\n"
        "link = socket.socket(socket.AF_UNIX); link.bind(sys.argv[1])\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "link.listen(); print('up', flush=True)\n"
        "peer, _ = link.accept(); print(peer.recv(100))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(runtime / door.SOCKET_NAME)], stdout=subprocess.PIPE
    ) as stranger:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == b"up\n"
        with pytest.raises(PermissionError):
            door.connect(runtime)
        assert stranger.stdout.readline() == b"b''\n"
