"""Where Sidelight keeps its files: one folder each for config, state, cache and runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folders:
    """The four folders. They are created by whoever first writes, private to the person.

    `SIDELIGHT_HOME` moves all four under one folder (tests, portable use).
    """

    config: Path
    state: Path
    cache: Path
    runtime: Path

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def policy_file(self) -> Path:
        return self.config / "policy.json"

    @property
    def models(self) -> Path:
        """Where the files of local models lie; unlike a cache they are not thrown away."""
        return self.state / "models"

    @property
    def log_file(self) -> Path:
        return self.state / "sidelight.log"


def folders(environ: Mapping[str, str] | None = None) -> Folders:
    """The folders for this person; nothing is created."""
    environ = os.environ if environ is None else environ
    home = environ.get("SIDELIGHT_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Folders(root / "config", root / "state", root / "cache", root / "run")
    # Imported here because the shim, which must start at once, needs it only without SIDELIGHT_HOME.
    import platformdirs

    place = platformdirs.PlatformDirs("sidelight", appauthor=False)
    state = Path(place.user_state_dir)
    return Folders(
        Path(place.user_config_dir), state, Path(place.user_cache_dir), _runtime(state, environ)
    )


def _runtime(state: Path, environ: Mapping[str, str]) -> Path:
    """The runtime folder: below XDG_RUNTIME_DIR where it is this person's alone, else in the state
    folder; never in a place shared with others such as /tmp.
    """
    given = environ.get("XDG_RUNTIME_DIR", "")
    if os.name == "posix" and Path(given).is_absolute():
        try:
            facts = Path(given).stat()
        except OSError:
            return state / "run"
        if facts.st_uid == os.getuid() and not facts.st_mode & 0o077:
            return Path(given) / "sidelight"
    return state / "run"


def make_private(folder: Path) -> None:
    """Create `folder` and its parents; `folder` itself is 0700. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
