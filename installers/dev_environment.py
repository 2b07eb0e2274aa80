"""Makes `.venv` from the hash-pinned requirements and puts the project's wheel into it.

Architecture invariant: no source folder is ever on the environment's path; what runs in it is
what a person would install.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "sidelight-stamps.json"
REQUIREMENTS = ROOT / "requirements"
PACKAGES = ("sidelight_client", "sidelight_lsp", "sidelight_tray")

FORGOTTEN = (
    # Each would make Python or pip look or write somewhere else than in `.venv`.
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV"),
)


class SetUpError(Exception):
    """The set-up cannot go on; the text is what the person should read."""


def prepare(*, tests: bool, use_uv: bool) -> Path:
    """Make or refresh `.venv`; return its Python.

    Args:
        tests: with everything the tests need, or only with what the product needs.
        use_uv: use uv where it is on the PATH.

    Raises:
        SetUpError: something that is needed is missing, or an installation failed.
    """
    uv = shutil.which("uv") if use_uv else None
    began = time.monotonic()
    python = virtual_environment(VENV, uv)
    changed = _install_requirements(python, uv, tests=tests)
    changed |= _install_wheel(python, uv)
    if changed:
        _say(f"ready after {time.monotonic() - began:.1f} s")
    return python


def clean_environment() -> dict[str, str]:
    """This process's environment without what would lead a Python away from `.venv`."""
    kept = {name: value for name, value in os.environ.items() if name not in FORGOTTEN}
    # uv brings its own list of authorities, which does not know a company's.
    return {"UV_SYSTEM_CERTS": "true"} | kept


def run_quietly(command: Sequence[str | Path], failure: str) -> None:
    """Run `command` in the repository; its output is shown only if it fails.

    Raises:
        SetUpError: it failed; `failure` is the sentence for the person.
    """
    done = _attempt(command)
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        raise SetUpError(f"{failure} (exit code {done.returncode}; its own words are above).")


def virtual_environment(folder: Path, uv: str | None) -> Path:
    """Make the virtual environment in `folder` unless a sound one is there; return its Python.

    Raises:
        SetUpError: this Python cannot make one.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and _succeeds(
        [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    ):
        return python
    _say(f"making {folder}")
    if folder.exists():  # Its Python is gone, for example after an upgrade of the system's.
        shutil.rmtree(folder)
    if uv and _succeeds([uv, "venv", "--quiet", "--python", sys.executable, folder]):
        return python
    if importlib.util.find_spec("venv") is None:
        raise SetUpError(_what_debian_lacks())
    # Debian keeps ensurepip in a package of its own; then the pip of this Python must do.
    bare = [] if importlib.util.find_spec("ensurepip") else ["--without-pip"]
    run_quietly(
        [sys.executable, "-m", "venv", *bare, folder], "The virtual environment was not made"
    )
    return python


def _install_requirements(python: Path, uv: str | None, *, tests: bool) -> bool:
    level = "dev" if tests else "runtime"
    names = ("dev.txt",) if tests else ("runtime.txt", "build.txt")
    files = [REQUIREMENTS / name for name in names]
    wanted = _checksum(files)
    stamps = _read_stamps()
    if stamps.get(level) == wanted:
        return False
    _say(f"installing {' and '.join(f'requirements/{name}' for name in names)}, once")
    listed = [word for file in files for word in ("-r", str(file))]
    install(python, uv, ["--require-hashes", *listed], "The requirements were not installed")
    stamps[level] = wanted
    if tests:  # They contain what the product needs.
        stamps["runtime"] = _checksum([REQUIREMENTS / "runtime.txt", REQUIREMENTS / "build.txt"])
    _write_stamps(stamps)
    return True


def _install_wheel(python: Path, uv: str | None) -> bool:
    """Build the wheel and install it, unless it is installed as the sources are now."""
    wanted = _checksum(_sources())
    stamps = _read_stamps()
    if stamps.get("wheel") == wanted:
        return False
    _write_stamps({level: stamp for level, stamp in stamps.items() if level != "wheel"})
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(python, Path(folder))
        words = ["--no-deps", "--no-index", "--reinstall" if uv else "--force-reinstall"]
        install(python, uv, [*words, str(wheel)], "The wheel was not installed")
    _write_stamps(_read_stamps() | {"wheel": wanted})
    return True


def build(python: Path, folder: Path) -> Path:
    """Build the wheel into `folder`, without the network. Raises SetUpError."""
    run_quietly(
        [python, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        "The wheel was not built",
    )
    return next(folder.glob("sidelight-*.whl"))


def install(python: Path, uv: str | None, words: Sequence[str], failure: str) -> None:
    """Install with uv, or with pip where there is none or it fails.

    Raises:
        SetUpError: it failed; `failure` is the sentence for the person.
    """
    if uv:
        # pip compiles what it installs, uv only when told; else every process of the tests would.
        quiet = ["--quiet", "--compile-bytecode"]
        if _succeeds([uv, "pip", "install", *quiet, "--python", python, *words]):
            return
        _say("uv did not manage it; trying pip")
        words = ["--force-reinstall" if word == "--reinstall" else word for word in words]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    run_quietly([*_pip(python), "install", *quiet, *words], failure)


def _pip(python: Path) -> list[str | Path]:
    """A pip that installs into `.venv`: its own, or this Python's (pip 22.3 knows `--python`)."""
    if _succeeds([python, "-m", "pip", "--version"]):
        return [python, "-m", "pip"]
    if _succeeds([python, "-m", "ensurepip"]):
        return [python, "-m", "pip"]
    if _succeeds([sys.executable, "-m", "pip", "--version"]):
        return [sys.executable, "-m", "pip", "--python", python]
    raise SetUpError(_what_debian_lacks())


def _what_debian_lacks() -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"This Python ({sys.executable}) can neither make a virtual environment with pip in it "
        "nor has a pip of its own.\nOn Debian and Ubuntu the missing package is "
        f"python{version}-venv: apt-get install python{version}-venv"
    )


def _sources() -> list[Path]:
    """Everything the wheel is made of."""
    found = [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    for folder in ("client", "lsp", "tray"):
        found += (ROOT / folder).rglob("*")
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def _checksum(files: Iterable[Path]) -> str:
    total = hashlib.sha256(sys.version.encode())
    for file in sorted(files):
        content = file.read_bytes()
        total.update(f"{file.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _read_stamps() -> dict[str, str]:
    try:
        stamps = json.loads(STAMPS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(level): str(stamp) for level, stamp in stamps.items()}


def _write_stamps(stamps: dict[str, str]) -> None:
    STAMPS.write_text(json.dumps(stamps, indent=1), encoding="utf-8")


def _succeeds(command: Sequence[str | Path]) -> bool:
    return _attempt(command).returncode == 0


def _attempt(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def _say(sentence: str) -> None:
    print(f"{Path(sys.argv[0]).name}: {sentence}", file=sys.stderr, flush=True)
