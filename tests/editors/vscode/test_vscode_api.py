"""What VS Code's own API tells other extensions of ours: findings, actions, settings, acceptance, folders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.neovim import until
from support.real_server import LEDGER_WITH_ASTRAL
from support.vscode_window import PATIENCE_S, Server, Window

from .conftest import CARDS, CLOSED_BECAUSE, TYPED

pytestmark = [pytest.mark.editors, pytest.mark.timeout(300)]

SSN = "536-22-8765"
WITH_SSN = f'\n\nrow = {{"ssn": "{SSN}", "name": '
OURS = {
    "menu",
    "openSettings",
    "restart",
    "setUp",
    "showLog",
    "showUsage",
    "showWhatWasSent",
    "whyNothing",
}
SERVERS = {
    "didAccept",
    "explain",
    "markFixture",
    "pause",
    "redact",
    "retryNow",
    "signIn",
    "signOut",
    "usage",
}
METER = "Context "


def accepted() -> int:
    """How many acceptances the broker of this test counts."""
    words = [sys.executable, "-m", "sidelight_client", "status", "--json"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.stdout, told.stderr
    return int(json.loads(told.stdout)["counts"]["accepted"])


def test_a_block_is_a_diagnostic_with_a_hover_and_with_actions_that_work(real: Window) -> None:
    api, file = real.api, str(real.file)
    assert {f"sidelight.{name}" for name in OURS | SERVERS} <= set(api.call("commands"))
    real.type(WITH_SSN, delay_ms=15)
    row = LEDGER_WITH_ASTRAL.count("\n") + 2
    start = WITH_SSN.strip().index(SSN)
    (found,) = until(lambda: api.call("diagnostics", file=file), "a diagnostic", PATIENCE_S)
    assert found["range"] == [row, start, row, start + len(SSN)]
    assert (found["severity"], found["source"], found["code"]) == (
        "information",
        "sidelight",
        "us_ssn",
    )
    place = [row, start + 1]
    hover = "\n".join(api.call("hover", file=file, at=place))
    assert "us\\_ssn" in hover
    assert "Is it real?" in hover, "a line may break between its words"
    assert SSN not in hover + found["message"]
    titles = [action["title"] for action in api.call("codeActions", file=file, at=place)]
    assert "Redact and retry" in titles
    api.call("act", file=file, at=place, title="Mark as fixture (comment on this line)")
    until(lambda: "# sidelight: fixture" in real.saved(), "the mark is in the file")
    assert real.toasts() == []


def test_an_acceptance_counts_the_same_with_the_editors_command_and_without(
    real: Window, scene: tuple[Server, Window], private_home: Path
) -> None:
    server, _ = scene
    take(real)
    until(lambda: accepted() == 1, lambda: f"it counts: {accepted()}", PATIENCE_S)
    until(lambda: told_of_it(server), "the editor ran the command")
    server.real(private_home, silent=True)
    real.begin(LEDGER_WITH_ASTRAL)
    real.restart(server)
    until(lambda: "/120" in real.status(), real.status, PATIENCE_S)
    take(real)
    until(lambda: accepted() == 2, lambda: f"each counts once: {accepted()}", PATIENCE_S)
    assert not told_of_it(server)


def take(window: Window) -> None:
    """Type, and accept what is suggested."""
    window.focus()
    window.press("Control+End")
    window.type(TYPED)
    window.invoke(") -> int:")
    window.api.command("editor.action.inlineSuggest.commit")
    assert window.saved().startswith(LEDGER_WITH_ASTRAL + TYPED + ") -> int:")


def told_of_it(server: Server) -> bool:
    return server.was_told("workspace/executeCommand", "sidelight.didAccept")


def test_of_two_folders_the_one_that_rules_close_gets_a_reason_and_the_other_its_ghost(
    real: Window,
) -> None:
    closed = real.file.parent.parent / "payments" / "case.py"
    real.api.call("open", file=str(closed))
    real.focus()
    real.press("Control+End")
    real.type(TYPED)
    line = TYPED.count("\n") + CARDS.count("\n")
    place = {"uri": closed.as_uri(), "position": {"line": line, "character": 0}}
    told: dict[str, Any] = {}

    def closed_by_rules() -> bool:
        told.update(real.api.command("sidelight.explain", place))
        return told["code"] == "policy.place"

    until(closed_by_rules, lambda: f"it is told: {told}", PATIENCE_S)
    assert CLOSED_BECAUSE in told["text"]
    assert not real.ghost()
    real.api.command("notifications.clearAll")
    real.api.command("workbench.action.revertAndCloseActiveEditor")
    real.focus()
    real.press("Control+End")
    real.type(TYPED)
    real.invoke(") -> int:")
    sent: dict[str, Any] = real.api.command("sidelight.whatWasSent", real.file.as_uri())
    assert "total_of_entries" in sent["text"]
    assert "card_of_holder" not in sent["text"], "nothing of the closed folder goes along"


def test_a_setting_of_the_person_reaches_the_server_at_once(real: Window) -> None:
    api, file = real.api, str(real.file)
    real.type(TYPED)
    real.invoke(") -> int:")
    assert api.call("codeLenses", file=file) == [], "the meter is off until it is asked for"
    try:
        api.call("configure", key="completions.context_meter", value=True)
        (lens,) = until(lambda: api.call("codeLenses", file=file), "the meter", PATIENCE_S)
        assert lens["title"].startswith(METER)
        assert lens["command"] == "sidelight.whatWasSent"
        api.call("configure", key="completions.enabled", value=False)
        place = {"uri": real.file.as_uri(), "position": {"line": 1, "character": 0}}
        until(
            lambda: api.command("sidelight.explain", place)["code"] == "trigger.switched_off",
            "the server knows",
            PATIENCE_S,
        )
    finally:
        for key in ("completions.context_meter", "completions.enabled"):
            api.call("configure", key=key, value=None)
        api.command("notifications.clearAll")
