r"""Patterns RE2 cannot take, split into one that it can and checks at the places it marks.

`(?!000)\d{3}` becomes `()\d{3}` and "what stands at group 1 must not begin with 000": the group
is empty, and where it matched is where the check applies. Each part stays linear in the text.
What cannot be split (back-references, conditionals) is said to be so, and is never run elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CHECKS = 16
"""More look-arounds than this in one pattern are not split."""

_OPENINGS = {
    "(?=": (False, False),
    "(?!": (False, True),
    "(?<=": (True, False),
    "(?<!": (True, True),
}
_FLAGS = re.compile(r"\(\?[imsU]+\)")
_VARIABLE = re.compile(r"[*+?|]|\{\d*,\d*\}")


@dataclass(frozen=True, slots=True)
class Check:
    """What must, or must not, stand right after (or before) the place where a group matched."""

    group: int
    pattern: str
    behind: bool
    negative: bool
    leading: bool
    """Whether nothing of the pattern stands before it: failing is then final for that place."""


@dataclass(frozen=True, slots=True)
class Split:
    """A pattern RE2 takes, and the checks that narrow its matches down.

    Attributes:
        exact: whether a match that fails a check proves that the original does not match there;
            a quantifier might have given something back.
    """

    pattern: str
    checks: tuple[Check, ...]
    exact: bool
    widened: bool
    """Whether even a match that passes every check may be none of the original's."""


@dataclass(frozen=True, slots=True)
class Unsplittable:
    """Why the pattern cannot be split: the construct that stands in the way."""

    construct: str


def split(pattern: str) -> Split | Unsplittable:
    """The parts of `pattern`, whose syntax is Python's or PCRE's."""
    flags = _FLAGS.match(pattern)
    prefix = flags.group() if flags else ""
    out: list[str] = [prefix]
    checks: list[Check] = []
    groups = 0
    widened = False
    leading = True
    at = len(prefix)
    while at < len(pattern):
        piece = _piece(pattern, at)
        opening = _opening(pattern, at)
        if opening is not None:
            body_at = at + len(opening)
            end = _closing(pattern, at)
            if end is None:
                return Unsplittable("(")
            body = pattern[body_at:end]
            if any(_opening(body, i) for i in range(len(body))):
                return Unsplittable("nested look-around")
            if len(checks) == MAX_CHECKS:
                return Unsplittable("too many look-arounds")
            groups += 1
            behind, negative = _OPENINGS[opening]
            checks.append(Check(groups, f"{prefix}(?:{body})", behind, negative, leading))
            out.append("()")
            at = end + 1
            continue
        if piece.startswith("\\") and piece[1:2].isdigit() and piece[1] != "0":
            return Unsplittable("back-reference")
        if piece.startswith("\\k") or pattern.startswith("(?P=", at):
            return Unsplittable("back-reference")
        if pattern.startswith("(?(", at):
            return Unsplittable("conditional")
        if pattern.startswith("(?>", at):
            # An atomic group matches less than a plain one: what is found is only a candidate.
            out.append("(?:")
            widened, leading, at = True, False, at + 3
            continue
        if piece == "(" and _captures(pattern, at):
            groups += 1
        out.append(piece)
        if piece not in ("\\b", "\\B", "^", "("):
            leading = False
        at += len(piece)
        if _possessive(pattern, at, piece):
            widened, at = True, at + 1
    if not checks and not widened:
        return Unsplittable("")
    rest = "".join(out)
    exact = not widened and not _VARIABLE.search(re.sub(r"\\.|\(\?[:P<a-zA-Z]*", "", rest))
    return Split(rest, tuple(checks), exact, widened)


def _piece(pattern: str, at: int) -> str:
    """The smallest piece at `at` that must not be taken apart: an escape, a class, or a character."""
    if pattern[at] == "\\":
        return pattern[at : at + 2]
    if pattern[at] != "[":
        return pattern[at]
    end = at + 1
    if pattern.startswith("^", end):
        end += 1
    end += 1  # A bracket right after the opening one is a member.
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return pattern[at : end + 1]


def _opening(pattern: str, at: int) -> str | None:
    if not pattern.startswith("(?", at) or _escaped(pattern, at):
        return None
    found = (opening for opening in _OPENINGS if pattern.startswith(opening, at))
    return next(found, None)


def _escaped(pattern: str, at: int) -> bool:
    before = at - len(pattern[:at].rstrip("\\"))
    return before % 2 == 1


def _closing(pattern: str, at: int) -> int | None:
    """Where the group that opens at `at` closes."""
    depth = 0
    while at < len(pattern):
        piece = _piece(pattern, at)
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
            if depth == 0:
                return at
        at += len(piece)
    return None


def _captures(pattern: str, at: int) -> bool:
    if not pattern.startswith("(?", at):
        return True
    named = pattern.startswith(("(?P<", "(?<"), at)
    return named and not pattern.startswith(("(?<=", "(?<!"), at)


def _possessive(pattern: str, at: int, piece: str) -> bool:
    """Whether a `+` follows a quantifier that ended with `piece`."""
    return pattern.startswith("+", at) and piece in ("*", "+", "?", "}")
