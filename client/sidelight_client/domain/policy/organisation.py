"""Where AI may be used and what may not be sent: the organisation's rules, as they are written.

Patterns are data here; matching content is an adapter's work, in linear time, and judging a place is
`place_policy`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .code_category import CodeCategory
from .data_use import DataUse
from .infrastructure import FileKind


class Mode(StrEnum):
    """What is allowed at a place, from open to closed; the most restrictive rule wins."""

    ON = "on"
    REVIEW_LABEL = "review_label"
    """Allowed, and what comes of it is to be reviewed by a person under that label."""
    LOCAL_ONLY = "local_only"
    """Allowed with a model on this machine alone."""
    OFF = "off"

    def stricter(self, other: Mode) -> bool:
        """Whether this allows less than `other`."""
        return _STRICTNESS.index(self) > _STRICTNESS.index(other)


_STRICTNESS = (Mode.ON, Mode.REVIEW_LABEL, Mode.LOCAL_ONLY, Mode.OFF)


class Action(StrEnum):
    """What happens when a content rule matches."""

    WARN = "warn"
    MASK = "mask"
    BLOCK = "block"


class RedactionMode(StrEnum):
    """Whether values may be replaced before a text is sent."""

    ALLOW = "allow"
    """Where the person asks for it."""
    FORBID = "forbid"
    FORCE = "force"
    """Always: what is found never leaves."""


_REDACTION_STRICTNESS = (RedactionMode.ALLOW, RedactionMode.FORBID, RedactionMode.FORCE)


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
    """Where AI is on or off. It applies where all its matchers match; an empty one matches always.

    Attributes:
        remote: glob over the repository's canonical remote (`host/owner/name`).
        path: glob over the path inside the repository; see `globs.PathGlobs`.
        reason: the rule's own words, shown as they are.
        owner: whom to ask.
        marker: the name of a file; the rule applies to the folder it lies in and all below.
        kinds: of which one must be the file's.
        categories: of which one must be the code's.
        date: when it was decided, in the rule's own words.
    """

    id: str
    mode: Mode
    remote: str = ""
    path: str = ""
    reason: str = ""
    owner: str = ""
    url: str = ""
    marker: str = ""
    kinds: frozenset[FileKind] = frozenset()
    categories: frozenset[CodeCategory] = frozenset()
    date: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the organisation decided. `version` is the document's ETag.

    Attributes:
        unknown_remote: what is allowed in a repository whose remote no rule names.
        redaction: whether values may be replaced before a text is sent.
        data_use: what becomes of the code that is sent; None where nothing is said of it.
    """

    version: str = ""
    content_rules: tuple[ContentRule, ...] = ()
    place_rules: tuple[PlaceRule, ...] = ()
    unknown_remote: Mode = Mode.ON
    redaction: RedactionMode = RedactionMode.ALLOW
    data_use: DataUse | None = None

    def joined(self, other: Policy) -> Policy:
        """The rules of both; of their defaults the stricter."""
        default = max((self.unknown_remote, other.unknown_remote), key=_STRICTNESS.index)
        return Policy(
            self.version or other.version,
            self.content_rules + other.content_rules,
            self.place_rules + other.place_rules,
            default,
            max((self.redaction, other.redaction), key=_REDACTION_STRICTNESS.index),
            self.data_use or other.data_use,
        )


class PolicyTrouble(StrEnum):
    """Why a policy document cannot be used, in words that follow "the document"."""

    UNREADABLE = "cannot be read"
    UNSIGNED = "does not carry the signature that is required"
    FUTURE = "is dated in the future"
    UNREACHABLE = "cannot be fetched"


REVIEW_LABEL_NOTE = "policy.review_label"
"""The note of an answer for a place whose code is to be reviewed; the decision's reason is the rule."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is allowed for a document, and the rule that decided; None when no rule applies."""

    mode: Mode
    rule: PlaceRule | None = None

    def allows(self, *, local: bool) -> bool:
        """Whether text may be sent; `local` is a gateway on this machine, which nothing leaves."""
        return self.mode is not Mode.OFF and (local or self.mode is not Mode.LOCAL_ONLY)
