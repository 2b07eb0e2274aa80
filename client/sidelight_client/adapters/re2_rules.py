"""Content rules compiled with RE2, and the places in a text they object to: linear time, capped.

A cap that is hit makes the answer incomplete; an incomplete answer is never "clean".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import re2

from ..domain.policy import ContentRule

_re2 = cast("Any", re2)  # The library ships no types.

MAX_RULES = 500
MAX_PATTERN_CHARS = 4_000

Validator = Callable[[str], int]
"""How many leading characters of a match are really the thing looked for; 0 means none."""


class RuleError(ValueError):
    """A rule that cannot be used; `rule` is its id and `reason` the end of "… cannot be used: "."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"the content rule {rule} cannot be used: {reason}")
        self.rule = rule
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Match:
    """A rule's match as code-point offsets into the scanned text. It never holds the text."""

    rule: ContentRule
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The matches in order of their start. Without `complete`, absence of a match means nothing."""

    matches: tuple[Match, ...]
    complete: bool


class _Pattern(Protocol):
    def finditer(self, text: bytes) -> Iterator[Any]: ...
    def search(self, text: bytes) -> Any: ...


class _Set(Protocol):
    def Add(self, pattern: str) -> int: ...  # noqa: N802  # The library's own name.
    def Compile(self) -> None: ...  # noqa: N802  # The library's own name.
    def Match(self, text: bytes) -> list[int] | None: ...  # noqa: N802  # The library's own name.


class RuleSet:
    """Compiled rules. One pass over the text tells which rules match at all; only those look again.

    Args:
        rules: what must not leave, at most 500 rules.
        validators: by name, what a match of a rule that names it must also satisfy.
        max_bytes: the longest text that is scanned, in bytes of UTF-8.
        max_matches: how many matches are reported.
        budget_s: how long the search for the exact places may take. Each search is linear, but a
            rule can be written so that thousands of them each read the whole text.
        monotonic: seconds that never go back.

    Raises:
        RuleError: a pattern RE2 refuses (look-around, back-references), one that matches nothing
            at all, an unknown validator or kind, or too many rules.
    """

    def __init__(
        self,
        rules: Iterable[ContentRule],
        validators: Mapping[str, Validator],
        *,
        max_bytes: int = 2_000_000,
        max_matches: int = 200,
        budget_s: float = 0.25,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = tuple(rules)
        if len(self._rules) > MAX_RULES:
            raise RuleError(self._rules[MAX_RULES].id, f"there are more than {MAX_RULES} rules")
        self._validators = dict(validators)
        self._max_bytes = max_bytes
        self._max_matches = max_matches
        self._budget_s = budget_s
        self._monotonic = monotonic
        self._patterns = tuple(self._compiled(rule) for rule in self._rules)
        self._any = self._compiled_set() if self._rules else None

    @property
    def rules(self) -> tuple[ContentRule, ...]:
        return self._rules

    def scan(self, text: str) -> Scan:
        """Every place in `text` a rule objects to. Safe to call from any thread."""
        if self._any is None or not text:
            return Scan((), complete=True)
        # Lone surrogates can arrive inside JSON strings; they are bytes no rule matches.
        data = text.encode("utf-8", "surrogatepass")
        if len(data) > self._max_bytes:
            return Scan((), complete=False)
        until = self._monotonic() + self._budget_s
        found: list[tuple[int, int, int]] = []
        complete = True
        for number in sorted(self._any.Match(data) or ()):
            complete = self._places(number, data, found, until) and complete
        found.sort()
        return Scan(tuple(self._in_code_points(data, found)), complete)

    def _places(
        self, number: int, data: bytes, found: list[tuple[int, int, int]], until: float
    ) -> bool:
        """Add the valid matches of one rule in bytes; False when a cap was hit."""
        rule = self._rules[number]
        check = self._validators.get(rule.validator)
        for match in self._patterns[number].finditer(data):
            if len(found) >= self._max_matches or self._monotonic() > until:
                return False
            start, end = cast("tuple[int, int]", match.span())
            if check is not None:
                matched = data[start:end].decode("utf-8", "replace")
                end = start + len(matched[: check(matched)].encode())
            if end > start:
                found.append((start, end, number))
        return True

    def _in_code_points(self, data: bytes, found: list[tuple[int, int, int]]) -> Iterator[Match]:
        """The matches with code-point offsets, in one pass over the text."""
        counted_to = counted = 0
        for start, end, number in found:
            counted += _code_points(data, counted_to, start)
            counted_to = start
            length = _code_points(data, start, end)
            yield Match(self._rules[number], counted, counted + length)

    def _compiled(self, rule: ContentRule) -> _Pattern:
        if len(rule.pattern) > MAX_PATTERN_CHARS:
            raise RuleError(rule.id, f"its pattern is longer than {MAX_PATTERN_CHARS} characters")
        if rule.validator not in self._validators and rule.validator not in ("", "none"):
            raise RuleError(rule.id, f"there is no validator called {rule.validator}")
        if "\\C" in rule.pattern:
            raise RuleError(rule.id, r"\C matches half a character")
        try:
            pattern = cast("_Pattern", _re2.compile(_source(rule), _options()))
        except _re2.error as error:
            raise RuleError(rule.id, f"RE2 refuses the pattern ({_said(error)})") from None
        if pattern.search(b"") is not None:
            raise RuleError(rule.id, "its pattern matches the empty text, and so everywhere")
        return pattern

    def _compiled_set(self) -> _Set:
        options = _options()
        # A set runs on an automaton alone: with too little memory its answer would be "no match".
        options.max_mem = 64 * 2**20
        combined = cast("_Set", _re2.Set.SearchSet(options))
        for rule in self._rules:
            combined.Add(_source(rule))
        combined.Compile()
        return combined


def _source(rule: ContentRule) -> str:
    """The rule's RE2 pattern. Raises RuleError for a kind that is not known."""
    match rule.kind:
        case "re2":
            return rule.pattern
        case "keyword":
            return "(?i)" + cast("str", _re2.escape(rule.pattern))
        case _:
            raise RuleError(rule.id, f"{rule.kind} is not a kind of rule")


def _options() -> Any:
    options = _re2.Options()
    options.log_errors = False  # RE2 would print the pattern on stderr.
    options.never_capture = True  # Only whole matches are asked for; groups cost a slower engine.
    return options


def _said(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _code_points(data: bytes, start: int, end: int) -> int:
    """How many code points begin in `data[start:end]`."""
    piece = data[start:end]
    return len(piece) if piece.isascii() else len(piece.decode("utf-8", "surrogatepass"))
