"""`sidelight complete FILE:LINE:COL`: one completion, as an editor would ask for it."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from ..adapters.folders import folders
from ..domain.completion import (
    Blocked,
    Completed,
    CompletionRequest,
    Limited,
    Outcome,
    Tier,
    Trigger,
    Unauthorized,
    Unavailable,
)
from ..domain.explaining.explain import explain
from ..domain.place import Document, Position, Range
from ..domain.window import take
from ..errors import ExitCode, RefusedError, UsageError
from ..link.dial import dial
from ..trace import new_trace_id

MAX_FILE_BYTES = 20_000_000
"""A larger file is not source code somebody completes in."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file and a cursor in it."""

    path: Path
    lines: tuple[str, ...]
    at: Position


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="FILE:LINE:COL", help="counted from 1")
    parser.add_argument("--tier", choices=[tier.value for tier in Tier], default=Tier.FAST.value)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> ExitCode:
    place = read_place(arguments.place)
    outcome = asyncio.run(_complete(place, Tier(arguments.tier)))
    if arguments.json:
        print(json.dumps(as_json(outcome, place), ensure_ascii=False))
    else:
        print(as_text(outcome))
    return exit_code(outcome)


def read_place(text: str) -> Place:
    """The file and the cursor `text` names.

    Raises:
        UsageError: `text` is not FILE:LINE:COL, or that place is not in the file.
        RefusedError: the file cannot be read.
    """
    parts = text.rsplit(":", 2)
    if len(parts) != 3 or not parts[1].isdecimal() or not parts[2].isdecimal():  # noqa: PLR2004
        raise UsageError("position.invalid", place=text)
    path = Path(parts[0])
    line, column = int(parts[1]) - 1, int(parts[2]) - 1
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise RefusedError("file.unreadable", path=str(path), problem="it is over 20 MB")
        content = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise RefusedError(
            "file.unreadable", path=str(path), problem=error.strerror or "unknown"
        ) from error
    lines = split_lines(content)
    if not 0 <= line < len(lines) or not 0 <= column <= len(lines[line].rstrip("\r\n")):
        raise UsageError("position.invalid", place=text)
    return Place(path, lines, Position(line, column))


def split_lines(content: str) -> tuple[str, ...]:
    """The lines with their ends (LF, CRLF, CR as LSP counts them), a last empty one included."""
    lines = content.splitlines(keepends=True)
    joined: list[str] = []
    for line in lines:
        # `str.splitlines` also splits at form feeds and Unicode separators, which LSP does not.
        if joined and not joined[-1].endswith(("\n", "\r")):
            joined[-1] += line
        else:
            joined.append(line)
    if not joined or joined[-1].endswith(("\n", "\r")):
        joined.append("")
    return tuple(joined)


async def _complete(place: Place, tier: Tier) -> Outcome:
    uri = place.path.absolute().as_uri()
    client = await dial(folders())
    try:
        return await client.complete(
            CompletionRequest(
                trace_id=new_trace_id(),
                document=Document(uri, language_of(place.path)),
                window=take(place.lines, place.at, uri),
                tier=tier,
                trigger=Trigger.INVOKED,
                client="command line",
            )
        )
    finally:
        await client.close()


_LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".tsx": "typescriptreact",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    ".kt": "kotlin",
    ".c": "c",
    ".h": "c",
    ".cpp": "cpp",
    ".cs": "csharp",
    ".rb": "ruby",
    ".php": "php",
    ".sh": "shellscript",
    ".lua": "lua",
    ".sql": "sql",
    ".md": "markdown",
    ".tf": "terraform",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
}


def language_of(path: Path) -> str:
    """The editor's language id by the file's ending; `plaintext` where none is known."""
    return _LANGUAGES.get(path.suffix.lower(), "plaintext")


def as_json(outcome: Outcome, place: Place) -> dict[str, Any]:
    """The documented object; positions are zero-based and utf-16, as in LSP."""
    message = explain(outcome)
    shown: dict[str, Any] = {
        "outcome": type(outcome).__name__.lower(),
        "items": [],
        "source": None,
        "tier": None,
        "ms": None,
        "trace_id": outcome.trace_id,
        "message": None
        if message is None
        else {"code": message.code, "title": message.title, "text": message.text},
    }
    match outcome:
        case Completed():
            cursor = Range(place.at, place.at)
            shown["items"] = [
                {"text": text, "range": _range(cursor, place.lines)} for text in outcome.texts
            ]
            shown["source"] = {"kind": outcome.source.kind.value, "label": outcome.source.label}
            shown["tier"] = outcome.tier.value
            shown["ms"] = round(outcome.timings.total_s * 1000, 1)
        case Blocked():
            shown["rule"] = outcome.rule
            shown["findings"] = [
                {
                    "rule": finding.rule,
                    "range": _range(finding.range, place.lines),
                    "masked": finding.masked,
                }
                for finding in outcome.findings
            ]
        case Limited():
            shown["scope"] = outcome.scope.value
            shown["limit"] = outcome.limit
            shown["resets_at"] = outcome.resets_at
        case Unavailable() | Unauthorized():
            shown["reason"] = outcome.reason.value
        case _:
            assert_never(outcome)
    return shown


def _range(where: Range, lines: tuple[str, ...]) -> dict[str, Any]:
    return {"start": _position(where.start, lines), "end": _position(where.end, lines)}


def _position(at: Position, lines: tuple[str, ...]) -> dict[str, int]:
    head = lines[at.line][: at.character] if at.line < len(lines) else ""
    return {"line": at.line, "character": len(head.encode("utf-16-le")) // 2}


def as_text(outcome: Outcome) -> str:
    """The outcome as a person reads it."""
    if isinstance(outcome, Completed):
        text = outcome.texts[0] if outcome.texts else "(nothing to add here)"
        took = f"{outcome.timings.total_s * 1000:.0f} ms"
        return (
            f"{text}\n  — {outcome.source.label}, {outcome.tier.value}, {took}, {outcome.trace_id}"
        )
    message = explain(outcome)
    assert message is not None
    return f"{message.title}\n{message.text}\n  — trace id {outcome.trace_id}"


def exit_code(outcome: Outcome) -> ExitCode:
    """The exit code that belongs to an outcome."""
    match outcome:
        case Completed():
            return ExitCode.OK
        case Blocked():
            return ExitCode.FINDING
        case Unauthorized():
            return ExitCode.NOT_SIGNED_IN
        case Limited():
            return ExitCode.LIMITED
        case Unavailable():
            return ExitCode.GATEWAY_UNREACHABLE
        case _:
            assert_never(outcome)
