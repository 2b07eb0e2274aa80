"""Patterns over paths and remotes: the look-ups find what comparing one by one would find."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.policy.globs import GlobIndex, PathGlobs

patterns = st.lists(st.text("aB*?[]/.", max_size=7), max_size=12)


@given(patterns, st.text("abAB/.]", max_size=9))
def test_the_index_finds_what_a_comparison_finds(given_patterns: list[str], text: str) -> None:
    expected = {p for p in given_patterns if fnmatchcase(text.lower(), p.lower())}
    assert GlobIndex(given_patterns).matching(text) == expected


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.tf", "main.tf", True),
        ("*.tf", "deep/er/main.tf", True),
        ("*.tf", "main.tfx", False),
        ("infra", "infra/run.sh", True),
        ("infra", "a/infra/run.sh", True),
        ("infra", "infrastructure/run.sh", False),
        ("infra/", "a/infra/run.sh", True),
        ("infra/*", "infra/a/b", True),
        ("infra/*", "a/infra/b", True),
        ("infra/*", "xinfra/b", False),
        ("/infra/*", "infra/b", True),
        ("**/secret/**", "secret/a", True),
        ("**/secret/**", "a/b/secret/a/c", True),
        ("src/*/keys.py", "src/a/b/keys.py", True),
        ("src\\keys.py", "a/src/keys.py", True),
        ("src/key?.py", "src/keys.py", True),
        ("src/[kK]eys.py", "SRC/KEYS.PY", True),
        ("*", "a", True),
        ("*/x", "/x", False),
    ],
)
def test_a_path_pattern_matches_below_any_folder(pattern: str, path: str, matches: bool) -> None:
    assert PathGlobs([pattern]).matching(path) == ({pattern} if matches else set())


def test_a_path_of_a_thousand_folders_is_matched_by_its_ends() -> None:
    path = "a/" * 1_000 + "main.tf"
    assert PathGlobs(["*.tf", "a/a/*", "z"]).matching(path) == {"*.tf", "a/a/*"}


def test_a_pattern_made_to_stall_is_answered() -> None:
    assert PathGlobs(["a*" * 200 + "?b"]).matching("a" * 2_000) == set()
