"""Installs what the integration tests drive: two real gateways, llama.cpp and a small model.

The LiteLLM proxy gets an environment of its own, apart from `.venv` and its pins. It and the model
lie in the cache folder of whoever runs this, where a second checkout finds them; Portkey's gateway
lies in the `node_modules` beside its lock file, and llama.cpp is the extra `local` in `.venv`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev_environment import REQUIREMENTS, ROOT, SetUpError, clean_environment

LITELLM = ROOT / "tests" / "integration" / "litellm"
PORTKEY = ROOT / "tests" / "integration" / "portkey"
INSTALL_MAX_S = 600.0
_INSTALLED = ".installed"


def provide(python: Path) -> list[str]:
    """Install what is not there yet; return a sentence for each part that could not be had.

    Args:
        python: of `.venv`.
    """
    problems: list[str] = []
    parts: tuple[tuple[str, bool, Callable[[], str]], ...] = (
        ("the LiteLLM proxy", litellm() is not None, _install_litellm),
        ("Portkey's gateway", portkey() is not None, _install_portkey),
        ("llama.cpp", _has_llama(python), lambda: _install_llama(python)),
        ("the model SmolLM2", False, lambda: _add_model(python)),
    )
    for name, there, install in parts:
        if there:
            continue
        began = time.monotonic()
        _say(f"installing {name}, if it is not here")
        problem = install()
        if problem:
            problems.append(f"{name} is missing: {problem}")
        else:
            _say(f"{name} is there after {time.monotonic() - began:.0f} s")
    return problems


def litellm() -> Path | None:
    """The command that starts the proxy, where it is installed as its lock file wants it."""
    folder = _litellm_folder()
    command = folder / "bin" / "litellm"
    return command if (folder / _INSTALLED).exists() and command.exists() else None


def portkey() -> Path | None:
    """The file node starts, where it is installed as its lock file wants it."""
    marker = PORTKEY / "node_modules" / _INSTALLED
    started = PORTKEY / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    wanted = (PORTKEY / "package-lock.json").read_bytes()
    current = marker.exists() and marker.read_bytes() == wanted
    return started if current and started.exists() else None


def provide_model(python: Path, name: str) -> None:
    """llama.cpp, and the model `name` where the person's own models lie. Raises SetUpError."""
    problem = "" if _has_llama(python) else _install_llama(python)
    if problem:
        raise SetUpError(f"The extra `local` was not installed: {problem}")
    # Its progress and its own words are for the person.
    done = subprocess.run(
        [str(python), "-m", "sidelight_client", "model", "add", name],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode != 0:
        raise SetUpError(f"The model {name} was not added.")


def model_home() -> Path:
    """The SIDELIGHT_HOME in which the tests' model lies."""
    return cache_folder() / "home"


def _has_llama(python: Path) -> bool:
    return not _run([str(python), "-c", "import xllamacpp"])


def _install_llama(python: Path) -> str:
    """The extra `local` into the environment of `python`; why it did not work, or ""."""
    command: list[str | Path] = [python, "-m", "pip"]
    if _run([*map(str, command), "--version"]):  # uv makes environments without pip.
        command = [sys.executable, "-m", "pip", "--python", python]
    words = ("install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps")
    locked = ("--require-hashes", "-r", str(REQUIREMENTS / "local.txt"))
    return _run([*map(str, command), *words, *locked])


def _add_model(python: Path) -> str:
    """`sidelight model add`, which checks a model that is there; why it did not work, or ""."""
    home = {"SIDELIGHT_HOME": str(model_home())}
    return _run([str(python), "-m", "sidelight_client", "model", "add", "smollm2"], more=home)


def _litellm_folder() -> Path:
    """Named by what is in it, so that checkouts with different pins do not disturb each other."""
    content = (LITELLM / "requirements.txt").read_bytes() + sys.version.encode()
    return cache_folder() / f"litellm-{hashlib.sha256(content).hexdigest()[:12]}"


def cache_folder() -> Path:
    """Where set-up keeps what a fresh checkout can use again (XDG Base Directory)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "sidelight-dev"


def _install_litellm() -> str:
    """Into a virtual environment of its own; why it did not work, or ""."""
    folder = _litellm_folder()
    shutil.rmtree(folder, ignore_errors=True)
    problem = _run([sys.executable, "-m", "venv", str(folder)])
    # Its own pins ask for releases that are not published; the lock file has the nearest ones, and
    # says with `--no-deps` that this is meant.
    problem = problem or _run(
        [
            *(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"),
            *("--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"),
            *("--require-hashes", "-r", str(LITELLM / "requirements.txt")),
        ]
    )
    if problem:
        shutil.rmtree(folder, ignore_errors=True)
        return problem
    (folder / _INSTALLED).touch()
    return ""


def _install_portkey() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "node and npm are not installed"
    problem = _run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"], PORTKEY
    )
    if not problem:
        wanted = (PORTKEY / "package-lock.json").read_bytes()
        (PORTKEY / "node_modules" / _INSTALLED).write_bytes(wanted)
    return problem


def _run(command: Sequence[str], folder: Path = ROOT, more: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=clean_environment() | dict(more or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=INSTALL_MAX_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{Path(command[0]).name} did not do it ({type(error).__name__})"
    return "" if done.returncode == 0 else done.stdout.strip()[-400:]


def _say(sentence: str) -> None:
    print(f"dev.py: {sentence}", file=sys.stderr, flush=True)
