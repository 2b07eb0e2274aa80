"""Framing: whole frames whatever the splits, and garbage that does not hide the frame behind it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_lsp.wire.framing import (
    MAX_BODY,
    MAX_GARBAGE,
    MAX_HEADER,
    FrameParser,
    FramingError,
    Garbage,
    content_length,
    frame,
)

bodies = st.lists(st.binary(max_size=200), max_size=6)


def bodies_of(found: list[bytes | Garbage]) -> list[bytes]:
    return [one for one in found if isinstance(one, bytes)]


def feed_in_pieces(data: bytes, cuts: list[int]) -> list[bytes | Garbage]:
    parser = FrameParser()
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    found: list[bytes | Garbage] = []
    for start, end in itertools.pairwise(places):
        found += parser.feed(data[start:end])
    return found


@given(sent=bodies, cuts=st.lists(st.integers(0, 10_000), max_size=20))
def test_frames_arrive_whole_and_in_order_however_they_are_cut(
    sent: list[bytes], cuts: list[int]
) -> None:
    assert feed_in_pieces(b"".join(map(frame, sent)), cuts) == sent


@given(
    garbage=st.binary(min_size=1, max_size=100).filter(lambda b: b"Content-Length" not in b),
    sent=st.binary(max_size=50),
    cuts=st.lists(st.integers(0, 10_000), max_size=10),
)
def test_the_frame_after_garbage_is_found(garbage: bytes, sent: bytes, cuts: list[int]) -> None:
    found = feed_in_pieces(garbage + frame(sent) + frame(b"next"), cuts)
    assert bodies_of(found) == [sent, b"next"]
    skipped = [one for one in found if isinstance(one, Garbage)]
    assert bool(skipped) == bool(garbage.strip(b"\r\n"))


@given(data=st.binary(max_size=500), cuts=st.lists(st.integers(0, 500), max_size=10))
def test_no_bytes_whatever_break_the_parser(data: bytes, cuts: list[int]) -> None:
    feed_in_pieces(data, cuts)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        (b"Content-Length: 5", 5),
        (b"content-length:5", 5),
        (b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 5", 5),
        (b"Content-Length: 5\r\nContent-Length: 5", 5),
        (b"Content-Length: 5\r\nContent-Length: 6", None),
        (b"Content-Length: -5", None),
        (b"Content-Length: +5", None),
        (b"Content-Length: 5 5", None),
        (b"Content-Length: \xd9\xa3", None),
        (b"Content-Length: 9999999999999", None),
        (b"Content-Length:", None),
        (b"Content-Length 5", None),
        (b"Content-Type: x", None),
        (b"hello Content-Length: 5", None),
        (b"", None),
    ],
)
def test_a_length_is_taken_from_a_valid_header_only(header: bytes, length: int | None) -> None:
    assert content_length(header) == length


def test_a_body_that_is_too_large_ends_it() -> None:
    with pytest.raises(FramingError, match="64 MiB"):
        FrameParser().feed(b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1))


def test_a_header_that_never_ends_is_skipped() -> None:
    parser = FrameParser()
    assert parser.feed(b"X-Long: " + b"x" * MAX_HEADER) == []
    garbage, body = parser.feed(frame(b"{}"))
    assert isinstance(garbage, Garbage)
    assert body == b"{}"


def test_endless_garbage_ends_it_and_is_not_collected() -> None:
    parser = FrameParser()
    for _ in range(MAX_GARBAGE // 1000 - 100):
        parser.feed(b"x" * 1000)
    with pytest.raises(FramingError, match="no message"):
        parser.feed(b"x" * 200_000)


def test_what_has_begun_and_not_ended_is_known() -> None:
    parser = FrameParser()
    known = []
    for piece in (b"", b"Content-Le", b"ngth: 2\r\n\r\n{", b"}"):
        parser.feed(piece)
        known.append(parser.incomplete)
    assert known == [False, True, True, False]
