"""The shim an editor starts as `sidelight lsp`: hands its stdin and stdout to the broker, and waits.

Architecture invariant: where descriptors can be handed over, the shim never sees a byte of your
file; SSH forwards none, so over a forwarded socket it copies. It imports almost nothing, because
every new editor window waits for it.
"""

from __future__ import annotations

import os
import sys

from .. import __version__
from .light_socket import as_socket, is_unix
from .reach import SOCKET_VARIABLE, Line, log_file, reach, runtime_folder

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..errors import SidelightError

CLIENT = "sidelight lsp"
_BROKER_DIED = 1
_INTERRUPTED = 130


def main(
    arguments: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    command: Sequence[str] | None = None,
    fallback: Callable[[SidelightError], int] | None = None,
) -> int:
    """Attach the editor that started us to the broker; return when its session has ended.

    Args:
        arguments: what followed `sidelight lsp`.
        environ: the environment; None for this process's own.
        command: starts a broker; None for the usual command.
        fallback: called with the error when no broker can be had, before anything was read from
            the editor; its result becomes ours. Without it, and where the broker is on another
            machine, the error is said on stderr.

    Returns:
        The session's exit code; 1 when the broker died, so that the editor starts us again.
    """
    environ = os.environ if environ is None else environ
    try:
        reached = reach(runtime_folder(environ), __version__, CLIENT, environ, command=command)
        if reached.process is not None:
            from .spawn import let_go

            let_go(reached.process)
        line = reached.line
        if reached.forwarded:
            from .forwarded import refuse_own_rules

            refuse_own_rules(_cwd())
        copy = reached.forwarded or not is_unix(line.link)
        _ask(line, arguments, environ, copy=copy)
        return _copy(line) if copy else _wait(line)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        # Imported here because its catalogue of sentences costs more than all the rest.
        from ..errors import SidelightError

        if not isinstance(error, SidelightError):
            raise
        # Whoever forwards a broker does not want a session of this machine instead.
        if fallback is not None and not environ.get(SOCKET_VARIABLE):
            return fallback(error)
        sys.stderr.write(f"sidelight: {error.message.text} [{error.code}]\n")
        return int(error.exit_code)


def _ask(line: Line, arguments: Sequence[str], environ: Mapping[str, str], *, copy: bool) -> None:
    """Hand the editor over. Raises BrokerUnreachableError while it is still ours."""
    info = {"pid": os.getpid(), "cwd": _cwd(), "arguments": list(arguments), "copy": copy}
    problem = "it ended while we attached"
    try:
        # The error stream stays here: the broker has a log of its own and never writes to it.
        line.send({"id": 1, "method": "attach", "params": info}, () if copy else (0, 1))
        answer = line.receive()
        if answer is not None and "result" in answer:
            return
        if answer is not None:
            problem = "it refused the editor"
    except OSError as error:
        problem = error.strerror or type(error).__name__
    line.link.close()
    from ..errors import BrokerUnreachableError

    raise BrokerUnreachableError("broker.unreachable", problem=problem, log=log_file(environ))


def _wait(line: Line) -> int:
    """Wait for the session's end. The kernel keeps the time; nothing here wakes up meanwhile."""
    _forget_streams()
    if line.between_messages:
        # Imported here because the editor does not wait for it.
        from .shell_wait import become_shell

        become_shell(line.link)
    try:
        while True:
            message = line.receive()
            if message is None:
                return _BROKER_DIED
            if message.get("event") == "exit":
                return int(message["data"]["code"])
    except (OSError, KeyError, TypeError, ValueError):
        return _BROKER_DIED


def _forget_streams() -> None:
    """Let go of the editor's pipes, so that both sides see at once when the broker closes them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)


def _copy(line: Line) -> int:
    from .stream_copy import copy_streams

    return copy_streams(as_socket(line.link), 0, 1)


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 – pathlib would cost the shim 3 ms
    except OSError:
        return ""
