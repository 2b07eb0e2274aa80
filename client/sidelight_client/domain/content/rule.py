"""A content rule as the scanner uses it, who stated it, and why a rule cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ..policy.organisation import ContentRule

Validator = Callable[[str], int]
"""How many leading characters of a match are really the thing looked for; 0 means none."""

Validators = Mapping[str, Validator]
"""Validators by the name a rule gives them."""


class RuleSource(StrEnum):
    """Who says that text which matches may not leave."""

    POLICY = "policy"
    """The organisation's policy document: the gateway is known to enforce it."""
    LISTED = "listed"
    """The gateway's own list of guardrails, whose patterns are known by name."""
    GUESS = "guess"
    """Sidelight's own catalogue, where a gateway does not say what it objects to."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with what narrows it down.

    Attributes:
        content: the rule as it was stated.
        source: who stated it.
        near: lower-case words of which one must stand on the line, or in the one before a span.
        entropy_floor: Shannon entropy that the value must reach, in bits a character.
        value_group: the capture group that holds the value; 0 is the whole match.
        certain: whether the shape alone is proof, as with a prefix that its issuer reserved.
        unless: lower-case words that make a line an attribution or an address, not a finding;
            `{}` stands for the value.
    """

    content: ContentRule
    source: RuleSource
    near: tuple[str, ...] = ()
    entropy_floor: float = 0.0
    value_group: int = 0
    certain: bool = False
    unless: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.content.id


@dataclass(frozen=True, slots=True)
class Refused:
    """RE2 does not take the pattern; `said` is the engine's own word for it."""

    rule: str
    said: str


@dataclass(frozen=True, slots=True)
class NotLinear:
    """The pattern needs an engine that can take exponential time; `construct` is what needs it."""

    rule: str
    construct: str


@dataclass(frozen=True, slots=True)
class MatchesNothing:
    """The pattern matches the empty text, and so everywhere and nothing."""

    rule: str


@dataclass(frozen=True, slots=True)
class TooLong:
    """The pattern is longer than `limit` characters."""

    rule: str
    limit: int


@dataclass(frozen=True, slots=True)
class TooMany:
    """The rule comes after the last one that is read; `left_out` rules do."""

    rule: str
    left_out: int


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Compiled together with the others, the rule needs more memory than there is for rules."""

    rule: str


@dataclass(frozen=True, slots=True)
class UnknownKind:
    """The rule is of a kind this version does not know."""

    rule: str
    kind: str


@dataclass(frozen=True, slots=True)
class UnknownValidator:
    """The rule is used, but what a match must also satisfy is not known here."""

    rule: str
    validator: str


@dataclass(frozen=True, slots=True)
class UnknownPattern:
    """The gateway names a pattern, or a scanner elsewhere, that is not known here."""

    rule: str


RuleProblem = (
    Refused
    | NotLinear
    | MatchesNothing
    | TooLong
    | TooMany
    | TooLarge
    | UnknownKind
    | UnknownValidator
    | UnknownPattern
)
"""Every way a rule can be unusable; finish a `match` over it with `assert_never`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place a rule's pattern matches, in code points, relative to the rows that were searched.

    Attributes:
        exact: False when the pattern had to be widened, so that the gateway may not match here.
    """

    rule: Rule
    row: int
    start: int
    end_row: int
    end: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates in order of their place. Without `complete`, absence means nothing."""

    candidates: tuple[Candidate, ...]
    complete: bool


class Matcher(Protocol):
    """Rules that are ready to be matched, in time linear in the text."""

    @property
    def rules(self) -> tuple[Rule, ...]: ...

    @property
    def problems(self) -> tuple[RuleProblem, ...]: ...

    @property
    def reach(self) -> int:
        """How many rows after its own a match may extend over."""
        ...

    def find(self, rows: Sequence[str], count: int) -> Found:
        """What begins in the first `count` rows; the others are what a match may run on into.

        A row is searched by itself: what is found in it depends on it and on the `reach` rows
        that follow, so that an edit elsewhere cannot change it. A whole text is one row.
        """
        ...
