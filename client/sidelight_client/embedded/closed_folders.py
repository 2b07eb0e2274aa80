"""What workspaces close of themselves in `.sidelight.toml`: nothing of it is learnt from.

Invariant: what may be suggested nowhere in a place is suggested nowhere else from that place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..adapters.workspace_rules import read_rules
from ..domain.policy.globs import PathGlobs
from ..domain.policy.organisation import Mode

_MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Closed:
    """A rule of the workspace file in `folder`; without `paths` it closes everything below."""

    folder: Path
    paths: PathGlobs | None

    def closes(self, file: Path) -> bool:
        """Whether `file`, which lies below the folder, may not be learnt from."""
        if self.paths is None:
            return True
        return bool(self.paths.matching(file.relative_to(self.folder).as_posix()))


def closed_in(folder: Path) -> tuple[Closed, ...]:
    """The closing rules of the workspace file in this very folder."""
    return tuple(
        Closed(folder, PathGlobs((rule.path,)) if rule.path else None)
        for rule in read_rules(folder)
        if rule.mode is Mode.OFF
    )


def closed_above(folder: Path) -> tuple[Closed, ...]:
    """Those of the folders that `folder` lies in: a window may be opened on a part of a work tree.

    As where a file is judged, what lies above the outermost repository is none of its business.
    """
    inside: tuple[Closed, ...] = ()
    waiting: tuple[Closed, ...] = ()
    alone = not (folder / ".git").exists()
    for above in folder.parents[:_MAX_DEPTH]:
        waiting += closed_in(above)
        if (above / ".git").exists():
            inside, waiting, alone = inside + waiting, (), False
    return waiting if alone else inside
