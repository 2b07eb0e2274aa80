"""A fake editor whose whole traffic is checked against the protocol when it leaves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sidelight_client.testing.fake_editor import FakeEditor

from .lsp_checker import check_where_possible


@asynccontextmanager
async def checked_editor(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    allowed: Iterable[str] = (),
    ended: bool = True,
) -> AsyncGenerator[FakeEditor]:
    """An editor with `command` as its server; at the end its messages are checked, both ways.

    With `ended=False` the server may go without having answered everything.
    """
    editor = await FakeEditor.start(command, env=env, cwd=cwd)
    try:
        yield editor
    finally:
        await editor.close()
    problems = check_where_possible(editor.traffic, allowed=allowed, ended=ended)
    assert not problems, "\n".join(problems)
