"""How much two pieces of source text have in common: the share of identifiers they share."""

from __future__ import annotations

import re
from zlib import crc32

Fingerprint = frozenset[int]
"""The identifiers of a text by their checksums: small, and nobody can read the code in it."""

LONGEST_TEXT = 8_000
"""Code points that are looked at; what lies behind them does not count."""
MOST_WORDS = 200

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,60}")
_COMMON = """
    and as async await bool break case catch class const continue def default delete elif else
    enum except export extends final finally for from func function if impl implements import in
    int interface is let match new nil none not null or package private protected public pub raise
    return self static str string struct super switch this throw true false try type use val var
    void while with yield None True False the that
"""
_EVERYWHERE = frozenset(_COMMON.split())
"""Words that say nothing of what a text is about."""


def fingerprint(text: str) -> Fingerprint:
    """What `text` is compared by."""
    found: set[int] = set()
    for match in _IDENTIFIER.finditer(text[:LONGEST_TEXT]):
        word = match[0]
        if word not in _EVERYWHERE:
            found.add(crc32(word.encode()))
            if len(found) == MOST_WORDS:
                break
    return frozenset(found)


def jaccard(one: Fingerprint, other: Fingerprint) -> float:
    """How many of all identifiers both have: 0 for nothing in common, 1 for the same ones."""
    if not one or not other:
        return 0.0
    common = len(one & other)
    return common / (len(one) + len(other) - common)
