"""A session whose files are on another machine: no path of theirs is looked up here, and rules that
ask for what cannot be seen count."""

from __future__ import annotations

import asyncio
import builtins
import io
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client import api
from sidelight_client.adapters.config_files import read_settings
from sidelight_client.adapters.folders import folders
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.cli.assemble import assembled
from sidelight_client.cli.sessions import editor_sessions
from sidelight_client.domain.file_uri import path_elsewhere, path_of
from sidelight_client.domain.policy.organisation import Mode, PlaceRule, Policy
from sidelight_client.domain.policy.place_policy import PlacePolicy
from sidelight_client.link.elsewhere import HOST, ElsewhereBroker, elsewhere
from sidelight_client.link.wire import AttachInfo
from sidelight_client.testing.fake_editor import FakeEditor
from support.fake_broker import FakeBroker

pytestmark = pytest.mark.anyio

WRITTEN = """def total_of_entries(entries: list[int]) -> int:
    running_total = 0
    for entry in entries:
        running_total += entry
    return running_total


def total(entries: list[int]) -> int:
    running_total = 0
    for entry in """
SSN = "536-22-8765"


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("file:///home/ada/a.py", f"file://{HOST}/home/ada/a.py"),
        ("file://localhost/home/ada/a.py", f"file://{HOST}/home/ada/a.py"),
        ("FILE://LocalHost/home/ada/a.py", f"file://{HOST}/home/ada/a.py"),
        ("file:/etc/passwd", f"file://{HOST}/etc/passwd"),
        ("file:///a%20b/%C3%BC.py", f"file://{HOST}/a%20b/%C3%BC.py"),
        ("untitled:Untitled-1", "untitled:Untitled-1"),
        ("file://other/share/a.py", "file://other/share/a.py"),
    ],
)
def test_a_file_of_that_machine_becomes_a_file_of_another_host(here: str, there: str) -> None:
    assert elsewhere(here) == there


@given(
    st.sampled_from(
        ["file:", "FILE:", "file://", "file:///", "file://localhost/", "file:////", ""]
    ),
    st.text(max_size=40),
)
def test_no_address_leads_to_a_path_here(begin: str, rest: str) -> None:
    assert path_of(elsewhere(begin + rest)) is None


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("vscode-remote://ssh-remote+box/home/a%20b.py", "/home/a b.py"),
        (f"file://{HOST}/home/a.py", "/home/a.py"),
        ("file:///home/a.py", None),
        ("file://localhost/home/a.py", None),
        ("untitled:Untitled-1", None),
        ("http://[", None),
    ],
)
def test_an_address_with_a_host_is_known_to_lie_elsewhere(uri: str, path: str | None) -> None:
    assert path_elsewhere(uri) == path


# --- rules ---------------------------------------------------------------------------------------


def verdict(uri: str, *rules: PlaceRule, unknown: Mode = Mode.ON) -> tuple[Mode, str]:
    """What the rules say to a file, and in whose words."""
    policy = PlacePolicy(Policy(place_rules=rules), unknown)
    places = WorkspacePlaces()
    places.look_for(policy.markers)
    found = policy.judge(places.place(uri))
    return found.mode, found.rule.reason if found.rule is not None else ""


@pytest.mark.parametrize("host", ["ssh-remote+box", HOST])
def test_a_rule_about_what_cannot_be_seen_counts_and_says_why(host: str) -> None:
    uri = f"vscode-remote://{host}/home/ada/shop/src/pay.py"
    for rule in (
        PlaceRule("r", Mode.OFF, remote="git.example/pci/*", reason="Card data."),
        PlaceRule("m", Mode.OFF, marker=".pci", reason="Card data."),
    ):
        mode, why = verdict(uri, rule)
        assert mode is Mode.OFF
        assert why.startswith("Card data. This file lies on another machine")
        assert verdict("file:///nowhere/shop/src/pay.py", rule)[0] is Mode.ON


def test_a_rule_that_can_be_told_not_to_be_meant_does_not_count() -> None:
    uri = f"file://{HOST}/home/ada/shop/src/pay.py"
    assert verdict(uri, PlaceRule("p", Mode.OFF, remote="*", path="infra/**"))[0] is Mode.ON
    assert verdict(uri, PlaceRule("p", Mode.OFF, path="src/**", reason="Why."))[0] is Mode.OFF
    assert verdict(uri, PlaceRule("p", Mode.OFF, path="src/**", reason="Why."))[1] == "Why."


def test_what_a_rule_opens_stays_shut_where_the_repository_cannot_be_seen() -> None:
    uri = f"file://{HOST}/home/ada/shop/src/pay.py"
    opened = PlaceRule("o", Mode.ON, remote="git.example/open/*")
    assert verdict(uri, opened, unknown=Mode.OFF)[0] is Mode.OFF
    assert verdict(uri, opened)[0] is Mode.ON


# --- a whole session -----------------------------------------------------------------------------


