"""The findings of `sidelight scan` as lines, as JSON and as SARIF. None holds the text found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .. import __version__
from ..domain.content.scan_state import ContentFinding
from ..domain.content.verdict import Answer
from ..domain.words.catalogue import say


@dataclass(frozen=True, slots=True)
class FileFinding:
    """A finding and the file it is in, as its path was given."""

    path: str
    found: ContentFinding


def as_text(one: FileFinding) -> str:
    """One line, in the form that editors and terminals make a link of."""
    found = one.found
    start = found.range.start
    return (
        f"{one.path}:{start.line + 1}:{start.character + 1}: {found.rule.content.title} "
        f"({found.masked}) [{found.rule.id}] would be blocked: {found.would_block.value}, "
        f"real: {found.real.value}. {_why(found)}"
    )


def as_json(one: FileFinding) -> str:
    """One JSON object. Line and column are counted from 1, in code points; `end` is exclusive."""
    found = one.found
    start, end = found.range.start, found.range.end
    return json.dumps(
        {
            "path": one.path,
            "line": start.line + 1,
            "column": start.character + 1,
            "end": {"line": end.line + 1, "column": end.character + 1},
            "rule": found.rule.id,
            "source": found.rule.source.value,
            "title": found.rule.content.title,
            "would_block": found.would_block.value,
            "real": found.real.value,
            "why": _why(found),
            "masked": found.masked,
        },
        ensure_ascii=False,
    )


def as_sarif(findings: Iterable[FileFinding]) -> dict[str, Any]:
    """A log in the OASIS standard SARIF 2.1.0, which code hosts show beside the lines."""
    known = list(findings)
    rules = {one.found.rule.id: one.found.rule for one in known}
    numbers = {id_: number for number, id_ in enumerate(rules)}
    driver = {
        "name": "sidelight",
        "version": __version__,
        "rules": [
            {
                "id": id_,
                "shortDescription": {"text": rule.content.title},
                "fullDescription": {"text": rule.content.explain or rule.content.title},
            }
            for id_, rule in rules.items()
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, numbers[one.found.rule.id]) for one in known],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return {"$schema": schema, "version": "2.1.0", "runs": [run]}


def _result(one: FileFinding, number: int) -> dict[str, Any]:
    found = one.found
    start, end = found.range.start, found.range.end
    title = found.rule.content.title
    return {
        "ruleId": found.rule.id,
        "ruleIndex": number,
        "level": "error" if Answer.YES in (found.would_block, found.real) else "warning",
        "message": {"text": f"{title} ({found.masked}). {_why(found)}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": one.path},
                    "region": {
                        "startLine": start.line + 1,
                        "startColumn": start.character + 1,
                        "endLine": end.line + 1,
                        "endColumn": end.character + 1,
                    },
                }
            }
        ],
        "properties": {"would_block": found.would_block.value, "real": found.real.value},
    }


def _why(found: ContentFinding) -> str:
    return say(f"content.{found.why.value}").what
