"""The wire: what goes in comes out, and what makes no sense is refused by name and never quoted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.answers.filters import FilterReason
from sidelight_client.domain.completion import (
    Blocked,
    Completed,
    CompletionRequest,
    Finding,
    Limited,
    Outcome,
    Source,
    SourceKind,
    Tier,
    TierReason,
    Timings,
    TokenUse,
    Trigger,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.health import CONDITIONS, Condition
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.pauses import LanguagePause
from sidelight_client.domain.place import Document, FileLine, Position, Range
from sidelight_client.domain.policy.data_use import DataUse
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.snapshot import (
    CountsView,
    DecisionView,
    EditorView,
    EndpointView,
    GatewayView,
    SessionView,
    Snapshot,
)
from sidelight_client.domain.spending.budget import Budget, Purse, Scope, Unit
from sidelight_client.domain.window import Cut, CutReason, Part, PartKind, Window
from sidelight_client.domain.window.trims import Trim
from sidelight_client.link.frames import FrameBuffer
from sidelight_client.link.greeting import (
    FRAME_LIMIT,
    environment_differences,
    environment_fingerprints,
    is_newer,
)
from sidelight_client.link.wire import (
    AttachInfo,
    Hello,
    Request,
    WireError,
    decode,
    delta,
    encode,
    outcome_from_json,
    outcome_to_json,
    request_from_json,
    request_to_json,
    snapshot_from_json,
    snapshot_to_json,
)
from support.fake_broker import empty_snapshot

NOW = 1_700_000_000.0

# Lone surrogates included: a file may hold them, and JSON's escapes carry them.
words = st.text(st.characters(exclude_categories=()), max_size=20)
trace_ids = st.text("0123456789abcdef", min_size=32, max_size=32)
moments = st.floats(0, 1e10, allow_nan=False)
durations = st.integers(0, 10**10).map(lambda microseconds: microseconds / 1e6)
counts = st.integers(0, 10**6)
positions = st.builds(Position, counts, counts)
ranges = st.builds(Range, positions, positions)


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


def several(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(values, max_size=3).map(tuple)


requests = st.builds(
    CompletionRequest,
    trace_id=trace_ids,
    document=st.builds(Document, words, words, maybe(words)),
    window=st.builds(
        Window,
        several(st.builds(Part, st.sampled_from(PartKind), words, ranges, words, words)),
        several(st.builds(Cut, words, counts, st.sampled_from(CutReason), maybe(ranges))),
    ),
    tier=st.sampled_from(Tier),
    trigger=st.sampled_from(Trigger),
    max_tokens=st.integers(1, 4096),
    max_lines=st.integers(1, 50),
    client=words,
    tier_reasons=several(st.sampled_from(TierReason)),
)

outcomes: dict[type, st.SearchStrategy[Outcome]] = {
    Completed: st.builds(
        Completed,
        trace_ids,
        several(words),
        st.builds(Source, st.sampled_from(SourceKind), words),
        st.sampled_from(Tier),
        st.builds(Timings, durations, durations, maybe(durations), durations),
        st.builds(TokenUse, maybe(counts), maybe(counts), maybe(counts)),
        words,
        several(words),
        maybe(st.sampled_from(FilterReason)),
        several(st.sampled_from(TierReason)),
    ),
    Blocked: st.builds(
        Blocked,
        trace_ids,
        words,
        words,
        words,
        several(st.builds(Finding, words, words, ranges, words)),
        words,
        words,
        st.booleans(),
    ),
    Limited: st.builds(
        Limited,
        trace_ids,
        st.sampled_from(Scope),
        words,
        maybe(counts | moments),
        maybe(counts | moments),
        maybe(moments),
    ),
    Unavailable: st.builds(
        Unavailable,
        trace_ids,
        st.sampled_from(UnavailableReason),
        maybe(moments),
        maybe(st.integers(100, 599)),
    ),
    Unauthorized: st.builds(Unauthorized, trace_ids, st.sampled_from(UnauthorizedReason), words),
}

snapshots = st.builds(
    Snapshot,
    seq=counts,
    as_of=moments,
    version=words,
    session=st.builds(
        SessionView,
        st.sampled_from(Phase),
        words,
        maybe(moments),
        maybe(moments),
        maybe(moments),
        words,
        words,
    ),
    gateway=st.builds(
        GatewayView,
        words,
        words,
        words,
        st.booleans(),
        st.sampled_from(BreakerState),
        maybe(moments),
        maybe(durations),
        maybe(durations),
        counts,
        takes_messages=maybe(st.booleans()),
        hears_of_limits=maybe(st.booleans()),
    ),
    budget=st.builds(
        Budget,
        several(
            st.builds(
                Purse,
                st.sampled_from(Scope),
                st.sampled_from(Unit),
                moments,
                durations,
                st.booleans(),
                maybe(moments),
                maybe(moments),
                words,
                maybe(moments),
            )
        ),
    ),
    conditions=several(
        st.builds(
            Condition,
            st.sampled_from(sorted(CONDITIONS)),
            moments,
            maybe(moments),
            st.dictionaries(words, words | counts | moments, max_size=3),
        )
    ),
    editors=several(st.builds(EditorView, counts, words, moments)),
    decisions=several(
        st.builds(
            DecisionView,
            words,
            moments,
            words,
            words,
            words,
            words,
            durations,
            maybe(counts),
            maybe(counts),
            maybe(counts),
            words,
            trim=maybe(st.builds(Trim, counts, counts, st.sampled_from(CutReason))),
            place=maybe(st.builds(FileLine, words, st.integers(1, 10**6))),
            form_url=words,
        )
    ),
    data_use=maybe(st.builds(DataUse, words, maybe(durations), st.none() | st.booleans(), words)),
    counts=st.builds(CountsView, counts, counts, counts),
    paused_until=maybe(moments),
    languages_off=several(words),
    languages_paused=several(st.builds(LanguagePause, words, moments)),
    muted_until=maybe(moments),
)


def through(data: dict[str, object]) -> dict[str, object]:
    """Over the wire, with a field of a newer version in it."""
    return decode(encode({**data, "of_a_newer_version": {"x": [1]}}).rstrip(b"\n"))


@given(requests)
def test_a_request_arrives_as_it_was_sent(request: CompletionRequest) -> None:
    assert request_from_json(through(request_to_json(request))) == request


@pytest.mark.parametrize("kind", outcomes)
@given(data=st.data())
def test_every_outcome_arrives_as_it_was_sent(kind: type, data: st.DataObject) -> None:
    outcome = data.draw(outcomes[kind])
    assert outcome_from_json(through(outcome_to_json(outcome))) == outcome


@given(snapshots, moments)
def test_a_snapshot_arrives_as_it_was_with_ended_windows_empty(
    snapshot: Snapshot, now: float
) -> None:
    arrived = snapshot_from_json(through(snapshot_to_json(snapshot, now)))
    assert arrived == replace(snapshot, budget=snapshot.budget.at(now))
    assert arrived.state(now) == snapshot.state(now)


@given(snapshots, snapshots, moments)
def test_a_delta_makes_the_old_snapshot_the_new_one(
    before: Snapshot, after: Snapshot, now: float
) -> None:
    old, new = snapshot_to_json(before, now), snapshot_to_json(after, now)
    news = delta(old, new, frozenset())
    if news:
        assert {**old, **news} == {**new, "version": new["version"]}
    else:
        assert {**old, "seq": 0, "as_of": 0} == {**new, "seq": 0, "as_of": 0}


def test_a_delta_tells_only_the_keys_that_were_asked_for() -> None:
    before = empty_snapshot()
    after = replace(before, seq=2, paused_until=NOW + 60, languages_off=("markdown",))
    old, new = snapshot_to_json(before, NOW), snapshot_to_json(after, NOW)
    assert delta(old, new, frozenset({"languages_off"})) == {
        "languages_off": ["markdown"],
        "seq": 2,
        "as_of": before.as_of,
        "state": "paused",
    }


def test_a_script_reads_state_limits_and_conditions_in_plain_words() -> None:
    snapshot = replace(
        empty_snapshot(),
        budget=Budget(
            (Purse(Scope.USER, Unit.REQUESTS, 120, 3600.0, used=100, resets_at=NOW + 9),)
        ),
        conditions=(
            Condition("gateway.unreachable", NOW - 60, NOW + 30, {"name": "Acme"}),
            Condition("network.offline", NOW - 1),
        ),
        gateway=GatewayView(name="Acme", p50_s=0.1234),
    )
    told = snapshot_to_json(snapshot, NOW)
    assert told["state"] == "offline"
    assert told["limits"][0] == {
        "scope": "user",
        "unit": "requests",
        "limit": 120,
        "used": 100,
        "remaining": 20,
        "window_ms": 3_600_000,
        "resets_at": NOW + 9,
        "hard": True,
        "source": "ledger",
        "as_of": None,
    }
    assert told["conditions"] == []  # The root cause is too young, and silences the consequence.
    assert [held["code"] for held in told["held"]] == ["gateway.unreachable", "network.offline"]
    assert told["gateway"]["p50_ms"] == 123.4
    assert told["gateway"]["p95_ms"] is None
    later = snapshot_to_json(snapshot, NOW + 10)["conditions"]
    assert [(c["code"], c["title"], c["severity"]) for c in later] == [
        ("network.offline", "Offline", "warning")
    ]
    assert "Nothing to do" in later[0]["do"]


def test_an_unknown_number_is_null_and_never_zero() -> None:
    snapshot = replace(
        empty_snapshot(), budget=Budget((Purse(Scope.TEAM, Unit.REQUESTS, 800, 3600.0),))
    )
    limit = snapshot_to_json(snapshot, NOW)["limits"][0]
    assert (limit["used"], limit["remaining"]) == (None, None)


def test_a_condition_of_a_newer_broker_is_left_out() -> None:
    data = snapshot_to_json(empty_snapshot(), NOW)
    data["held"] = [{"code": "from.the.future", "since": 1, "retry_at": None, "facts": {}}]
    assert snapshot_from_json(data).conditions == ()


def test_no_token_field_exists_in_a_snapshot() -> None:
    told = json.dumps(snapshot_to_json(empty_snapshot(), NOW))
    assert "access_token" not in told
    assert "refresh_token" not in told


REQUEST = request_to_json(
    CompletionRequest("a" * 32, Document("file:///x.py", "python"), Window(()))
)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"trace_id": "A" * 32}, "trace_id"),
        ({"trace_id": "a" * 31}, "trace_id"),
        ({"trace_id": None}, "trace_id"),
        ({"tier": "gigantic"}, "tier"),
        ({"tier": ["fast"]}, "tier"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": 1 << 60}, "max_tokens"),
        ({"window": None}, "window"),
        ({"window": {"parts": {}, "cuts": []}}, "parts"),
        ({"window": {"parts": [1], "cuts": []}}, "parts"),
        ({"window": {"parts": [{"kind": "prefix"}], "cuts": []}}, "uri"),
        ({"window": {"parts": [None] * 10_001, "cuts": []}}, "at most"),
        ({"document": {"uri": 1}}, "uri"),
        ({"client": 5}, "client"),
    ],
)
def test_an_absurd_request_is_refused_by_the_name_of_its_field(
    change: dict[str, object], names: str
) -> None:
    with pytest.raises(WireError, match=names) as refused:
        request_from_json({**REQUEST, **change})
    assert refused.value.code == "wire.malformed"


@pytest.mark.parametrize("missing", sorted(set(REQUEST) - {"client", "tier_reasons"}))
def test_a_missing_field_is_refused(missing: str) -> None:
    with pytest.raises(WireError) as refused:
        request_from_json({k: v for k, v in REQUEST.items() if k != missing})
    assert refused.value.code == "wire.malformed"


def refusal(read: Callable[[Any], object], given: object) -> str | None:
    """The code `given` is refused with, or None; any other exception is a failure."""
    try:
        read(given)
    except WireError as refused:
        return refused.code
    return None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    data = value if isinstance(value, dict) else {"outcome": value, "trace_id": "a" * 32}
    for read in (
        outcome_from_json,
        request_from_json,
        snapshot_from_json,
        Request.from_json,
        Hello.from_json,
        AttachInfo.from_json,
    ):
        assert refusal(read, data) in {None, "wire.malformed"}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_are_refused(line: bytes) -> None:
    assert refusal(decode, line) in {None, "wire.malformed"}


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"null",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
        "{}".encode("utf-16"),
    ],
)
def test_what_is_no_json_object_is_refused_and_not_quoted(line: bytes) -> None:
    with pytest.raises(WireError) as refused:
        decode(line)
    assert refused.value.code == "wire.malformed"
    assert len(str(refused.value)) < 300


def test_text_nobody_may_see_is_not_in_the_refusal() -> None:
    with pytest.raises(WireError) as refused:
        request_from_json({**REQUEST, "tier": "my-secret-code"})
    assert "my-secret-code" not in str(refused.value)


@given(st.lists(st.binary(max_size=50).filter(lambda b: b.strip() and b"\n" not in b)), st.data())
def test_lines_are_found_however_the_stream_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    buffer, found = FrameBuffer(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += buffer.feed(stream[:cut])
        stream = stream[cut:]
    assert found == lines
    assert not buffer.partial


def test_a_line_without_end_is_refused_at_the_cap() -> None:
    buffer = FrameBuffer()
    for _ in range(15):
        assert buffer.feed(b"x" * 65536) == []
    with pytest.raises(WireError) as refused:
        buffer.feed(b"x" * 65536)
    assert refused.value.code == "wire.oversized"


def test_a_message_longer_than_the_cap_is_not_sent() -> None:
    with pytest.raises(WireError) as refused:
        encode({"text": "x" * FRAME_LIMIT})
    assert refused.value.code == "wire.oversized"


@pytest.mark.parametrize(
    ("version", "other", "newer"),
    [
        ("0.1.1", "0.1.0", True),
        ("0.10.0", "0.9.9", True),
        ("1.0", "1.0.0", False),
        ("1.0.0", "1.0", False),
        ("0.1.0", "0.1.0", False),
        ("0.1.0.dev2+g1a", "0.1.0", False),
        ("0.1.0", "0.2.0", False),
        ("", "0.1.0", False),
        ("junk", "0.1.0", False),
        ("0.1.0", "junk", True),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, other: str, newer: bool) -> None:
    assert is_newer(version, other) is newer


def test_an_environment_travels_as_fingerprints() -> None:
    ours = environment_fingerprints({"HTTPS_PROXY": "http://ada:pass@proxy:1", "PATH": "/bin"})
    theirs = environment_fingerprints({"HTTPS_PROXY": "http://proxy:1", "SSL_CERT_FILE": "/x"})
    assert list(ours) == ["HTTPS_PROXY"]
    assert "pass" not in json.dumps(ours)
    assert environment_differences(ours, theirs) == ("HTTPS_PROXY", "SSL_CERT_FILE")
    assert environment_differences(ours, ours) == ()


def test_each_address_of_a_gateway_travels_and_an_older_broker_tells_of_none() -> None:
    zones = (
        EndpointView("https://a.example", BreakerState.OPEN, NOW + 9, ("fast", "heavy")),
        EndpointView("https://b.example"),
    )
    snapshot = replace(
        empty_snapshot(),
        gateway=GatewayView(name="Acme", endpoints=zones),
        counts=CountsView(9, 8, 7, 6, 5),
    )
    told = snapshot_to_json(snapshot, NOW)
    assert snapshot_from_json(through(told)) == snapshot
    del told["gateway"]["endpoints"], told["counts"]["resent"], told["counts"]["canaries"]
    del told["gateway"]["takes_messages"]
    older = snapshot_from_json(told)
    assert older.gateway.takes_messages is None
    assert older.gateway.endpoints == ()
    assert (older.counts.requests, older.counts.resent) == (9, 0)
