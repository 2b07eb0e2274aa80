"""Content rules compiled with RE2, and the places in a text they object to: linear time, capped.

A cap that is hit makes the answer incomplete; an incomplete answer is never "clean".
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import re2

from ..domain.policy.organisation import ContentRule

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


class Pattern(Protocol):
    """A compiled pattern. Offsets are bytes of UTF-8."""

    def finditer(self, text: bytes) -> Iterator[Any]: ...
    def search(self, text: bytes, pos: int = 0, endpos: int | None = None) -> Any: ...
    def match(self, text: bytes, pos: int = 0, endpos: int | None = None) -> Any: ...


class PatternRefusedError(ValueError):
    """RE2 does not take a pattern; the text is RE2's own word for it."""


class PatternSet:
    """Tells in one pass which of many patterns match a text at all.

    Raises:
        PatternRefusedError: together the patterns need more memory than a set may have.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        options = _options()
        # A set runs on an automaton alone: with too little memory its answer would be "no match".
        options.max_mem = 64 * 2**20
        self._set: Any = _re2.Set.SearchSet(options)
        for source in sources:
            self._set.Add(source)
        # The end of the text is everywhere: an answer without it says that the set gave up.
        self._sentinel = self._set.Add(r"\z")
        try:
            self._set.Compile()
        except _re2.error as error:
            raise PatternRefusedError(_said(error)) from None

    def match(self, text: bytes) -> list[int] | None:
        """The numbers of the patterns that match, in order; None when the set gave up."""
        hits = cast("list[int]", self._set.Match(text) or [])
        if self._sentinel not in hits:
            return None
        hits.remove(self._sentinel)
        return sorted(hits)


@functools.lru_cache(maxsize=4)
def pattern_set(sources: tuple[str, ...]) -> PatternSet:
    """A set of these patterns, the same one for whoever asks again: making one takes 30 ms and more.

    Raises:
        PatternRefusedError: see PatternSet.
    """
    return PatternSet(sources)


def compiled(source: str, *, capture: bool = False) -> Pattern:
    """The pattern, without the groups it captures unless they are asked for.

    Raises:
        PatternRefusedError: RE2 does not take it.
    """
    try:
        return cast("Pattern", _re2.compile(source, _options(capture=capture)))
    except _re2.error as error:
        raise PatternRefusedError(_said(error)) from None


def literal(text: str) -> str:
    """The source of a pattern that matches `text` whatever its case."""
    return "(?i)" + cast("str", _re2.escape(text))


class RuleSet:
    """Compiled rules. One pass over the text tells which rules match at all; only those look again.

    Args:
        rules: what must not leave, at most 500 rules.
        validators: by name, what a match of a rule that names it must also satisfy.
        max_bytes: the longest text that is scanned, in bytes of UTF-8.
        max_matches: how many matches are reported.
        budget_s: how long the search for the exact places may take. Each search is linear, but a
            rule can be written so that thousands of them each read the whole text.
        computed_s: how long this thread has computed. Waiting for a processor must not make a
            search look long: on a busy machine its answer would then be incomplete by chance.

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
        computed_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self._rules = tuple(rules)
        if len(self._rules) > MAX_RULES:
            raise RuleError(self._rules[MAX_RULES].id, f"there are more than {MAX_RULES} rules")
        self._validators = dict(validators)
        self._max_bytes = max_bytes
        self._max_matches = max_matches
        self._budget_s = budget_s
        self._computed_s = computed_s
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
        until = self._computed_s() + self._budget_s
        found: list[tuple[int, int, int]] = []
        complete = True
        hits = self._any.match(data)
        if hits is None:
            return Scan((), complete=False)
        for number in hits:
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
            if len(found) >= self._max_matches or self._computed_s() > until:
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

    def _compiled(self, rule: ContentRule) -> Pattern:
        if len(rule.pattern) > MAX_PATTERN_CHARS:
            raise RuleError(rule.id, f"its pattern is longer than {MAX_PATTERN_CHARS} characters")
        if rule.validator not in self._validators and rule.validator not in ("", "none"):
            raise RuleError(rule.id, f"there is no validator called {rule.validator}")
        if "\\C" in rule.pattern:
            raise RuleError(rule.id, r"\C matches half a character")
        try:
            pattern = compiled(_source(rule))
        except PatternRefusedError as error:
            raise RuleError(rule.id, f"RE2 refuses the pattern ({error})") from None
        if pattern.search(b"") is not None:
            raise RuleError(rule.id, "its pattern matches the empty text, and so everywhere")
        return pattern

    def _compiled_set(self) -> PatternSet:
        try:
            return pattern_set(tuple(_source(rule) for rule in self._rules))
        except PatternRefusedError:
            raise RuleError(self._rules[0].id, "all rules together need too much memory") from None


def _source(rule: ContentRule) -> str:
    """The rule's RE2 pattern. Raises RuleError for a kind that is not known."""
    match rule.kind:
        case "re2":
            return rule.pattern
        case "keyword":
            return literal(rule.pattern)
        case _:
            raise RuleError(rule.id, f"{rule.kind} is not a kind of rule")


def _options(*, capture: bool = False) -> Any:
    options = _re2.Options()
    options.log_errors = False  # RE2 would print the pattern on stderr.
    options.never_capture = not capture  # Groups cost a slower engine.
    return options


def _said(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _code_points(data: bytes, start: int, end: int) -> int:
    """How many code points begin in `data[start:end]`."""
    piece = data[start:end]
    return len(piece) if piece.isascii() else len(piece.decode("utf-8", "surrogatepass"))
