"""The connection to the broker: snapshots, floods, nonsense, and coming back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from sidelight_tray.heard.view import View
from support.tray_door import HeldDoor
from support.tray_samples import snapshot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

Until = Callable[..., None]


@pytest.fixture
def door() -> Iterator[HeldDoor]:
    held = HeldDoor()
    yield held
    held.close()


class Listener:
    """A link with what it told."""

    def __init__(self, door: HeldDoor) -> None:
        from sidelight_tray.heard.link import Link

        self.link = Link(door)
        self.heard: list[View] = []
        self.lost: list[Any] = []
        self.link.heard.connect(self.heard.append)
        self.link.lost.connect(self.lost.append)
        self.link.open(start=True)


@pytest.fixture
def listener(door: HeldDoor, until: Until) -> Iterator[Listener]:
    made = Listener(door)
    until(lambda: made.link.connected)
    assert [one["method"] for one in door.asked()] == ["watch"]
    yield made
    made.link.close()


def test_a_snapshot_and_what_changed_since_become_one_view(
    door: HeldDoor, listener: Listener, until: Until
) -> None:
    door.send_snapshot(snapshot())
    until(lambda: listener.heard)
    door.send({"event": "delta", "data": {"seq": 8, "as_of": 9.0, "state": "paused"}})
    until(lambda: len(listener.heard) == 2)
    assert (listener.heard[-1].seq, listener.heard[-1].state) == (8, "paused")
    assert listener.heard[-1].account == "maya.chen"


def test_a_thousand_snapshots_a_second_become_a_few_dozen_and_the_last_one_counts(
    door: HeldDoor, listener: Listener, until: Until
) -> None:
    messages = [{"event": "snapshot", "data": snapshot(seq=number)} for number in range(1_000)]
    flood = threading.Thread(target=door.send, args=messages)
    flood.start()
    until(lambda: listener.heard and listener.heard[-1].seq == 999)
    flood.join()
    print(f"1,000 snapshots were told in {len(listener.heard)}")
    assert len(listener.heard) < 200


def test_ten_megabytes_without_an_end_are_refused_and_the_next_connection_works(
    door: HeldDoor, listener: Listener, until: Until
) -> None:
    held = door.ends[-1]
    held.setblocking(False)
    piece, sent = b"x" * 65_536, 0

    def pour() -> bool:
        nonlocal sent
        try:
            while sent < 10_000_000:
                sent += held.send(piece)
        except BlockingIOError:
            pass
        except OSError:
            return True
        return bool(listener.lost)

    until(pour)
    assert sent < 4_000_000
    until(lambda: listener.link.connected and len(door.ends) == 2)
    door.send_snapshot(snapshot())
    until(lambda: listener.heard)


@pytest.mark.parametrize(
    "nonsense", [b"not json\n", b"[1, 2]\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"]
)
def test_what_is_no_message_ends_the_connection_and_not_the_tray(
    door: HeldDoor, listener: Listener, until: Until, nonsense: bytes
) -> None:
    door.ends[-1].sendall(nonsense)
    until(lambda: listener.lost)
    until(lambda: len(door.ends) == 2 and listener.link.connected)


@pytest.mark.parametrize(
    "odd",
    [
        {"event": "weather", "data": {}},
        {"event": "delta", "data": {"seq": 3}},
        {"event": "snapshot", "data": [1]},
        {"event": 7},
        {"id": 999, "result": {}},
        {"id": "text", "result": {}},
        {},
    ],
)
def test_a_message_that_fits_nothing_is_passed_over(
    door: HeldDoor, listener: Listener, until: Until, odd: dict[str, Any]
) -> None:
    door.send(odd)
    door.send_snapshot(snapshot())
    until(lambda: listener.heard)
    assert listener.lost == []


def test_a_lost_broker_is_told_at_once_and_looked_for_again(
    door: HeldDoor, listener: Listener, until: Until
) -> None:
    door.ends[-1].close()
    until(lambda: listener.lost)
    assert not listener.link.connected
    until(lambda: listener.link.connected)
    assert door.attempts == 2


def test_the_pauses_between_attempts_double_and_start_anew_after_a_snapshot(
    door: HeldDoor, until: Until
) -> None:
    from sidelight_tray.heard.link import FIRST_PAUSE_MS, LONGEST_PAUSE_MS

    door.closed = True
    made = Listener(door)
    try:
        waits = []
        for attempt in range(1, 10):
            until(lambda: len(made.lost) == attempt)  # noqa: B023 - used within the turn
            waits.append(made.link._again.interval())
            made.link.open(start=True)
        assert waits[:4] == [FIRST_PAUSE_MS * 2**n for n in range(4)]
        assert waits[-1] == LONGEST_PAUSE_MS
        assert made.lost[-1].code == "broker.unreachable"
        door.closed = False
        until(lambda: made.link.connected or made.link.open(start=True))
        door.send_snapshot(snapshot())
        until(lambda: made.heard)
        door.ends[-1].close()
        until(lambda: not made.link.connected)
        assert made.link._again.interval() == FIRST_PAUSE_MS
    finally:
        made.link.close()


def test_no_timer_runs_while_it_is_connected_and_nothing_comes(
    door: HeldDoor, listener: Listener, until: Until
) -> None:
    door.send_snapshot(snapshot())
    until(lambda: listener.heard)
    until(lambda: not listener.link._rest.isActive())
    assert not listener.link._again.isActive()


def test_a_wish_gets_its_own_answer(
    door: HeldDoor, listener: Listener, until: Until, qt: QApplication
) -> None:
    answers: list[Any] = []
    assert listener.link.ask("pause", {"until": None}, answers.append)
    qt.processEvents()
    (asked,) = door.asked()
    assert (asked["method"], asked["params"]) == ("pause", {"until": None})
    door.send({"id": asked["id"], "result": {}})
    until(lambda: answers)


def test_wishes_that_nobody_answers_are_bounded(listener: Listener) -> None:
    from sidelight_tray.heard.link import WISHES_LIMIT

    taken = [listener.link.ask("usage", {}, print) for _ in range(WISHES_LIMIT + 5)]
    assert taken.count(True) == WISHES_LIMIT


def test_a_broker_that_comes_and_goes_a_hundred_times_does_no_harm(
    door: HeldDoor, listener: Listener, until: Until
) -> None:
    for round_ in range(1, 101):
        door.send_snapshot(snapshot(seq=round_))
        until(lambda: listener.heard and listener.heard[-1].seq == round_)  # noqa: B023
        door.ends[-1].close()
        until(lambda: len(listener.lost) == round_)  # noqa: B023
        listener.link.open(start=True)
        until(lambda: listener.link.connected)
    assert door.attempts == 101


def has_hung_up(door: HeldDoor) -> bool:
    try:
        return door.ends[-1].recv(1) == b""
    except BlockingIOError:
        return False


def test_closing_while_the_broker_is_being_reached_leaves_nothing_behind(
    door: HeldDoor, until: Until
) -> None:
    door.may_go.clear()
    made = Listener(door)
    made.link.close()
    door.may_go.set()
    until(lambda: door.ends)
    door.ends[-1].setblocking(False)
    until(lambda: has_hung_up(door))
    assert made.heard == []
    assert json.dumps(made.lost) == "[]"
