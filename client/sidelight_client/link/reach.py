"""Reaches the broker: connects, or starts one and connects; says hello; makes an older one retire.

Blocking and light, because the shim uses it before its editor gets the first byte.
"""

# ruff: noqa: PTH108, PTH109, PTH111, PTH118
# os.path instead of pathlib: it is there already, and pathlib would cost the shim 3 ms.

from __future__ import annotations

import os
import stat
import sys
import time

from . import door, spawn
from .greeting import FRAME_LIMIT, HELLO_WAIT_S, hello, is_newer
from .light_json import decode, encode
from .light_socket import LightSocket, send_with_descriptors

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..errors import BrokerUnreachableError

START_WAIT_S = 5.0
"""How long a broker may take to open its door; it does so before its slow imports."""

SOCKET_VARIABLE = "SIDELIGHT_SOCKET"
"""Names a socket that SSH forwards from the broker's machine. It is no setting, because it is needed
before any file is read."""

_PRIVATE = 0o700
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.2


class Line:
    """Messages over a blocking socket, one at a time."""

    def __init__(self, link: LightSocket) -> None:
        self.link = link
        self._held = b""

    @property
    def between_messages(self) -> bool:
        """Whether nothing was read that `receive` has not given."""
        return not self._held

    def send(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send one message, with descriptors where it hands some over. Raises OSError."""
        line = encode(message) + b"\n"
        sent = send_with_descriptors(self.link, line, descriptors) if descriptors else 0
        # The broker may have answered and hung up by now: even an empty send would then fail.
        if sent < len(line):
            self.link.sendall(line[sent:])

    def receive(self) -> dict[str, Any] | None:
        """The next message; None when the other end has gone. Raises OSError."""
        while b"\n" not in self._held:
            chunk = self.link.recv(65536)
            if not chunk:
                return None
            self._held += chunk
            if len(self._held) > FRAME_LIMIT:
                raise ConnectionAbortedError("the broker sends more than a message may hold")
        line, _, self._held = self._held.partition(b"\n")
        try:
            message = decode(line)
        except ValueError as error:
            raise ConnectionAbortedError("the broker sends what is not JSON") from error
        if not isinstance(message, dict):
            raise ConnectionAbortedError("the broker sends what is not an object")
        return message  # pyright: ignore[reportUnknownVariableType] – JSON is checked by its reader


class Reached:
    """A broker that said hello. `process` is set when we started it; `forwarded` when it is elsewhere."""

    def __init__(
        self,
        line: Line,
        told: Mapping[str, Any],
        process: subprocess.Popen[bytes] | None,
        *,
        forwarded: bool = False,
    ) -> None:
        self.line = line
        self.forwarded = forwarded
        self.version = str(told.get("version", ""))
        self.pid = int(told.get("pid", 0))
        self.process = process


def runtime_folder(environ: Mapping[str, str]) -> str:
    """The runtime folder of `adapters.folders`, without its imports where that is safe."""
    home = environ.get("SIDELIGHT_HOME")
    if home:
        return os.path.join(_absolute(home), "run")
    usual = environ.get("XDG_RUNTIME_DIR", "")
    # The folder that systemd makes is taken as it is; any other is judged by platformdirs.
    if sys.platform == "linux" and usual == f"/run/user/{os.geteuid()}" and _is_ours(usual):
        return os.path.join(usual, "sidelight")
    from ..adapters.folders import folders

    return str(folders(environ).runtime)


def log_file(environ: Mapping[str, str]) -> str:
    """Where the broker's log lies; asked for only when a broker is started or missed."""
    home = environ.get("SIDELIGHT_HOME")
    if home:
        return os.path.join(_absolute(home), "state", "sidelight.log")
    from ..adapters.folders import folders

    return str(folders(environ).log_file)


def reach(
    runtime: str,
    version: str,
    client: str,
    environ: Mapping[str, str],
    *,
    command: Sequence[str] | None = None,
    start: bool = True,
    start_wait_s: float = START_WAIT_S,
) -> Reached:
    """A connection to a broker that said hello and is not older than we are.

    Args:
        runtime: the runtime folder.
        version: our version; an older broker is asked to retire, once.
        client: our name.
        environ: the environment, for the broker that may have to be started. Where it names a
            forwarded socket, the broker is at its other end; none is started or asked to retire.
        command: starts a broker; None for the usual command.
        start: whether one may be started.
        start_wait_s: how long to try.

    Raises:
        BrokerUnreachableError: with the reason as its code and sentence.
    """
    socket_path = environ.get(SOCKET_VARIABLE)
    if socket_path:
        return _reach_forwarded(socket_path, version, client)
    if start:
        door.make_private_folder(runtime)
    attempts = _Attempts(runtime, command, environ, start_wait_s, may_start=start)
    retired = False
    while True:
        line = attempts.connect()
        told = _greet(line, version, client, environ)
        if told is None:  # It left while we came in.
            line.link.close()
            attempts.pause("it ended while we connected")
        elif not retired and start and is_newer(version, str(told.get("version", ""))):
            _retire(line)
            retired = True
            attempts.begin_again()
        else:
            return Reached(line, told, attempts.process)


def _reach_forwarded(path: str, version: str, client: str) -> Reached:
    # Imported here because hardly any editor works over SSH.
    from . import forwarded

    line = Line(forwarded.connect(path))
    # This machine's proxies and certificates are none of that broker's business.
    told = _greet(line, version, client, {})
    if told is None:
        line.link.close()
        raise forwarded.nobody(path)
    return Reached(line, told, None, forwarded=True)


class _Attempts:
    """Connecting, starting and waiting, within one time limit."""

    def __init__(
        self,
        runtime: str,
        command: Sequence[str] | None,
        environ: Mapping[str, str],
        wait_s: float,
        *,
        may_start: bool,
    ) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._runtime = runtime
        self._command = command
        self._environ = environ
        self._may_start = may_start
        self._wait_s = wait_s
        self.begin_again()

    def begin_again(self) -> None:
        """The whole time limit once more: an older broker took its time to leave."""
        self._ends = time.monotonic() + self._wait_s
        self._pause_s = _FIRST_PAUSE_S

    def connect(self) -> Line:
        while True:
            try:
                return Line(door.connect_lightly(self._runtime))
            except OSError as error:
                problem = error.strerror or str(error)
            if not self._may_start:
                raise self._unreachable(problem)
            self._start()
            self.pause(problem)

    def pause(self, problem: str) -> None:
        if time.monotonic() >= self._ends:
            raise self._unreachable(problem)
        time.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 1.5, _LONGEST_PAUSE_S)

    def _start(self) -> None:
        """Start a broker unless one we started is still coming.

        One that ended well found another broker's lock; if that other one was just leaving, nobody
        is there and a further one is needed.
        """
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            if code != 0:
                raise self._unreachable(f"it ended with exit code {code}")
        try:
            self.process = spawn.spawn_broker(
                spawn.broker_command() if self._command is None else self._command,
                _elsewhere(self._environ),
                log_file(self._environ),
            )
        except OSError as error:
            raise self._unreachable(error.strerror or type(error).__name__) from error

    def _unreachable(self, problem: str) -> BrokerUnreachableError:
        if self.process is not None and self.process.poll() is None:
            spawn.let_go(self.process)
        if self._may_start:
            unwritable = _storage_problem(self._runtime)
            if unwritable is not None:
                return unwritable
        from ..errors import BrokerUnreachableError

        return BrokerUnreachableError(
            "broker.unreachable", problem=problem, log=log_file(self._environ)
        )


