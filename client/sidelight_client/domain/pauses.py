"""What a person paused and until when: all suggestions, those in one language, or notifications."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

MORNING_HOUR = 8
"""Tomorrow begins at eight in the morning, local time."""
LONGEST_MUTE_S = 48 * 3_600.0
"""Longer than until tomorrow ever is: a clock that was set back must not mute for years."""
LANGUAGES_LIMIT = 50
LANGUAGE_LENGTH = 64
"""The longest identifier of a language in LSP 3.17 has 15 letters."""


@dataclass(frozen=True, slots=True)
class LanguagePause:
    """A language in which nothing is suggested, and until when (seconds since the epoch)."""

    language: str
    until: float


@dataclass(frozen=True, slots=True)
class Pauses:
    """Everything that is paused; None is "not paused". Moments are seconds since the epoch."""

    everything_until: float | None = None
    languages: tuple[LanguagePause, ...] = ()
    muted_until: float | None = None

    def at(self, now: float) -> Pauses:
        """What of it still holds at `now`."""
        muted = self.muted_until
        return Pauses(
            _still(self.everything_until, now),
            tuple(one for one in self.languages if now < one.until),
            None if muted is None or muted > now + LONGEST_MUTE_S else _still(muted, now),
        )

    def language_until(self, language: str) -> float | None:
        """Until when nothing is suggested in `language`; None where it is not paused by itself."""
        return next((one.until for one in self.languages if one.language == language), None)

    def moments(self) -> tuple[float | None, ...]:
        """When each of them ends."""
        return (self.everything_until, self.muted_until, *(one.until for one in self.languages))


def _still(until: float | None, now: float) -> float | None:
    return until if until is not None and now < until else None


def is_language(name: str) -> bool:
    """Whether `name` can be an LSP language identifier: printable, without blanks, not long."""
    return bool(name) and len(name) <= LANGUAGE_LENGTH and name.isprintable() and " " not in name


def pause(pauses: Pauses, until: float | None, language: str = "") -> Pauses:
    """Pause all suggestions, or those in one language; None ends that pause and no other."""
    if not language:
        return replace(pauses, everything_until=until)
    kept: Iterable[LanguagePause] = (one for one in pauses.languages if one.language != language)
    added = () if until is None else (LanguagePause(language, until),)
    return replace(pauses, languages=(*kept, *added)[-LANGUAGES_LIMIT:])


def mute(pauses: Pauses, until: float | None, now: float) -> Pauses:
    """Show no notifications until `until`, or show them again."""
    return replace(pauses, muted_until=None if until is None else min(until, now + LONGEST_MUTE_S))


def until_tomorrow(now: float) -> float:
    """The moment a pause until tomorrow ends, in seconds since the epoch."""
    today = time.localtime(now)
    return time.mktime(
        (today.tm_year, today.tm_mon, today.tm_mday + 1, MORNING_HOUR, 0, 0, 0, 0, -1)
    )
