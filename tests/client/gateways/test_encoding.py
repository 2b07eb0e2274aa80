"""What is sent, and the way back from the gateway's offsets to the person's text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sidelight_client.domain.completion import CompletionRequest
from sidelight_client.domain.failure import RuleHit
from sidelight_client.domain.place import Document, Position, Range
from sidelight_client.domain.routing.fim import Mode
from sidelight_client.domain.window import Part, PartKind, Window, take
from sidelight_client.gateways.encoding import encode, unstreamed

URI = "file:///a.py"
WHERE = Range(Position(0, 0), Position(0, 0))


def request(window: Window, max_lines: int = 4) -> CompletionRequest:
    return CompletionRequest("0" * 31 + "1", Document(URI, "python"), window, max_lines=max_lines)


def body(window: Window, mode: Mode, model: str = "m", max_lines: int = 4) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(encode(request(window, max_lines), model, mode).body)
    return sent


SMALL = take(["x = 1\n", "y = x\n"], Position(1, 4), URI)
WITH_CONTEXT = Window((Part(PartKind.TAB, URI, WHERE, "# other file\n", "open"), *SMALL.parts))


def test_a_completion_carries_prefix_and_suffix_and_asks_for_usage() -> None:
    assert body(SMALL, Mode.SUFFIX) == {
        "model": "m",
        "prompt": "x = 1\ny = ",
        "suffix": "x\n",
        "max_tokens": 64,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_without_a_model_the_gateway_chooses_and_one_line_ends_at_its_end() -> None:
    sent = body(SMALL, Mode.PREFIX, model="", max_lines=1)
    assert "model" not in sent
    assert "suffix" not in sent
    assert sent["stop"] == ["\n"]


def test_context_comes_first_so_that_a_prompt_cache_can_keep_it() -> None:
    assert body(WITH_CONTEXT, Mode.SUFFIX)["prompt"] == "# other file\nx = 1\ny = "


def test_nothing_about_the_file_or_the_person_is_sent_besides_the_text() -> None:
    for mode in Mode:
        sent = encode(request(SMALL), "m", mode).body
        assert b"a.py" not in sent
        assert b'user":' not in sent.replace(b'"role":"user"', b"")


def test_half_a_surrogate_pair_is_sent_as_an_escape() -> None:
    window = take(["a = '\ud83d'\n"], Position(0, 6), URI)
    assert body(window, Mode.SUFFIX)["prompt"].startswith("a = '")


@pytest.mark.parametrize("mode", [Mode.SUFFIX, Mode.CHAT])
@pytest.mark.parametrize("window", [SMALL, WITH_CONTEXT])
def test_a_finding_in_what_was_sent_is_found_again_in_the_window(
    mode: Mode, window: Window
) -> None:
    encoded = encode(request(window), "m", mode)
    sent = json.loads(encoded.body)
    if mode is Mode.CHAT:
        texts = {"prefix": sent["messages"][-1]["content"]}
    else:
        texts = {"prefix": sent["prompt"], "suffix": sent["suffix"]}
    for part, wanted, inside in (
        ("prefix", "x = 1", window.prefix),
        ("suffix", "x", window.suffix),
    ):
        where = part if part in texts else "prefix"
        start = texts[where].rindex(wanted) if part == "suffix" else texts[where].index(wanted)
        (hit,) = encoded.located((RuleHit("r", where, start, start + len(wanted)),))
        assert hit.part == part
        assert inside[hit.start : hit.end] == wanted


def test_a_finding_outside_the_persons_text_is_left_out() -> None:
    encoded = encode(request(WITH_CONTEXT), "m", Mode.SUFFIX)
    outside = [
        RuleHit("r", "prefix", 9, 99),
        RuleHit("r", "prefix", 20, 15),
    ]
    assert encoded.located(tuple(outside)) == ()


@pytest.mark.parametrize("mode", [Mode.SUFFIX, Mode.CHAT])
def test_a_finding_in_context_leads_to_the_place_it_was_taken_from(mode: Mode) -> None:
    other = Range(Position(3, 0), Position(4, 0))
    third = Range(Position(7, 0), Position(7, 3))
    window = Window(
        (
            Part(PartKind.TAB, "file:///b.py", other, "k = '4111'\n", "similar"),
            Part(PartKind.TAB, "file:///c.py", third, "ssn", "similar"),
            *SMALL.parts,
        )
    )
    encoded = encode(request(window), "m", mode)
    sent = json.loads(encoded.body)
    text = sent["messages"][-1]["content"] if mode is Mode.CHAT else sent["prompt"]
    for wanted, uri, line in (("4111", "file:///b.py", 3), ("ssn", "file:///c.py", 7)):
        start = text.index(wanted)
        (hit,) = encoded.located((RuleHit("r", "prefix", start, start + len(wanted)),))
        place = window.locate(PartKind(hit.part), hit.start, hit.end)
        assert place is not None
        assert (place[0], place[1].start.line) == (uri, line)


def test_in_a_chat_only_the_end_of_the_message_changes_while_somebody_types() -> None:
    def message(line: str, rest: str) -> str:
        window = take(["a = 1\n", f"{line}{rest}\n", "b = 2\n"], Position(1, len(line)), URI)
        sent = body(window, Mode.CHAT)["messages"][-1]["content"]
        assert isinstance(sent, str)
        return sent

    assert message("", "") == "<below>\nb = 2\n</below><before>a = 1\n</before><after></after>"
    assert message("f(", ")").startswith("<below>\nb = 2\n</below><before>a = 1\nf(")


FAMILIES = (
    "qwen2.5-coder",
    "codellama-7b",
    "starcoder2",
    "deepseek-coder",
    "codestral",
    "codegemma",
)


@pytest.mark.parametrize("model", FAMILIES)
@pytest.mark.parametrize("window", [SMALL, WITH_CONTEXT])
def test_a_finding_between_a_familys_own_tokens_is_found_again(model: str, window: Window) -> None:
    encoded = encode(request(window), model, Mode.TEMPLATE)
    prompt = json.loads(encoded.body)["prompt"]
    assert len(prompt) > len(window.prefix) + len(window.suffix)
    for part, inside in (("prefix", window.prefix), ("suffix", window.suffix)):
        start = prompt.rindex(inside)
        hits = encoded.located((RuleHit("r", "prefix", start, start + len(inside)),))
        assert RuleHit("r", part, 0, len(inside)) in hits


@pytest.mark.parametrize("text", ["<|fim_middle|>", "x<|endoftext|>"])
def test_a_text_with_a_models_own_token_in_it_is_not_put_between_them(text: str) -> None:
    window = take([f"a = '{text}'\n"], Position(0, 3), URI)
    sent = body(window, Mode.TEMPLATE, "qwen2.5-coder")
    assert sent["prompt"] == "a ="


def test_a_model_of_no_known_family_is_told_what_stands_before() -> None:
    assert body(SMALL, Mode.TEMPLATE, "gpt-9") == body(SMALL, Mode.PREFIX, "gpt-9")


def test_no_more_stops_are_sent_than_openai_takes() -> None:
    sent = body(SMALL, Mode.TEMPLATE, "qwen2.5-coder", max_lines=1)
    assert sent["stop"][0] == "\n"
    assert len(sent["stop"]) == 4


def test_an_answer_in_one_piece_is_the_same_question() -> None:
    encoded = encode(request(SMALL), "m", Mode.SUFFIX)
    streamed, whole = json.loads(encoded.body), json.loads(unstreamed(encoded).body)
    assert whole == {k: v for k, v in streamed.items() if k != "stream_options"} | {"stream": False}


def test_alternatives_are_asked_for_by_n_and_at_a_temperature_that_makes_them_differ() -> None:
    asked = replace(request(SMALL), alternatives=3)
    several: dict[str, Any] = json.loads(encode(asked, "m", Mode.SUFFIX).body)
    assert several["n"] == 3
    assert several["temperature"] > 0
    assert "n" not in body(SMALL, Mode.SUFFIX)
