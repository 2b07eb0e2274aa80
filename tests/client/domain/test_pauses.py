"""What is paused: everything, one language, notifications; each ends by itself and none ends another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.pauses_file import as_json, pauses_of
from sidelight_client.domain.pauses import (
    LANGUAGES_LIMIT,
    LONGEST_MUTE_S,
    LanguagePause,
    Pauses,
    is_language,
    mute,
    pause,
    until_tomorrow,
)

NOW = 1_795_250_000.0
PYTHON = LanguagePause("python", NOW + 60)


def test_each_pause_ends_at_its_own_moment() -> None:
    paused = Pauses(NOW + 10, (PYTHON, LanguagePause("go", NOW + 20)), NOW + 30)
    assert paused.at(NOW) == paused
    assert paused.at(NOW + 10) == replace(paused, everything_until=None)
    assert paused.at(NOW + 30) == Pauses(None, (PYTHON,), None)
    assert paused.at(NOW + 60) == Pauses()


def test_one_language_is_paused_anew_and_goes_on_without_the_others() -> None:
    paused = pause(pause(Pauses(), NOW + 60, "python"), NOW + 60, "go")
    again = pause(paused, NOW + 99, "python")
    assert again.language_until("python") == NOW + 99
    assert again.language_until("go") == NOW + 60
    assert pause(again, None, "python").language_until("python") is None
    assert pause(again, None).languages == again.languages
    assert pause(again, NOW + 5).everything_until == NOW + 5


def test_more_languages_than_anybody_writes_are_forgotten_from_the_oldest_on() -> None:
    paused = Pauses()
    for number in range(LANGUAGES_LIMIT + 5):
        paused = pause(paused, NOW + 60, f"language{number}")
    assert len(paused.languages) == LANGUAGES_LIMIT
    assert paused.language_until("language0") is None


def test_muting_until_tomorrow_always_fits_and_a_clock_set_back_ends_it() -> None:
    for hour in range(48):
        at = NOW + hour * 3_600
        assert until_tomorrow(at) - at < LONGEST_MUTE_S
        assert mute(Pauses(), until_tomorrow(at), at).muted_until == until_tomorrow(at)
    muted = mute(Pauses(), NOW + 3_600, NOW)
    assert muted.at(NOW - 10 * 86_400).muted_until is None


@pytest.mark.parametrize("name", ["python", "c++", "objective-c", "vue-html", "x" * 64, "عربي"])
def test_an_editors_identifier_is_a_language(name: str) -> None:
    assert is_language(name)


@pytest.mark.parametrize("name", ["", "x" * 65, "two words", "a\nb", "a\u202eb"])
def test_what_could_turn_a_line_round_is_none(name: str) -> None:
    assert not is_language(name)


moments = st.floats(min_value=1, max_value=4e9)
names = st.text(min_size=1, max_size=20).filter(is_language)


@given(
    st.builds(
        Pauses,
        st.none() | moments,
        st.dictionaries(names, moments, max_size=5).map(
            lambda found: tuple(LanguagePause(name, until) for name, until in found.items())
        ),
        st.none() | moments,
    )
)
def test_what_is_kept_is_read_again(paused: Pauses) -> None:
    assert pauses_of(as_json(paused)) == paused


@given(st.binary(max_size=60))
def test_a_damaged_file_pauses_nothing_and_breaks_nothing(content: bytes) -> None:
    assert isinstance(pauses_of(content), Pauses)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 50_000,
        b"[]",
        b'{"everything_until": true, "muted_until": 1e999, "languages": [1]}',
        b'{"everything_until": -1, "languages": {"": 5, "a b": 5, "python": "x", "go": null}}',
        b'{"everything_until": 1' + b"0" * 400 + b"}",
    ],
)
def test_what_makes_no_sense_is_passed_over(content: bytes) -> None:
    assert pauses_of(content) == Pauses()
