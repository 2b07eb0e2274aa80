"""Writes requirements/*.txt: every package with the hashes of all its files, and no address.

A file with addresses would tie the project to one index; hashes hold wherever a file comes from.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Sequence

from dev_environment import REQUIREMENTS, ROOT, VENV, SetUpError, run_quietly

WHAT = {
    "runtime": ("pyproject.toml",),
    "build": ("--group", "build"),
    "tray": ("pyproject.toml", "--extra", "tray"),
    "local": ("pyproject.toml", "--extra", "local"),
    "dev": ("pyproject.toml", "--group", "dev"),
}
"""What each file is compiled from; the first decides the versions the others share."""

HEADING = "# Written by `python3 installers/dev.py lock`. With pip: install --require-hashes -r.\n"

SETTLED_FOR_DAYS = 7
"""A release younger than this is not taken: bad ones are usually withdrawn within days."""


def main(arguments: Sequence[str]) -> int:
    """Compile every file; `--upgrade` also moves what is pinned already. Raises SetUpError."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(VENV / "bin"))
    if uv is None:
        raise SetUpError("lock needs uv, which resolves for all platforms at once: pip install uv")
    if unknown := [word for word in arguments if word != "--upgrade"]:
        raise SetUpError(f"lock does not know {' '.join(unknown)}")
    settled = dt.datetime.now(dt.UTC) - dt.timedelta(days=SETTLED_FOR_DAYS)
    # Only the public index speaks here: its hashes are those of everybody's files.
    for name in [name for name in os.environ if name.startswith("UV_")]:
        del os.environ[name]
    REQUIREMENTS.mkdir(exist_ok=True)
    for name, sources in WHAT.items():
        _compile(uv, name, [*sources, *arguments], settled.strftime("%Y-%m-%dT00:00:00Z"))
    return 0


def _compile(uv: str, name: str, words: Sequence[str], settled: str) -> None:
    file = REQUIREMENTS / f"{name}.txt"
    shared = [] if name == "runtime" else ["--constraints", "requirements/runtime.txt"]
    run_quietly(
        [
            *(uv, "pip", "compile", "--quiet", "--no-config", *words, *shared),
            *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header"),
            *("--annotation-style", "line", "--exclude-newer", settled),
            *("--output-file", file.relative_to(ROOT)),
        ],
        f"requirements/{name}.txt was not compiled",
    )
    text = file.read_text(encoding="utf-8").removeprefix(HEADING)
    text = re.sub(r"(, )?-c requirements/runtime\.txt(?(1)|(, )?)", "", text)
    if "://" in text:
        raise SetUpError(f"requirements/{name}.txt contains an address")
    file.write_text(HEADING + text, encoding="utf-8", newline="\n")
    print(f"requirements/{name}.txt: {len(re.findall('^[a-z0-9]', text, re.MULTILINE))} packages")
