"""Glob patterns over paths and remotes, thousands at once, answered without trying each of them.

Case does not count, because some file systems and hosts have none: a rule must not be escaped by
writing a name another way.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

MAX_FOLDERS = 64
"""How deep a path is looked into."""


class GlobIndex:
    """Patterns in which `*` is any text, `/` included, `?` any character and `[…]` one of several.

    Most patterns are a name, a beginning or an end. Those are found by looking up the text's own
    beginnings and ends; only what is left is compared one by one.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact: dict[str, list[str]] = {}
        self._starts: dict[int, dict[str, list[str]]] = {}
        self._ends: dict[int, dict[str, list[str]]] = {}
        self._others: list[tuple[str, str, str, str]] = []
        for pattern in dict.fromkeys(patterns):
            self._file(pattern, pattern.lower())

    def matching(self, text: str) -> set[str]:
        """The patterns that match the whole of `text`, as they were given."""
        text = text.lower()
        found = set(self._exact.get(text, ()))
        for length, known in self._starts.items():
            found.update(known.get(text[:length], ()))
        for length, known in self._ends.items():
            found.update(known.get(text[-length:] if length else "", ()))
        for pattern, lower, start, end in self._others:
            # The comparison itself is by a compiled pattern, which is slow to come by.
            if text.startswith(start) and text.endswith(end) and fnmatchcase(text, lower):
                found.add(pattern)
        return found

    def _file(self, pattern: str, lower: str) -> None:
        plain = not set(lower) & {"?", "["}
        stars = lower.count("*")
        if plain and not stars:
            self._exact.setdefault(lower, []).append(pattern)
        elif plain and lower.endswith("*") and stars == len(lower) - len(lower.rstrip("*")):
            start = lower.rstrip("*")
            self._starts.setdefault(len(start), {}).setdefault(start, []).append(pattern)
        elif plain and lower.startswith("*") and stars == len(lower) - len(lower.lstrip("*")):
            end = lower.lstrip("*")
            self._ends.setdefault(len(end), {}).setdefault(end, []).append(pattern)
        else:
            self._others.append((pattern, lower, _until_wildcard(lower), _since_wildcard(lower)))


class PathGlobs:
    """Patterns over a path inside a repository.

    One without a slash matches a file or folder of that name anywhere, and so everything below the
    folder. One with a slash matches a path below any folder; `name/` is all that lies in the folder,
    and a leading `**/` says nothing more.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._said: dict[str, list[str]] = {}
        for pattern in dict.fromkeys(patterns):
            self._said.setdefault(_normal(pattern), []).append(pattern)
        self._names = GlobIndex(one for one in self._said if "/" not in one)
        self._tails = GlobIndex(one for one in self._said if "/" in one)

    def matching(self, path: str) -> set[str]:
        """The patterns that match `path`, as they were given."""
        pieces = path.replace("\\", "/").strip("/").split("/")
        found: set[str] = set()
        for piece in {*pieces[:MAX_FOLDERS], *pieces[-MAX_FOLDERS:]}:
            found |= self._names.matching(piece)
        for first in {*range(len(pieces))[:MAX_FOLDERS], *range(len(pieces))[-MAX_FOLDERS:]}:
            found |= self._tails.matching("/".join(pieces[first:]))
        return {said for one in found for said in self._said[one]}


def _normal(pattern: str) -> str:
    pattern = pattern.replace("\\", "/").lstrip("/")
    while pattern.startswith("**/"):
        pattern = pattern[3:]
    return f"{pattern}*" if pattern.endswith("/") else pattern


def _until_wildcard(pattern: str) -> str:
    ends = [at for wildcard in "*?[" if (at := pattern.find(wildcard)) >= 0]
    return pattern[: min(ends)]


def _since_wildcard(pattern: str) -> str:
    # A bracket's end may be an ordinary character; what follows it is one in any case.
    return pattern[max(pattern.rfind(wildcard) for wildcard in "*?[]") + 1 :]
