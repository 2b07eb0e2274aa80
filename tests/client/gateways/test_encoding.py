"""What is sent, and the way back from the gateway's offsets to the person's text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidelight_client.domain.completion import CompletionRequest
from sidelight_client.domain.failure import RuleHit
from sidelight_client.domain.place import Document, Position, Range
from sidelight_client.domain.window import Part, PartKind, Window, take
from sidelight_client.gateways.encoding import encode
from sidelight_client.gateways.profile import Mode

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
        ("suffix", "x\n", window.suffix),
    ):
        where = part if part in texts else "prefix"
        start = texts[where].rindex(wanted) if part == "suffix" else texts[where].index(wanted)
        (hit,) = encoded.located((RuleHit("r", where, start, start + len(wanted)),))
        assert hit.part == part
        assert inside[hit.start : hit.end] == wanted


def test_a_finding_outside_the_persons_text_is_left_out() -> None:
    encoded = encode(request(WITH_CONTEXT), "m", Mode.SUFFIX)
    outside = [
        RuleHit("r", "prefix", 0, 3),
        RuleHit("r", "prefix", 9, 99),
        RuleHit("r", "prefix", 20, 15),
    ]
    assert encoded.located(tuple(outside)) == ()
