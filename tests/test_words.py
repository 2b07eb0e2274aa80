"""The catalogue reads as one hand: titles are names, the rest are sentences, nothing is doubled."""

from __future__ import annotations

import re

import pytest

from sidelight_client.domain.answers.filters import FilterReason
from sidelight_client.domain.words.catalogue import CODES, facts_of, say, words

ONLY_A_FACT = re.compile(r"\{\w+\}")


@pytest.mark.parametrize("code", CODES)
def test_a_title_is_a_name_and_the_rest_are_sentences(code: str) -> None:
    entry = words(code)
    assert re.fullmatch(r"[A-Z].*[^.!?:;, ]", entry.title)
    for sentence in (entry.what, entry.means, entry.do):
        if not ONLY_A_FACT.fullmatch(sentence):
            assert re.match(r"[A-Z`{]", sentence)
            assert sentence.endswith((".", "?"))
        assert sentence == " ".join(sentence.split())


@pytest.mark.parametrize("code", CODES)
def test_a_sentence_can_be_said_without_knowing_a_single_fact(code: str) -> None:
    message = say(code)
    assert not re.search(r"[{}]", message.text + message.title)
    assert (len(facts_of(code)) > 0) == ("–" in message.text + message.title)


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_two_words_in_lower_case(code: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", code)


def test_every_reason_of_the_filters_has_its_sentence_and_no_other_has_one() -> None:
    told = {code.partition(".")[2] for code in CODES if code.startswith("filtered.")}
    assert told == {reason.value for reason in FilterReason}
