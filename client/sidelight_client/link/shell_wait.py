"""Waits for a session's end as a shell: a tenth of the memory that an interpreter keeps meanwhile.

The shim imports this file, so it imports next to nothing.
"""

# ruff: noqa: S606
# No shell is given anything of ours but the script below, which takes nothing of anybody's.

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    from .light_socket import LightSocket

_SHELL = "/bin/sh"
"""Where every Unix has it (POSIX asks for one, and custom puts it here)."""

SCRIPT = """\
# sidelight lsp: the broker serves this editor; only the end of the session is waited for here.
trap 'exit 130' INT
while IFS= read -r message; do
    case $message in *'"exit"'*'"code"'*)
        code=${message##*'"code"'}
        code=${code%%[!0-9: ]*}
        code=${code##*[: ]}
        exit "${code:-1}"
    esac
done
exit 1
"""
"""Reads what `link/attach.py` would: the event that ends a session holds its exit code, and a broker
that dies says nothing. 130 is what an interrupted command ends with."""


def become_shell(link: LightSocket) -> None:
    """Replace this process by a shell that reads the broker's messages, and never return.

    The editor keeps its process: number, signals and exit code stay. Returns where there is no
    shell, with everything as it was.
    """
    if sys.platform == "win32" or not os.access(_SHELL, os.X_OK):
        return
    before = os.dup(0)
    os.dup2(link.fileno(), 0)
    try:
        os.execv(_SHELL, ["sh", "-c", SCRIPT])
    except OSError:  # A sandbox may forbid it.
        os.dup2(before, 0)
        os.close(before)
