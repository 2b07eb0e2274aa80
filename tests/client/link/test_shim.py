"""`sidelight lsp` as a process: it brings a broker up, hands the editor over, and ends as it should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidelight_client.adapters.folders import folders
from sidelight_client.link import door
from support.link_server import broker_command, package_environment, shim_command


class Editor:
    """An editor's side of a shim process."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            shim_command(*options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=package_environment(),
        )

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()

    def broker_pid(self) -> int:
        return int(self.ask("pid"))

    def end(self) -> int:
        """Close its ends as an editor that quits does; returns the shim's exit code."""
        try:
            self.process.communicate(timeout=20)
        finally:
            self.process.kill()
            self.process.wait()
        return self.process.returncode


@pytest.fixture
def editors() -> Iterator[list[Editor]]:
    """Editors to be ended; the broker they brought up is told to go."""
    started: list[Editor] = []
    yield started
    for editor in started:
        editor.end()
    end_broker()


def end_broker() -> None:
    """Ask the broker under this test's SIDELIGHT_HOME to leave, and wait until it has."""
    from sidelight_client.link.reach import reach

    try:
        reached = reach(str(folders().runtime), "0", "test", os.environ, start=False)
    except Exception:
        return
    reached.line.send({"id": 1, "method": "retire", "params": {}})
    while reached.line.receive() is not None:
        pass
    reached.line.link.close()