@contextmanager
def looks_at(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Generator[set[str]]:
    """The paths below a folder that anything in this process looks at or opens."""
    seen: set[str] = set()

    def noting(call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(path: Any, *words: Any, **options: Any) -> Any:
            if isinstance(path, (str, bytes, os.PathLike)):
                name = os.fsdecode(cast("str | bytes | os.PathLike[str]", path))
                if name.startswith(str(folder)):
                    seen.add(name)
            return call(path, *words, **options)

        return noted

    with monkeypatch.context() as patched:
        for name in ("stat", "lstat", "open", "scandir", "listdir", "access", "readlink"):
            patched.setattr(os, name, noting(getattr(os, name)))
        patched.setattr(builtins, "open", noting(builtins.open))
        patched.setattr(io, "open", noting(io.open))
        yield seen


async def use_everything(editor: FakeEditor, file: Path) -> list[dict[str, Any]]:
    """Work in `file` with all that is offered there; the suggestion one ask brought."""
    uri = file.as_uri()
    await editor.initialize(
        folder=file.parent,
        capabilities={
            "window": {"showDocument": {"support": True}},
            "workspace": {"workspaceEdit": {"resourceOperations": ["create"]}},
        },
        options={"sidelight": {"messages": True}},
    )
    await editor.wait_for("$/sidelight/status", lambda said: said["state"] == "ready")
    line = WRITTEN.count("\n")
    column = len(WRITTEN.rpartition("\n")[2])
    editor.open(uri, "python", WRITTEN)
    items = await editor.complete_inline(uri, line, column, invoked=True)
    editor.insert(uri, 2, line, column, f"\n\nssn = '{SSN}'\n")
    at = {"line": line + 2, "character": 9}
    document = {"textDocument": {"uri": uri}}
    await editor.request("textDocument/hover", {**document, "position": at})
    await editor.request(
        "textDocument/codeAction",
        {**document, "range": {"start": at, "end": at}, "context": {"diagnostics": []}},
    )
    for name, told in (
        ("sidelight.markFixture", {"uri": uri, "position": at, "rule": "us_ssn", "how": "toml"}),
        ("sidelight.whatWasSent", {"uri": uri, "open": True}),
        ("sidelight.explain", {"uri": uri, "position": at}),
    ):
        await editor.request("workspace/executeCommand", {"command": name, "arguments": [told]})
    editor.notify("textDocument/didSave", document)
    await editor.request("shutdown")
    editor.notify("exit")
    return items or []


@pytest.mark.parametrize("forwarded", [True, False])
async def test_a_file_path_of_the_other_machine_is_never_opened_on_this_one(
    forwarded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same session twice: what it looks at for a file of this machine, it leaves for another's."""
    work = tmp_path / "shop"
    (work / ".git").mkdir(parents=True)
    (work / "total.py").write_text("other_text = 1\n")
    (work / ".sidelight.toml").write_text('[[place]]\nmode = "off"\nreason = "Of here."\n')
    places = folders()
    monkeypatch.setenv("SIDELIGHT_VAULT", "memory")
    async with assembled(places, os.environ, read_settings(places, os.environ)) as broker:
        heard, written = os.pipe()
        read, told = os.pipe()
        with looks_at(monkeypatch, work) as seen:
            session = asyncio.ensure_future(
                editor_sessions(broker)(heard, told, AttachInfo(forwarded=forwarded))
            )
            editor = await FakeEditor.over(read, written)
            try:
                items = await use_everything(editor, work / "total.py")
                assert await session == 0
            finally:
                await editor.close()
    if forwarded:
        assert seen == set()
        (item,) = items
        assert item["insertText"].startswith("entries:\n        running_total += entry")
    else:
        assert str(work / ".sidelight.toml") in seen
        assert items == []


async def test_the_broker_never_hears_an_address_it_could_look_up(tmp_path: Path) -> None:
    broker = FakeBroker()
    session = ElsewhereBroker(broker)
    uri, other = (tmp_path / "a.py").as_uri(), (tmp_path / "b.py").as_uri()
    place = api.Range(api.Position(0, 0), api.Position(0, 1))
    window = api.Window(
        (
            api.Part(api.PartKind.PREFIX, uri, place, "a", ""),
            api.Part(api.PartKind.DEFINITION, other, place, "b", ""),
        ),
        (api.Cut(other, 1, api.CutReason.BUDGET),),
    )
    request = api.CompletionRequest("0" * 32, api.Document(uri), window)
    await session.complete(request)
    found = api.Finding("r", f"file://{HOST}{urlsplit(uri).path}", place, "*")
    broker.would = api.Blocked("0" * 32, "r", "t", "w", (found,))
    outcome = session.weighed(request)
    for told in (*broker.asked, *broker.weighings):
        parts = [part.uri for part in told.window.parts]
        uris = [told.document.uri, *parts, *(cut.uri for cut in told.window.cuts)]
        assert len(uris) == 4
        assert all(path_of(one) is None for one in uris)
    assert isinstance(outcome, api.Blocked)
    assert outcome.findings == (replace(found, uri=uri),)
    assert session.scratch is None
    assert session.explains(_no_explanation)() is None
    assert session.workspace_opened(tmp_path)() is None


def _no_explanation(uri: str, at: api.Position | None) -> api.Explained | None:
    """As of a session that does not know the document."""
    del uri, at
