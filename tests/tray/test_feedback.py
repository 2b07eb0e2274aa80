"""A reason in a person's own words: asked for, sent with what it is about, and its fate told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sidelight_tray.face.acts import Act, Action
from support.tray_door import HeldDoor, surroundings
from support.tray_samples import NOW, snapshot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from sidelight_tray.tray import Tray
    from sidelight_tray.windows.ask_window import AskWindow
    from sidelight_tray.windows.text_window import TextWindow

Until = Callable[..., None]
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def door() -> Iterator[HeldDoor]:
    made = HeldDoor()
    yield made
    made.close()


@pytest.fixture
def tray(qt: QApplication, private_home: Path, door: HeldDoor, until: Until) -> Iterator[Tray]:
    from sidelight_tray.tray import Tray

    made = Tray(surroundings(door, private_home), lambda: None, lambda: NOW)
    made.begin()
    until(lambda: door.ends)
    door.send_snapshot(snapshot())
    until(lambda: made.heard.connected)
    yield made
    made.end()


def write(tray: Tray, reason: str) -> None:
    window: AskWindow = tray.windows._texts[-1]  # type: ignore[assignment]
    window.reason.setPlainText("  \n")
    assert not window.send.isEnabled()
    window.reason.setPlainText(reason)
    window.send.click()


def sent(door: HeldDoor, until: Until) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def heard() -> bool:
        found.extend(one for one in door.asked() if one["method"] == "feedback")
        return bool(found)

    until(heard)
    return found[0]


def told(tray: Tray, until: Until, title: str) -> None:
    until(lambda: any(window.windowTitle() == title for window in tray.windows._texts))
    window: TextWindow = tray.windows._texts[-1]  # type: ignore[assignment]
    assert window.windowTitle() == title


def test_an_exception_is_asked_with_rule_trace_and_words_and_nothing_else(
    tray: Tray, door: HeldDoor, until: Until
) -> None:
    tray.wishes.perform(Action(Act.REQUEST_EXCEPTION, "", f"card_number {TRACE}"))
    write(tray, " a made-up card ")
    message = sent(door, until)
    assert message["params"] == {
        "subject": "exception",
        "rule": "card_number",
        "trace_id": TRACE,
        "reason": "a made-up card",
    }
    said = {"code": "feedback.sent", "title": "Sent to your organisation", "text": "It was taken."}
    door.send({"id": message["id"], "result": {"result": "sent", "message": said}})
    told(tray, until, "Sent to your organisation")


def test_where_the_gateway_takes_none_the_organisations_form_opens(
    tray: Tray, door: HeldDoor, until: Until
) -> None:
    opened: list[str] = []
    tray.wishes.open_address = lambda url: opened.append(url.toString()) is None
    tray.wishes.perform(Action(Act.GIVE_REASON, ""))
    write(tray, "release week")
    message = sent(door, until)
    assert message["params"] == {"subject": "soft_limit", "reason": "release week"}
    form = "https://forms.example.com/ask?" + "x" * 600
    answer = {"result": "no_endpoint", "form_url": form, "message": {}}
    door.send({"id": message["id"], "result": answer})
    until(lambda: opened == [form])


def test_a_rules_own_form_opens_where_the_gateway_takes_no_messages(
    tray: Tray, door: HeldDoor, until: Until
) -> None:
    opened: list[str] = []
    tray.wishes.open_address = lambda url: opened.append(url.toString()) is None
    form = f"https://forms.example.com/ask?rule=card_number&trace_id={TRACE}"
    tray.wishes.perform(Action(Act.REQUEST_EXCEPTION, "", f"card_number {TRACE} {form}"))
    write(tray, "a made-up card")
    message = sent(door, until)
    assert message["params"]["form_url"] == form
    door.send({"id": message["id"], "result": {"result": "no_endpoint", "form_url": form}})
    until(lambda: opened == [form])


def test_more_of_a_limit_is_asked_in_ones_own_words(
    tray: Tray, door: HeldDoor, until: Until
) -> None:
    tray.wishes.perform(Action(Act.ASK_FOR_MORE, "", "team:requests"))
    write(tray, "the release is due today")
    assert sent(door, until)["params"] == {
        "subject": "limit_reached",
        "rule": "team:requests",
        "reason": "the release is due today",
    }


@pytest.mark.parametrize("answer", [{"error": {"code": "wire.malformed"}}, {"result": {}}])
def test_a_broker_that_does_not_take_it_is_never_reported_as_sent(
    tray: Tray, door: HeldDoor, until: Until, answer: dict[str, Any]
) -> None:
    tray.wishes.perform(Action(Act.GIVE_REASON, ""))
    write(tray, "release week")
    door.send({"id": sent(door, until)["id"], **answer})
    told(tray, until, "Not sent")


def test_without_a_broker_it_says_that_nobody_has_got_it(
    tray: Tray, door: HeldDoor, until: Until
) -> None:
    tray.wishes.perform(Action(Act.GIVE_REASON, ""))
    door.closed = True
    door.ends[-1].close()
    until(lambda: not tray.link.connected)
    write(tray, "release week")
    told(tray, until, "Not sent")
