"""In which way the text after the cursor is told, and what a canary's answer shows."""

from __future__ import annotations

import pytest

from sidelight_client.domain.routing.fim import (
    Learned,
    Mode,
    Shown,
    best_way,
    canary,
    reading,
    template_of,
    unproven,
)

CODER = "Qwen/Qwen2.5-Coder-1.5B"


def knowing(**shown: Shown) -> Learned:
    return Learned({Mode(name): what for name, what in shown.items()})


@pytest.mark.parametrize(
    ("wanted", "model", "learned", "way"),
    [
        (Mode.SUFFIX, CODER, Learned(), Mode.SUFFIX),
        (Mode.SUFFIX, CODER, knowing(suffix=Shown.WORKS), Mode.SUFFIX),
        (Mode.SUFFIX, CODER, knowing(suffix=Shown.UNCLEAR), Mode.SUFFIX),
        (Mode.SUFFIX, CODER, knowing(suffix=Shown.FAILS), Mode.TEMPLATE),
        (Mode.SUFFIX, "gpt-9", knowing(suffix=Shown.FAILS), Mode.CHAT),
        (
            Mode.SUFFIX,
            CODER,
            knowing(suffix=Shown.FAILS, template=Shown.FAILS),
            Mode.CHAT,
        ),
        (Mode.SUFFIX, "gpt-9", knowing(suffix=Shown.FAILS, chat=Shown.FAILS), Mode.PREFIX),
        (Mode.INFILL, "gpt-9", Learned(), Mode.INFILL),
        (Mode.INFILL, "gpt-9", knowing(infill=Shown.FAILS), Mode.CHAT),
        (Mode.INFILL, CODER, knowing(infill=Shown.FAILS), Mode.TEMPLATE),
        (Mode.CHAT, CODER, knowing(suffix=Shown.WORKS), Mode.CHAT),
        (Mode.TEMPLATE, "gpt-9", Learned(), Mode.CHAT),
        (Mode.PREFIX, CODER, Learned(), Mode.PREFIX),
    ],
)
def test_the_best_way_that_is_not_known_to_fail_is_used(
    wanted: Mode, model: str, learned: Learned, way: Mode
) -> None:
    assert best_way(wanted, model, learned) is way


def test_only_ways_that_fail_without_a_word_are_proved_and_only_once() -> None:
    assert unproven(Mode.SUFFIX, Learned())
    assert unproven(Mode.TEMPLATE, knowing(suffix=Shown.FAILS))
    assert not unproven(Mode.SUFFIX, knowing(suffix=Shown.UNCLEAR))
    assert not unproven(Mode.INFILL, Learned())
    assert not unproven(Mode.CHAT, Learned())


def test_the_canary_can_be_answered_only_from_behind_the_cursor() -> None:
    window = canary()
    assert reading(window.suffix) is Shown.WORKS
    assert reading(window.prefix) is Shown.FAILS
    assert reading('red"\n') is Shown.FAILS
    assert reading(" \n") is Shown.UNCLEAR


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ("codellama/CodeLlama-7b-hf", "<PRE> P <SUF>S <MID>"),
        ("bigcode/starcoder2-3b", "<fim_prefix>P<fim_suffix>S<fim_middle>"),
        ("HuggingFaceTB/SmolLM2-135M", "<fim_prefix>P<fim_suffix>S<fim_middle>"),
        (CODER, "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"),
        ("qwen3-coder:30b", "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"),
        ("codestral-2508", "[SUFFIX]S[PREFIX]P"),
        ("google/codegemma-2b", "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"),
    ],
)
def test_a_model_family_is_known_by_its_name(model: str, prompt: str) -> None:
    template = template_of(model)
    assert template is not None
    assert template.filled("P", "S") == prompt


def test_deepseeks_bars_are_not_the_ones_on_a_keyboard() -> None:
    template = template_of("deepseek-ai/deepseek-coder-1.3b-base")
    assert template is not None
    assert "|" not in template.text
    assert len(template.tokens) == 4


def test_a_text_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    template = template_of(CODER)
    assert template is not None
    filled = template.filled("f'{suffix}'", "g")
    assert filled == "<|fim_prefix|>f'{suffix}'<|fim_suffix|>g<|fim_middle|>"


@pytest.mark.parametrize("model", ["gpt-4.1-mini", "", "llama-3.1-8b", "claude-x"])
def test_a_family_that_is_not_known_has_no_template(model: str) -> None:
    assert template_of(model) is None
