"""Where AI may be used and what may not be sent: the organisation's rules and their judgement.

Patterns are data here; matching them is an adapter's work, in linear time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from .place import Document


class Mode(StrEnum):
    """What is allowed at a place, from open to closed; the most restrictive rule wins."""

    ON = "on"
    REVIEW_LABEL = "review_label"
    LOCAL_ONLY = "local_only"
    OFF = "off"


_STRICTNESS = (Mode.ON, Mode.REVIEW_LABEL, Mode.LOCAL_ONLY, Mode.OFF)


class Action(StrEnum):
    """What happens when a content rule matches."""

    WARN = "warn"
    MASK = "mask"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class ContentRule:
    """One thing that must not leave, as the gateway's policy document states it.

    Attributes:
        kind: `re2` or `keyword`; `pattern` is read accordingly.
        validator: `luhn`, `us_ssn`, `iban` or `none`: what a match must also satisfy.
    """

    id: str
    title: str
    kind: str
    pattern: str
    validator: str = "none"
    action: Action = Action.BLOCK
    explain: str = ""
    appeal_url: str = ""


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """Where AI is on or off. An empty matcher matches everything.

    Attributes:
        remote: glob over the repository's canonical remote (`host/owner/name`).
        path: glob over the path inside the repository.
        reason: the rule's own words, shown as they are.
        owner: whom to ask.
    """

    id: str
    mode: Mode
    remote: str = ""
    path: str = ""
    reason: str = ""
    owner: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the organisation decided. `version` is the document's ETag."""

    version: str = ""
    content_rules: tuple[ContentRule, ...] = ()
    place_rules: tuple[PlaceRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is allowed for a document, and the rule that decided; None when no rule applies."""

    mode: Mode
    rule: PlaceRule | None = None

    def allows(self, *, local: bool) -> bool:
        """Whether text may be sent; `local` is a gateway on this machine, which nothing leaves."""
        return self.mode is not Mode.OFF and (local or self.mode is not Mode.LOCAL_ONLY)


def judge(policy: Policy, document: Document, path: str) -> Verdict:
    """The strictest rule that matches `document`, whose path inside its repository is `path`."""
    verdict = Verdict(Mode.ON)
    for rule in policy.place_rules:
        if not _matches(rule, document.repository or "", path):
            continue
        if verdict.rule is None or _STRICTNESS.index(rule.mode) > _STRICTNESS.index(verdict.mode):
            verdict = Verdict(rule.mode, rule)
    return verdict


def _matches(rule: PlaceRule, remote: str, path: str) -> bool:
    if rule.remote and not fnmatchcase(remote.lower(), rule.remote.lower()):
        return False
    return not rule.path or _path_matches(path, rule.path)


def _path_matches(path: str, pattern: str) -> bool:
    """Whether `path` matches; a pattern without a slash matches in every folder."""
    path = path.replace("\\", "/").lstrip("/")
    pattern = pattern.replace("\\", "/").lstrip("/")
    if "/" not in pattern:
        return any(fnmatchcase(piece, pattern) for piece in path.split("/"))
    return fnmatchcase(path, pattern) or fnmatchcase("/" + path, "*/" + pattern)
