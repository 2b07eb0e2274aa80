"""Runs every check against the installed wheel, and installs or names the real parts tests need."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import dev_integration
from dev_environment import PACKAGES, ROOT, SetUpError, clean_environment


@dataclass(frozen=True, slots=True)
class RealPart:
    """A program beyond Python that a tier of tests drives; or a file (a path) or library it needs."""

    program: str
    debian: str
    why: str


REAL_PARTS = (
    RealPart("tmux", "tmux", "the Neovim test looks at a real terminal's screen"),
    RealPart("dbus-daemon", "dbus", "sleep and keyring are tested on private buses"),
    RealPart("gnome-keyring-daemon", "gnome-keyring", "the vault's key is kept in a real keyring"),
    RealPart(
        "/usr/lib/python3/dist-packages/dbusmock",
        "python3-dbusmock",
        "logind and NetworkManager are mocked on a private bus",
    ),
    RealPart(
        "node",
        "nodejs",
        "sign-in is tested with a certified OpenID provider, which needs 20 or newer",
    ),
    RealPart("npm", "npm", "it installs that provider"),
    RealPart("chromium", "chromium", "VS Code is looked at in a real browser"),
    RealPart("/usr/sbin/sshd", "openssh-server", "a broker's socket is forwarded over a real SSH"),
    RealPart("faketime", "faketime", "an unmodified broker's clock jumps over a night"),
    RealPart("unshare", "util-linux", "one process gets a trust store of its own"),
    RealPart(
        "/etc/ssl/certs/ca-certificates.crt", "ca-certificates", "it is that store's other part"
    ),
    # Qt's wheels bring none of these (each was found by adding one to a bare Debian 12).
    *(
        RealPart(library, debian, "Qt loads it, and the tray is tested with the real Qt")
        for library, debian in (
            ("libglib-2.0.so.0", "libglib2.0-0"),
            ("libEGL.so.1", "libegl1"),
            ("libGL.so.1", "libgl1"),
            ("libdbus-1.so.3", "libdbus-1-3"),
            ("libfontconfig.so.1", "libfontconfig1"),
            ("libxkbcommon.so.0", "libxkbcommon0"),
            ("libgssapi_krb5.so.2", "libgssapi-krb5-2"),
        )
    ),
    # Editors beside Neovim, which comes from PyPI, and VS Code, which comes from npm.
    RealPart("emacs", "emacs-nox", "the configurations for Emacs are tried"),
    RealPart("/usr/share/emacs/site-lisp/elpa-src", "elpa-eglot", "it is a client for Emacs"),
    RealPart(
        "/usr/share/emacs/site-lisp/elpa-src/lsp-mode-8.0.0", "elpa-lsp-mode", "it is another one"
    ),
    RealPart("vim", "vim", "the configuration for Vim is tried"),
    RealPart("/usr/share/vim-ale", "vim-ale", "it is Vim's language server client"),
    RealPart("kate", "kate", "the configuration for Kate is tried on a display"),
    RealPart("javac", "default-jdk-headless", "the library under LSP4IJ is Java"),
    RealPart("patchelf", "patchelf", "other versions of Neovim, and Helix, are unpacked privately"),
    RealPart(
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "fonts-dejavu-core",
        "the tray's windows are measured with a real font",
    ),
    RealPart("desktop-file-validate", "desktop-file-utils", "what is put into menus is checked"),
    RealPart("appstreamcli", "appstream", "what is told to software centres is checked"),
    *(
        RealPart(program, debian, "the tray is looked at on a real desktop")
        for program, debian in (
            ("Xvfb", "xvfb"),
            ("openbox", "openbox"),
            ("busctl", "systemd"),
            ("xdotool", "xdotool"),
            ("import", "imagemagick"),
            ("xfce4-panel", "xfce4-panel"),
            ("tint2", "tint2"),
            ("sway", "sway"),
            ("waybar", "waybar"),
            ("grim", "grim"),
            ("dunst", "dunst"),
            (
                "/usr/share/dbus-1/services/org.xfce.xfce4-notifyd.Notifications.service",
                "xfce4-notifyd",
            ),
            ("libxcb-cursor.so.0", "libxcb-cursor0"),
            ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
            ("libxcb-icccm.so.4", "libxcb-icccm4"),
            ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
            ("libxcb-shape.so.0", "libxcb-shape0"),
            ("libwayland-client.so.0", "libwayland-client0"),
            ("libwayland-cursor.so.0", "libwayland-cursor0"),
            ("libwayland-egl.so.1", "libwayland-egl1"),
        )
    ),
)
"""What the tiers that exist need; a tier that comes adds its line here."""

CHECKS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy",),
    "pyright": ("pyright",),
}

SECOND_RUNS = ("--reruns=1",)
"""Real editors, panels and gateways on a busy machine fail by chance; tests/habits/second_runs.py
names each such test, and a run with more than a few of them fails."""

FROM_SITE_PACKAGES = """
import importlib, pathlib, sys, sysconfig
site = pathlib.Path(sysconfig.get_path("purelib")).resolve()
for name in sys.argv[1:]:
    file = pathlib.Path(importlib.import_module(name).__file__).resolve()
    if not file.is_relative_to(site):
        sys.exit(f"{name} comes from {file}, not from the installed wheel")
