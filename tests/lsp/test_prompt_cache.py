"""The cached-token ratio over typing traces, as `benchmarks/prompt_cache.py` measures it."""

from __future__ import annotations

import pytest

from benchmarks.prompt_cache import TARGET, Cache, Layout, measure


@pytest.mark.parametrize("lines", [300, 4_200])
@pytest.mark.parametrize("tabs", [0, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_most_of_a_prompt_is_what_the_provider_has_already(
    lines: int, tabs: int, seed: int
) -> None:
    result = measure(Layout.CHAT, lines, tabs, seed)
    assert result.requests > 50
    assert result.ratio >= TARGET


def test_requests_weigh_the_same_in_files_of_any_length() -> None:
    small, large = (measure(Layout.SUFFIX_LAST, lines, 3).prompt_bytes for lines in (300, 20_000))
    assert large / small <= 1.1


def test_the_cache_counts_whole_blocks_of_what_is_equal_from_the_beginning() -> None:
    cache = Cache()
    cache.ask(b"x" * 3_600)
    assert cache.ratio == 0.0
    cache.ask(b"x" * 3_600)
    assert cache.kept == 7 * 128
    cache.ask(b"y" + b"x" * 3_600)
    assert cache.kept == 7 * 128
