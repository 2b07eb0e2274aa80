"""Server-sent events over every splitting of their bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.gateways.sse import EventReader, EventTooLargeError


def read(*pieces: bytes, most: int = 1000) -> list[str]:
    reader = EventReader(most)
    told = [data for piece in pieces for data in reader.feed(piece)]
    return told + reader.end()


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data:a\r\n\r\n", ["a"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data: one\ndata: two\n\n", ["one\ntwo"]),
        (b": comment\nevent: x\nid: 1\nretry: 5\ndata: a\n\n", ["a"]),
        (b"event: ping\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"data: last without its blank line", ["last without its blank line"]),
        (b"data\n\n", [""]),
        (b"data: \xff\xfe\n\n", ["\ufffd\ufffd"]),
        (b"", []),
    ],
)
def test_events_are_read_as_the_standard_says(text: bytes, events: list[str]) -> None:
    assert read(text) == events


@given(
    st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 7),
)
def test_the_splitting_of_the_bytes_does_not_matter(
    texts: list[str], line_end: str, size: int
) -> None:
    raw = "".join(f"data: {text}{line_end}{line_end}" for text in texts).encode()
    pieces = [raw[i : i + size] for i in range(0, len(raw), size)]
    assert read(*pieces, most=10_000) == read(raw, most=10_000) == texts


@pytest.mark.parametrize(
    "pieces", [(b"data: " + b"x" * 2000,), tuple(b"data: 123456789\n" for _ in range(200))]
)
def test_an_event_that_never_ends_is_refused(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(EventTooLargeError):
        read(*pieces)


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_are_events_or_none(pieces: list[bytes]) -> None:
    assert all(isinstance(event, str) for event in read(*pieces, most=10_000))
