"""The Copilot dialect's word for how things stand, in both of the forms its clients know.

The forms are described in the README of github/copilot-language-server-release.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, assert_never

from sidelight_client.api import State

DID_CHANGE_STATUS = "didChangeStatus"
"""What copilot.vim since 1.40 and copilot.el listen to."""

STATUS_NOTIFICATION = "statusNotification"
"""What copilot.lua and older versions of copilot.vim listen to."""


class StatusKind(Enum):
    """The kinds a client knows; it paints an icon for each."""

    NORMAL = "Normal"
    WARNING = "Warning"
    ERROR = "Error"
    INACTIVE = "Inactive"


class CopilotStatus:
    """Takes what `status.Status` would send, and sends it in the dialect whenever that differs."""

    def __init__(self, notify: Callable[[str, Any], None]) -> None:
        self._notify = notify
        self._sent: dict[str, Any] | None = None

    def tell(self, _method: str, payload: dict[str, Any]) -> None:
        """Pass on the state in `payload`, which is that of `$/sidelight/status`."""
        changed = did_change_status(payload)
        if changed == self._sent:
            return
        self._sent = changed
        self._notify(DID_CHANGE_STATUS, changed)
        legacy = "InProgress" if changed["busy"] else changed["kind"]
        self._notify(STATUS_NOTIFICATION, {"status": legacy, "message": changed["message"]})


def did_change_status(payload: dict[str, Any]) -> dict[str, Any]:
    """The `didChangeStatus` of a `$/sidelight/status`; a state that is fine has nothing to say."""
    state = State(payload["state"])
    kind = kind_of(state)
    told = {
        "busy": state is State.BUSY,
        "kind": kind.value,
        "message": "" if kind is StatusKind.NORMAL else payload["detail"] or payload["summary"],
    }
    actions = payload["actions"]
    return told | ({"command": actions[0]} if actions else {})


def kind_of(state: State) -> StatusKind:
    """The kind a client shows for a state; never "Normal" while nothing can be suggested."""
    match state:
        case State.READY | State.BUSY:
            return StatusKind.NORMAL
        case State.SLOW | State.DEGRADED | State.THROTTLED | State.OFFLINE:
            return StatusKind.WARNING
        case State.SIGNED_OUT:
            return StatusKind.ERROR
        case State.BLOCKED | State.PAUSED:
            return StatusKind.INACTIVE
        case _:
            assert_never(state)