def gone(pid: int, patience_s: float = 10.0) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (OSError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


KINDS = pytest.mark.parametrize("kind", ["unix", "tcp"])


@KINDS
def test_two_editors_share_one_broker_that_neither_of_them_is(
    editors: list[Editor], kind: str
) -> None:
    editors += [Editor("--kind", kind), Editor("--kind", kind)]
    pids = {editor.broker_pid() for editor in editors}
    assert len(pids) == 1
    assert not pids & {editor.process.pid for editor in editors}
    assert editors[0].ask("hello") == "hello"
    assert editors[1].ask("ümläut 𝒳") == "ümläut 𝒳"


@KINDS
def test_the_shim_leaves_when_the_editor_does(editors: list[Editor], kind: str) -> None:
    editor = Editor("--kind", kind)
    editors.append(editor)
    assert editor.ask("hello") == "hello"
    assert editor.end() == 1  # Without `exit`: LSP asks for 1.


def test_the_sessions_exit_code_becomes_the_shims(editors: list[Editor]) -> None:
    for code in (0, 5):
        editor = Editor()
        editors.append(editor)
        editor.ask(f"exit {code}")
        assert editor.process.wait(20) == code


def test_over_tcp_an_editor_that_said_exit_ends_well(editors: list[Editor]) -> None:
    editor = Editor("--kind", "tcp")
    editors.append(editor)
    assert editor.ask('{"method":"exit"}') == '{"method":"exit"}'
    assert editor.ask("exit 0") == ""
    assert editor.process.wait(20) == 0


@KINDS
def test_a_large_message_passes_whole_both_ways(editors: list[Editor], kind: str) -> None:
    editor = Editor("--kind", kind)
    editors.append(editor)
    editor.ask("warm")
    line = "x" * 60_000
    assert editor.ask(line) == line


@KINDS
def test_a_killed_broker_ends_its_shims_and_the_next_start_is_clean(
    editors: list[Editor], kind: str
) -> None:
    first, second = Editor("--kind", kind), Editor("--kind", kind)
    editors += [first, second]
    pid = first.broker_pid()
    second.broker_pid()
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    assert (first.process.wait(10), second.process.wait(10)) == (1, 1)
    assert time.monotonic() - began < 5
    assert gone(pid)
    third = Editor("--kind", kind)
    editors.append(third)
    assert third.broker_pid() != pid


@KINDS
def test_a_terminated_shim_ends_its_session_and_the_broker_stays(
    editors: list[Editor], kind: str
) -> None:
    one, two = Editor("--kind", kind), Editor("--kind", kind)
    editors += [one, two]
    pid = one.broker_pid()
    two.broker_pid()
    one.process.terminate()
    assert one.process.wait(10) == -signal.SIGTERM
    assert one.process.stdout is not None
    assert one.process.stdout.read() == b""  # The broker let go of the editor's pipe.
    assert two.broker_pid() == pid


def test_a_terminated_broker_takes_its_files_and_its_shims_along(editors: list[Editor]) -> None:
    editor = Editor()
    editors.append(editor)
    pid = editor.broker_pid()
    os.kill(pid, signal.SIGTERM)
    assert editor.process.wait(10) == 1
    assert gone(pid)
    assert [path.name for path in folders().runtime.iterdir()] == ["broker.lock"]


def test_an_older_broker_makes_room_for_the_newer_shim(editors: list[Editor]) -> None:
    old = subprocess.Popen(
        broker_command("--as-version", "0.0.9"), env=package_environment(), stderr=subprocess.PIPE
    )
    wait_for_door(old)
    editor = Editor()
    editors.append(editor)
    assert editor.broker_pid() != old.pid
    old.communicate(timeout=10)
    assert old.returncode == 0


def test_a_newer_broker_serves_an_older_shim(editors: list[Editor]) -> None:
    new = subprocess.Popen(
        broker_command("--as-version", "99.0"), env=package_environment(), stderr=subprocess.PIPE
    )
    wait_for_door(new)
    editor = Editor()
    editors.append(editor)
    assert editor.broker_pid() == new.pid
    editor.end()
    end_broker()
    new.communicate(timeout=10)


def wait_for_door(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            door.connect(folders().runtime).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise AssertionError("the door did not open")


def test_a_broker_that_cannot_start_is_told_with_its_code(editors: list[Editor]) -> None:
    editor = Editor("--fail")
    editors.append(editor)
    _, said = editor.process.communicate(timeout=20)
    assert editor.process.returncode == 1
    assert b"[broker.unreachable]" in said
    assert b"exit code 3" in said
    assert b"sidelight.log" in said
    assert b"Traceback" not in said


def test_a_fallback_is_used_before_anything_was_read(private_home: Path) -> None:
    program = (
        "import sys\n"
        "from sidelight_client.link.attach import main\n"
        "def fallback(error):\n"
        "    print(error.code, sys.stdin.readline().strip(), flush=True)\n"
        "    return 7\n"
        "sys.exit(main([], command=['/nonexistent/python'], fallback=fallback))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=b"first line\n",
        capture_output=True,
        env=package_environment(),
        timeout=30,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout == b"broker.unreachable first line\n"


def test_the_shim_imports_next_to_nothing(editors: list[Editor]) -> None:
    editors.append(Editor())
    assert editors[0].ask("up") == "up"
    program = (
        "import os, sys\n"
        "from sidelight_client.link import attach\n"
        "attach._forget_streams = lambda: print(*sorted(sys.modules), file=sys.stderr)\n"
        "sys.exit(attach.main([], command=['/nonexistent/python']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        input=b"exit 0\n",
        capture_output=True,
        env=package_environment(),
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = set(done.stderr.decode().split())
    for heavy in (
        *("asyncio", "dataclasses", "hashlib", "inspect", "logging", "pathlib", "platformdirs"),
        *("enum", "functools", "json", "re", "selectors", "socket"),
        *("subprocess", "threading", "typing"),
    ):
        assert heavy not in imported, heavy
    ours = {name for name in imported if name.startswith("sidelight")}
    assert ours == {
        "sidelight_client",
        "sidelight_client.link",
        *(f"sidelight_client.link.{n}" for n in ("attach", "door", "greeting")),
        *(f"sidelight_client.link.{n}" for n in ("light_hash", "light_json", "light_socket")),
        *(f"sidelight_client.link.{n}" for n in ("reach", "spawn")),
    }
