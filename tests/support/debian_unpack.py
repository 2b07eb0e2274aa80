"""Programs of other Debian releases, unpacked into a folder of their own: nothing is installed.

apt is given its own lists and cache, the packages are unpacked with all they depend on, and the
program is made to use their C library. A release moves on, so a program may be gone one day or be
another version; that is for the test to say.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STEP_MAX_S = 180
LISTS_MAX_AGE_S = 24 * 3600
NEEDED = ("apt-get", "apt-cache", "dpkg-deb", "patchelf")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

WHY_NEEDED = "other releases of Debian are unpacked with it"


class NotToBeHadError(Exception):
    """The release does not have the package, or not any more; the text says what was asked."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A program with everything it needs, in a folder."""

    root: Path
    version: str

    def program(self, name: str) -> Path:
        return self.root / "usr" / "bin" / name


def missing_tools() -> list[str]:
    """What this machine lacks to unpack anything."""
    tools = [tool for tool in NEEDED if shutil.which(tool) is None]
    return tools if KEYRING.exists() else [*tools, str(KEYRING)]


def unpack(package: str, release: str, *, programs: Sequence[str]) -> Unpacked:
    """The newest `package` of a release and what it depends on; unpacked once per version.

    Args:
        package: a binary package.
        release: a code name, such as "trixie".
        programs: names in its /usr/bin that are to run here.

    Raises:
        NotToBeHadError: the release has no such package, or apt could not get it.
    """
    folder = _cache() / f"debian-{release}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        apt = _private_apt(folder, release)
        _update(folder / "updated", apt)
        version = _candidate(package, apt)
        root = folder / f"{package}-{re.sub(r'[^A-Za-z0-9.]+', '-', version)}"
        if not (root / ".unpacked").exists():
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            _download(package, root, apt)
            for name in programs:
                _patch(root, root / "usr" / "bin" / name)
            (root / ".unpacked").touch()
        return Unpacked(root, version)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "sidelight-dev"


def _private_apt(folder: Path, release: str) -> dict[str, str]:
    """The environment in which apt knows this release only and writes nowhere else."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    mirror = _mirror()
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror} {release} main\n")
    configuration = folder / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::sourcelist "{folder}/sources.list";\nDir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{folder}/lists";\nDir::Cache "{folder}/cache";\n'
        # As root, apt would download as a user who may not write here.
        'APT::Sandbox::User "root";\n'
    )
    return dict(os.environ) | {"APT_CONFIG": str(configuration), "LC_ALL": "C.UTF-8"}


def _update(stamp: Path, apt: Mapping[str, str]) -> None:
    """Fetch the release's lists, once a day."""
    if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_MAX_AGE_S:
        return
    _run(["apt-get", "--quiet", "--quiet", "update"], apt)
    stamp.touch()


def _mirror() -> str:
    """The mirror this machine uses for its own release."""
    words = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    listed = _run(words, dict(os.environ)).split()
    # Security updates of a release lie elsewhere, and other vendors' packages too.
    found = next((uri for uri in listed if uri.rstrip("/").endswith("/debian")), None)
    if found is None:
        raise NotToBeHadError("this machine's apt knows no mirror of Debian")
    return found


def _candidate(package: str, apt: Mapping[str, str]) -> str:
    # What is installed here would hide what the release has, so the list is asked and not the policy.
    told = _run(["apt-cache", "madison", package], apt).splitlines()
    if not told:
        raise NotToBeHadError(f"the release has no package {package}")
    return told[0].split("|")[1].strip()


def _download(package: str, root: Path, apt: Mapping[str, str]) -> None:
    quiet = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    no = [f"--no-{kind}" for kind in quiet]
    listed = _run(["apt-cache", "depends", "--recurse", *no, package], apt).splitlines()
    wanted = sorted({line for line in listed if re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", line)})
    parts = root / "parts"
    parts.mkdir()
    _run(["apt-get", "--quiet", "--quiet", "download", *wanted], apt, parts)
    for part in sorted(parts.glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(part), str(root)], apt)
    shutil.rmtree(parts)


def _patch(root: Path, program: Path) -> None:
    """Make a program use the unpacked C library.

    Starting it through the loader would do for most, but Neovim starts itself once more by its own
    name and would then meet the machine's older library.
    """
    (loader,) = sorted((root / "usr" / "lib").glob("*/ld-linux*.so.*"))
    paths = ["--force-rpath", "--set-rpath", str(loader.parent)]
    words = ["patchelf", "--set-interpreter", str(loader), *paths, str(program.resolve())]
    _run(words, dict(os.environ))


def _run(command: Sequence[str], env: Mapping[str, str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=STEP_MAX_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotToBeHadError(f"{' '.join(command[:2])} did not end in time") from None
    if done.returncode != 0:
        raise NotToBeHadError(f"{' '.join(command[:2])} failed: {done.stderr.strip()[-300:]}")
    return done.stdout