"""


@dataclass(frozen=True, slots=True)
class Count:
    """How many tests ended which way."""

    passed: int
    failed: int
    skipped: int


def run(
    python: Path, arguments: Sequence[str], *, ci: bool, checks: bool, integration: bool = False
) -> int:
    """Run the checks and then pytest with `arguments`; return 0 only if all of it passed.

    The last line printed is pytest's result as "N passed, N failed, N skipped".
    """
    _provide_real_parts()
    for problem in dev_integration.provide(python) if ci or integration else ():
        print(f"dev.py: {problem}", flush=True)
    failed: list[str] = []

    def timed(name: str, command: Sequence[str | Path], show: bool = False) -> None:
        began = time.monotonic()
        code, output = _start([python, *command], ci=ci, show=show)
        ending = "ok" if code == 0 else "FAILED"
        print(f"{name:<12} {ending:<7} {time.monotonic() - began:6.1f} s", flush=True)
        if code != 0:
            failed.append(name)
            print(output, flush=True)

    timed("wheel", ["-c", FROM_SITE_PACKAGES, *PACKAGES])
    for name, command in CHECKS.items() if checks else ():
        timed(name, ["-m", *command])
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "pytest.xml"
        timed(
            "pytest", ["-m", "pytest", *SECOND_RUNS, f"--junit-xml={report}", *arguments], show=True
        )
        count = _read(report)
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped", flush=True)
    return 1 if failed else 0


def _start(command: Sequence[str | Path], *, ci: bool, show: bool) -> tuple[int, str]:
    environment = clean_environment() | {
        "PYTHONUTF8": "1",
        # Otherwise pyright asks a registry whether there is a newer one.
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
        "SIDELIGHT_REQUIRE_REAL_PARTS": "1" if ci else "",
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=None if show else subprocess.PIPE,
        stderr=None if show else subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout or ""


def _read(report: Path) -> Count:
    """The count from pytest's report; a pytest that wrote none has itself failed."""
    try:
        cases = {  # One that was run again is there twice; the last one counts.
            (case.get("classname"), case.get("name")): [ending.tag for ending in case]
            for case in ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it just now
        }.values()
    except (OSError, ET.ParseError):
        return Count(0, 1, 0)
    failed = sum("failure" in case or "error" in case for case in cases)
    skipped = sum("skipped" in case for case in cases)
    return Count(len(cases) - failed - skipped, failed, skipped)


def _find(program: str) -> str | None:
    if ".so." in program:
        return program if sys.platform != "linux" or _loads(program) else None
    if Path(program).is_absolute():
        return program if Path(program).exists() else None
    return shutil.which(program)


def _loads(library: str) -> bool:
    """Whether the dynamic linker finds a shared library, wherever this distribution keeps it."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _provide_real_parts(find: Callable[[str], str | None] = _find) -> None:
    missing = [part for part in REAL_PARTS if not find(part.program)]
    if missing and _may_install():
        packages = [part.debian for part in missing]
        print(f"dev.py: installing {' '.join(packages)}", file=sys.stderr, flush=True)
        try:
            _apt_get("update")
            _apt_get("install", "--yes", "--no-install-recommends", *packages)
        except SetUpError as error:
            print(f"dev.py: {error}", file=sys.stderr)
        missing = [part for part in missing if not find(part.program)]
    for part in missing:
        print(
            f"dev.py: {part.program} is missing: {part.why}; its tests are skipped, or fail in CI"
        )
        print(f"        on Debian and Ubuntu: apt-get install {part.debian}", flush=True)


def _may_install() -> bool:
    """Root on a Debian, where a package is installed without asking anybody."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return root and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def _apt_get(*words: str) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=120", *words],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise SetUpError(f"apt-get {words[0]} failed:\n{done.stdout[-2000:]}")
