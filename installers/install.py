"""Puts Sidelight on this machine, or takes it away; it needs nothing but Python 3.11 or newer.

    python3 installers/install.py                  for you, into an environment of its own
    python3 installers/install.py --tray           with the tray, and its entry in the menu
    python3 installers/install.py --uninstall      take it away again; settings and session stay

On Windows `installers/windows/install.ps1` calls this file and looks after the search path.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must be able to say so
    sys.exit("Sidelight needs Python 3.11 or newer: call this file with one, as in python3.12 ...")

from dev_environment import (
    REQUIREMENTS,
    ROOT,
    SetUpError,
    build,
    clean_environment,
    install,
    prepare,
    virtual_environment,
)
from install_places import METAINFO, NotOfferedError, Places, places

FOLDERS = """
import json
from sidelight_client.adapters.folders import folders
of = folders()
lasting, passing = (of.config, of.state), (of.runtime, of.cache)
print(json.dumps([[str(path) for path in group] for group in (lasting, passing)]))
"""
PATIENCE_S = 60


def main(words: Sequence[str]) -> int:
    """Install or uninstall; return the exit code."""
    options = _parser().parse_args(words)
    try:
        where = places(sys.platform, os.environ, Path.home(), everybody=options.everybody)
        if options.uninstall:
            _uninstall(where, forget=options.forget)
        else:
            _install(where, options)
    except (SetUpError, NotOfferedError) as error:
        print(f"install.py: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        # An installation for everybody writes where only an administrator may.
        print(f"install.py: {error.filename} may not be written by you.", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py", description="Put Sidelight on this machine, or take it away."
    )
    parser.add_argument("--tray", action="store_true", help="with the tray, which needs Qt (84 MB)")
    parser.add_argument(
        "--autostart", action="store_true", help="start the tray at login; includes --tray"
    )
    parser.add_argument(
        "--everybody", action="store_true", help="for all people of this machine, as administrator"
    )
    parser.add_argument("--wheel", type=Path, help="install this wheel instead of this checkout's")
    parser.add_argument(
        "--wheelhouse",
        type=Path,
        help="take what is needed from this folder only, for machines without a network",
    )
    parser.add_argument("--no-uv", action="store_true", help="use pip even where uv is there")
    parser.add_argument("--uninstall", action="store_true", help="take it away")
    parser.add_argument(
        "--forget",
        action="store_true",
        help="with --uninstall: sign out and remove settings, history and local models as well",
    )
    return parser


def _install(where: Places, options: argparse.Namespace) -> None:
    tray = options.tray or options.autostart
    uv = None if options.no_uv else shutil.which("uv")
    if where.link is not None and _belongs_to_another(where.link, where):
        raise SetUpError(f"{where.link} is there already and is not this installation's.")
    if where.program.exists():
        # What runs would go on with files that are half old and half new.
        _tell_quietly(where, "tray", "--quit")
        _tell_quietly(where, "broker", "--stop")
    with ExitStack() as stack:
        wheel = options.wheel
        if wheel is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            wheel = build(prepare(tests=False, use_uv=not options.no_uv), Path(folder))
        where.venv.parent.mkdir(parents=True, exist_ok=True)
        python = virtual_environment(where.venv, uv)
        listed = REQUIREMENTS / ("tray.txt" if tray else "runtime.txt")
        house = options.wheelhouse
        source = ["--no-index", "--find-links", str(house.absolute())] if house else []
        install(
            python,
            uv,
            ["--require-hashes", "-r", str(listed), *source],
            "What Sidelight needs was not installed",
        )
        again = ["--no-deps", "--no-index", "--reinstall" if uv else "--force-reinstall"]
        install(python, uv, [*again, str(wheel.absolute())], "The wheel was not installed")
    if where.link is not None:
        where.link.parent.mkdir(parents=True, exist_ok=True)
        where.link.unlink(missing_ok=True)
        where.link.symlink_to(where.program)
    if tray and sys.platform == "linux":
        _tell(where, "tray", "--menu", "on")
    if tray and where.metainfo is not None:
        where.metainfo.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "installers" / "linux" / METAINFO, where.metainfo)
    if options.autostart:
        _tell(where, "tray", "--autostart", "on")
    print(f"{_tell(where, '--version')} is installed in {where.venv}")
    _say_how_to_call_it(where)


def _say_how_to_call_it(where: Places) -> None:
    called = where.link or where.program
    found = shutil.which("sidelight")
    if found is not None and Path(found).resolve() == called.resolve():
        print("Next: sidelight login")
    else:
        print(f"Next: {called} login\n{called.parent} is not on your search path, or not first.")


def _uninstall(where: Places, *, forget: bool) -> None:
    if forget and where.everybody:
        raise SetUpError(
            "What people keep is theirs: each of them calls `sidelight logout` before, "
            "and removes the folders that docs/install.md names."
        )
    lasting: list[Path] = []
    passing: list[Path] = []
    if where.program.exists():
        _tell_quietly(where, "tray", "--quit")
        _tell_quietly(where, "tray", "--autostart", "off")
        _tell_quietly(where, "tray", "--menu", "off")
        if forget:
            _tell_quietly(where, "logout")
        _tell_quietly(where, "broker", "--stop")
        if not where.everybody:
            lasting, passing = _folders(where)
    elif not where.venv.exists():
        print("Sidelight is not installed here.")
    if where.link is not None and where.link.is_symlink():
        if _belongs_to_another(where.link, where):
            print(f"{where.link} belongs to another installation and stays.")
        else:
            where.link.unlink()
    if where.metainfo is not None:
        where.metainfo.unlink(missing_ok=True)
    if where.venv.exists():
        shutil.rmtree(where.venv)
        with suppress(OSError):  # It stays where something else is in it, as on macOS.
            where.venv.parent.rmdir()
        print(f"{where.venv} is removed.")
    for folder in (*passing, *(lasting if forget else ())):
        shutil.rmtree(folder, ignore_errors=True)
    kept = dict.fromkeys(folder for folder in lasting if folder.exists())
    for folder in kept:
        print(f"Kept: {folder}")
    if kept and not forget:
        print("Your settings, history and session are there; remove it when you need none of them.")


def _belongs_to_another(link: Path, where: Places) -> bool:
    """Whether what lies at `link` is anything but our own link, dead or alive."""
    if not link.is_symlink():
        return link.exists()
    return link.readlink() != where.program


def _folders(where: Places) -> tuple[list[Path], list[Path]]:
    """The folders that the installed program uses: what is worth keeping, and what is not."""
    done = _call([where.program.with_name("python"), "-P", "-c", FOLDERS], where)
    try:
        lasting, passing = json.loads(done.stdout)
    except ValueError:
        return [], []
    return [Path(folder) for folder in lasting], [Path(folder) for folder in passing]


def _tell(where: Places, *words: str) -> str:
    """What the installed program says. Raises SetUpError where it refuses."""
    done = _call([where.program, *words], where)
    if done.returncode != 0:
        raise SetUpError(f"sidelight {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def _tell_quietly(where: Places, *words: str) -> None:
    """Ask the installed program for what may not be possible, or not be needed."""
    with suppress(OSError, subprocess.TimeoutExpired):
        _call([where.program, *words], where)


def _call(command: Sequence[str | Path], where: Places) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env=clean_environment() | dict(where.told),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE_S,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
