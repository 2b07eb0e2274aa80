"""Plays the person: types into a real file through the real language server, and notes what shows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...domain.snapshot import Snapshot
from ...errors import RefusedError
from ...link.wire import snapshot_to_json
from ...testing.fake_editor import FakeEditor
from .show import BlockSeen, CompletionSeen, LimitSeen, Seen
from .stage import USER_LIMIT, Stage

FILE = Path("client", "sidelight_client", "domain", "spending", "budget.py")
TYPED = (
    "\n",
    "\n",
    "def refreshed(budget: Budget, now: float) -> Budget:\n",
    "    return Budget(tuple(purse.at(now) for purse in budget.",
)
"""What the person types at the end of the file; the last line is where the ghost text appears."""
FIXTURE = '\n\nFIXTURE = {"ssn": "536-22-8765", "name": '
"""A line of test data with a number that looks like a social security number."""
ANSWER_WITHIN_S = 60.0
"""A bound for a model on a busy machine; the workspace answers in milliseconds."""
TRIES = 3
"""A model that was too late the first time has read the file by then."""
CONDITION = "\n\nwhile purse_number_{0} != "
"""Something new to ask for, again and again, until the limit is reached."""


@dataclass(slots=True)
class Typist:
    """An editor with one open file and a cursor at its end."""

    editor: FakeEditor
    uri: str
    text: str
    version: int = 1

    @property
    def at(self) -> tuple[int, int]:
        """The cursor: zero-based line and utf-16 column; what is typed here is ASCII."""
        last = self.text.rsplit("\n", 1)[-1]
        return self.text.count("\n"), len(last)

    def type(self, text: str) -> None:
        """Type one character after the other."""
        for character in text:
            self.version += 1
            self.editor.insert(self.uri, self.version, *self.at, character)
            self.text += character

    async def ghost(self) -> str:
        """Ask as editors do when somebody asks for it, and return the text that would be shown."""
        items = await self.editor.complete_inline(
            self.uri, *self.at, invoked=True, within_s=ANSWER_WITHIN_S
        )
        if not items:
            return ""
        inserted: str = items[0]["insertText"]
        start = items[0]["range"]["start"]["character"]
        return inserted[self.at[1] - start :]


async def see(stage: Stage) -> tuple[Seen, Snapshot]:
    """Type, and note the completion, the block, the limit and the status."""
    path = stage.checkout / FILE
    if not path.exists():
        path = stage.checkout / Path(*FILE.parts[1:])
    began = time.monotonic()
    editor = await FakeEditor.start(
        [*stage.command, "lsp"], env=stage.environment, cwd=stage.checkout
    )
    try:
        await editor.initialize(
            folder=stage.checkout,
            options={"sidelight": {"messages": True}},
            client_name="sidelight demo",
        )
        stage.timings_ms["initialize"] = (time.monotonic() - began) * 1000
        text = path.read_text("utf-8").rstrip("\n") + "\n"
        typist = Typist(editor, path.as_uri(), text)
        editor.open(typist.uri, "python", text)
        name = path.relative_to(stage.checkout).as_posix()
        completion = await _completion(typist, name)
        stage.timings_ms["first completion"] = (time.monotonic() - began) * 1000
        block = await _block(typist, name)
        limit, snapshot = await _limit(typist, stage)
        seen = Seen(completion, block, limit, snapshot_to_json(snapshot, time.time()))
        seen.timings_ms.update(stage.timings_ms)
        await editor.shutdown()
        return seen, snapshot
    finally:
        await editor.close()


async def _decision(editor: FakeEditor, after: int, outcome: str | None = None) -> dict[str, Any]:
    """The next `$/sidelight/decision`: how the request ended, with its ids and times."""
    decision: dict[str, Any] = await editor.wait_for(
        "$/sidelight/decision",
        lambda said: outcome is None or said["outcome"] == outcome,
        after=after,
    )
    return decision


def _decisions(editor: FakeEditor) -> int:
    return len(editor.heard("$/sidelight/decision"))


async def _completion(typist: Typist, name: str) -> CompletionSeen:
    for piece in TYPED:
        typist.type(piece)
    for _ in range(TRIES):
        before = _decisions(typist.editor)
        text = await typist.ghost()
        if text:
            break
    else:
        raise RefusedError("demo.nothing_seen", what="completion")
    decision = await _decision(typist.editor, before)
    return CompletionSeen(
        file=name,
        line=typist.at[0] + 1,
        before=typist.text.rsplit("\n", 1)[-1],
        text=text,
        source=decision["source"]["label"],
        tier=decision["tier"],
        ms=decision["ms"]["total"],
        trace_id=decision["traceId"],
    )


async def _block(typist: Typist, name: str) -> BlockSeen:
    before = _decisions(typist.editor)
    typist.type(FIXTURE)
    await typist.ghost()
    decision = await _decision(typist.editor, before, "blocked")
    rule = decision["policy"]["ruleId"]
    said = await typist.editor.wait_for(
        "textDocument/publishDiagnostics", lambda params: bool(_about(rule, params))
    )
    diagnostic = _about(rule, said)[0]
    start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
    return BlockSeen(
        file=name,
        line=start["line"] + 1,
        column=start["character"] + 1,
        end_column=end["character"] + 1,
        rule=str(diagnostic["code"]),
        message=diagnostic["message"],
        source_line=typist.text.split("\n")[int(start["line"])],
        trace_id=decision["traceId"],
    )


def _about(rule: str, params: Any) -> list[Any]:
    """The diagnostics of that rule; a file can have others, such as a hint on its size."""
    return [one for one in params["diagnostics"] if one.get("code") == rule]


async def _limit(typist: Typist, stage: Stage) -> tuple[LimitSeen, Snapshot]:
    # The fixture goes away first, as a person would take it out.
    typist.text = typist.text.replace(FIXTURE, "")
    typist.version += 1
    typist.editor.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": typist.uri, "version": typist.version},
            "contentChanges": [{"text": typist.text}],
        },
    )
    for number in range(USER_LIMIT + 2):
        typist.type(CONDITION.format(number))
        await typist.ghost()
        snapshot = await stage.broker.status()
        spent = snapshot.budget.exhausted(time.time())
        if spent is not None:
            status = await typist.editor.wait_for(
                "$/sidelight/status", lambda said: said["state"] == "throttled"
            )
            return LimitSeen(
                spent.scope.value,
                spent.unit.value,
                spent.limit,
                spent.used,
                spent.resets_at,
                status["detail"] or status["summary"],
            ), snapshot
    raise RefusedError("demo.nothing_seen", what="limit")