def _greet(
    line: Line, version: str, client: str, environ: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """What the broker answers to hello; None when it has gone."""
    try:
        line.link.settimeout(HELLO_WAIT_S)
        line.send({"id": 0, "method": "hello", "params": hello(version, client, environ)})
        answer = line.receive()
    except OSError:
        answer = None
    if answer is None:
        return None
    result = answer.get("result")
    if isinstance(result, dict):
        line.link.settimeout(None)
        return result  # pyright: ignore[reportUnknownVariableType] – read field by field
    line.link.close()
    from ..errors import BrokerUnreachableError

    raise BrokerUnreachableError("broker.incompatible", theirs=_version_in(answer), ours=version)


def _version_in(answer: Mapping[str, Any]) -> str | None:
    """The version a refusal names beside its words."""
    error = answer.get("error")
    version = error.get("version") if isinstance(error, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] – as above
    return version if isinstance(version, str) else None


def _retire(line: Line) -> None:
    """Ask an older broker to leave and wait until it has."""
    try:
        line.link.settimeout(HELLO_WAIT_S)
        line.send({"id": 1, "method": "retire", "params": {}})
        while line.receive() is not None:
            pass
    except OSError:
        pass  # It is gone, or it will be; the next attempt finds out.
    finally:
        line.link.close()


def _storage_problem(runtime: str) -> BrokerUnreachableError | None:
    """Why no broker can start in `runtime` when nothing can be written there: full, read-only."""
    probe = os.path.join(runtime, f"probe.{os.getpid()}")
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, b"probe")
        finally:
            os.close(descriptor)
            os.unlink(probe)
    except OSError as error:
        return door.unwritable(runtime, error)
    return None


def _elsewhere(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment for a process with another working folder."""
    home = environ.get("SIDELIGHT_HOME")
    return {**environ, "SIDELIGHT_HOME": _absolute(home)} if home else environ


def _absolute(path: str) -> str:
    """Like `Path.expanduser().absolute()`: a `..` behind a symbolic link keeps its meaning."""
    return os.path.join(os.getcwd(), os.path.expanduser(path))


def _is_ours(folder: str) -> bool:
    try:
        facts = os.lstat(folder)
    except OSError:
        return False
    return (
        stat.S_ISDIR(facts.st_mode)
        and facts.st_uid == os.geteuid()
        and stat.S_IMODE(facts.st_mode) == _PRIVATE
    )
