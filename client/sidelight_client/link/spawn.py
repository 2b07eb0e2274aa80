"""Starts a broker that outlives whoever starts it.

The shim imports this file, so subprocess is imported only when a broker must really be started.
"""

# ruff: noqa: PTH100, PTH103, PTH111, PTH112, PTH120
# os.path instead of pathlib: it is there already, and pathlib would cost the shim 3 ms.

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence


def broker_command() -> list[str]:
    """`-P` keeps the working folder off the module path: a json.py there must not be imported."""
    return [sys.executable, "-P", "-m", "sidelight_client", "broker"]


def spawn_broker(
    command: Sequence[str], environ: Mapping[str, str], log_file: str
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, with nothing of ours but the environment.

    Raises OSError when the program cannot be started at all.
    """
    import subprocess

    # The editor's folder may be removed or unmounted while the broker lives.
    home = os.path.expanduser("~")
    output = _log_descriptor(log_file)
    try:
        return subprocess.Popen(  # noqa: S603 – our own interpreter, no shell
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if output is None else output,
            stderr=subprocess.DEVNULL if output is None else output,
            cwd=home if os.path.isdir(home) else os.path.abspath(os.sep),
            env=dict(environ),
            close_fds=True,
            start_new_session=sys.platform != "win32",
            creationflags=_detached(),
        )
    finally:
        if output is not None:
            os.close(output)


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Forget the broker we started: it lives on. For a process that ends soon itself."""
    # Popen warns about a child that still runs when the object goes; here that is the purpose.
    process.returncode = 0


def reap_in_background(process: subprocess.Popen[bytes]) -> None:
    """Wait for the broker we started, so that a long-lived client keeps no zombie of it."""
    from threading import Thread

    Thread(target=process.wait, name="sidelight-reaper", daemon=True).start()


def _log_descriptor(log_file: str) -> int | None:
    """The log file for what a broker says before its logging runs; None where it cannot be written."""
    try:
        os.makedirs(os.path.dirname(log_file), mode=0o700, exist_ok=True)
        return os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError:
        return None


def _detached() -> int:
    if sys.platform == "win32":
        import subprocess

        return subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return 0
