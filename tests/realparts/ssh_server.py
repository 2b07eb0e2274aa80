"""A real sshd on loopback for one person with one key, and connections that forward a socket to it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or ""
PRIVILEGES = Path("/run/sshd")
"""Where sshd locks its unprivileged child in (sshd(8)); it starts as root only when it is there."""
PATIENCE_S = 20.0

CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
StreamLocalBindUnlink yes
X11Forwarding no
PermitUserEnvironment no
AcceptEnv SIDELIGHT_SOCKET
"""


def missing() -> str:
    """Why there can be no sshd here; empty where there can."""
    if not SSHD or not shutil.which("ssh") or not shutil.which("ssh-keygen"):
        return "openssh-server and openssh-client are not installed"
    return ""


@dataclass(frozen=True, slots=True)
class SshServer:
    """Where it listens, and the folder of its keys."""

    folder: Path
    port: int

    def command(self, *options: str) -> list[str]:
        """The words that connect to it, and to nothing else this person has set up."""
        given = {
            "UserKnownHostsFile": f"{self.folder}/known",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "IdentityFile": f"{self.folder}/user",
            "BatchMode": "yes",
            "ExitOnForwardFailure": "yes",
        }
        words = [word for name, value in given.items() for word in ("-o", f"{name}={value}")]
        person = pwd.getpwuid(os.geteuid()).pw_name
        return ["ssh", "-F", "none", "-p", str(self.port), *words, *options, f"{person}@127.0.0.1"]

    @contextlib.contextmanager
    def forwarding(
        self, there: Path, here: Path, *, replaces: int = 0
    ) -> Generator[subprocess.Popen[bytes]]:
        """`ssh -R there:here`, as long as the block lasts.

        `replaces` is the `st_ctime_ns` of a socket that is left there.
        """

        def bound() -> bool:
            return there.exists() and there.lstat().st_ctime_ns != replaces

        with subprocess.Popen(
            self.command("-N", "-R", f"{there}:{here}"), stderr=subprocess.PIPE
        ) as tunnel:
            try:
                until(lambda: bound() or tunnel.poll() is not None, "the socket is there")
                assert tunnel.poll() is None, tunnel.stderr.read() if tunnel.stderr else b""
                yield tunnel
            finally:
                tunnel.terminate()


@contextlib.contextmanager
def running(folder: Path) -> Generator[SshServer]:
    """An sshd with keys of its own in `folder`, until the block ends."""
    with contextlib.ExitStack() as undo:
        if os.geteuid() == 0 and not PRIVILEGES.exists():
            PRIVILEGES.mkdir(mode=0o755)
            undo.callback(PRIVILEGES.rmdir)
        yield undo.enter_context(_started(folder))


@contextlib.contextmanager
def _started(folder: Path) -> Generator[SshServer]:
    for name in ("host", "user"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    key = " ".join((folder / "host.pub").read_text("utf-8").split()[:2])
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key}\n", "utf-8")
    configuration = folder / "sshd_config"
    configuration.write_text(CONFIGURATION.format(port=port, folder=folder), "utf-8")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([SSHD, "-D", "-e", "-f", str(configuration)], stderr=log) as server,
    ):
        try:
            until(lambda: _answers(port) or server.poll() is not None, "sshd listens")
            assert server.poll() is None, (folder / "log").read_text("utf-8", "replace")
            yield SshServer(folder, port)
        finally:
            server.terminate()


def until(done: Callable[[], object], what: str) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.02)


def _answers(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=1) as s,
    ):
        return s.recv(4) == b"SSH-"
    return False
