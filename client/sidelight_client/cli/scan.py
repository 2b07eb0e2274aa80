"""`sidelight scan PATH…`: what in these files should not leave, before a gateway says so."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ..adapters.re2_matcher import RuleMatcher
from ..adapters.source_files import NotRead, Unread, files_below, read_text
from ..adapters.stdnum_validators import VALIDATORS
from ..adapters.workspace_marks import MarksError, find_marks, read_marks
from ..domain.content.explain_rule import explain_rule
from ..domain.content.marks import ContentPlace, Mark
from ..domain.content.preview import ContentPreview
from ..domain.content.sources import RuleChoice, choose
from ..domain.words.catalogue import Message, say
from ..errors import ExitCode, UsageError
from ..gateways.guardrail_list import guardrail_list
from ..gateways.policy_document import policy
from ..gateways.untrusted import mapping, parsed
from .scan_show import FileFinding, as_json, as_sarif, as_text

MAX_FILE_MB = 20
MAX_FILES = 100_000
MAX_POLICY_BYTES = 8_000_000
SCAN_BUDGET_S = 5.0
"""How long the places of a rule's hits may be looked for in one piece of a file."""
_NO_PLACEHOLDERS = b""


@dataclass(slots=True)
class Outcome:
    """What a scan came to.

    Attributes:
        findings: those of every file, in order.
        said: what could not be looked at, and why.
        unknown: whether something was left out about which nothing is known now.
        files: how many were scanned.
    """

    findings: list[FileFinding] = field(default_factory=list[FileFinding])
    said: list[Message] = field(default_factory=list[Message])
    unknown: bool = False
    files: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a folder")
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="a policy document, or a list of guardrails"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object a finding")
    form.add_argument("--sarif", action="store_true", help="print a SARIF 2.1.0 log")


def run(arguments: argparse.Namespace) -> ExitCode:
    chosen = _rules(arguments.policy)
    matcher = RuleMatcher(chosen.rules, chosen.problems, max_matches=10_000, budget_s=SCAN_BUDGET_S)
    preview = ContentPreview(matcher, VALIDATORS, _NO_PLACEHOLDERS)
    outcome = scan(preview, arguments.paths)
    for message in (*map(explain_rule, matcher.problems), *outcome.said):
        print(f"sidelight: {message.text} [{message.code}]", file=sys.stderr)
    if arguments.sarif:
        print(json.dumps(as_sarif(outcome.findings), ensure_ascii=False))
    else:
        for line in map(as_json if arguments.json else as_text, outcome.findings):
            print(line)
    if not (arguments.json or arguments.sarif):
        count, files = len(outcome.findings), outcome.files
        print(f"{files} files, {count} findings, by {chosen.source.value} rules", file=sys.stderr)
    return ExitCode.FINDING if outcome.findings or outcome.unknown else ExitCode.OK


def scan(preview: ContentPreview, paths: Sequence[Path]) -> Outcome:
    """Every finding in the files that `paths` name; a file named twice is scanned once."""
    outcome = Outcome()
    marks = _Marks(outcome)
    seen: set[Path] = set()
    files = (file for path in paths for file in files_below(path))
    for file in islice(files, MAX_FILES):
        whole = file.absolute()
        if whole not in seen:
            seen.add(whole)
            _scan_file(preview, file, marks.of(whole), outcome)
    if next(files, None) is not None:
        outcome.said.append(say("scan.too_many", {"limit": MAX_FILES}))
        outcome.unknown = True
    return outcome


def _scan_file(preview: ContentPreview, file: Path, place: ContentPlace, outcome: Outcome) -> None:
    text = read_text(file, MAX_FILE_MB * 1_000_000)
    if isinstance(text, Unread):
        code = f"scan.{text.why.value}"
        about = {"path": str(file), "problem": text.problem, "limit": f"{MAX_FILE_MB}"}
        outcome.said.append(say(code, about))
        outcome.unknown = outcome.unknown or text.why is not NotRead.BINARY
        return
    outcome.files += 1
    # LF, CRLF and CR end a line, as in editors; `splitlines` would also cut at form feeds.
    lines = io.StringIO(text, newline="").readlines()
    findings, searched = preview.scan(lines, place)
    outcome.findings += (FileFinding(file.as_posix(), found) for found in findings)
    if not searched:
        outcome.said.append(say("scan.incomplete", {"path": str(file)}))
        outcome.unknown = True


class _Marks:
    """The marks that hold for a file: those of the nearest `.sidelight.toml`, read once."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._found: dict[Path, Path | None] = {}
        self._read: dict[Path, tuple[Mark, ...]] = {}

    def of(self, file: Path) -> ContentPlace:
        """The place of a file: its path from the marks' folder on, else from here on."""
        if file.parent not in self._found:
            self._found[file.parent] = find_marks(file.parent)
        marks = self._found[file.parent]
        if marks is None:
            here = Path.cwd()
            inside = file.relative_to(here) if file.is_relative_to(here) else Path(file.name)
            return ContentPlace(inside.as_posix())
        if marks not in self._read:
            self._read[marks] = self._load(marks)
        return ContentPlace(file.relative_to(marks.parent).as_posix(), self._read[marks])

    def _load(self, path: Path) -> tuple[Mark, ...]:
        try:
            return read_marks(path)
        except MarksError as error:
            facts = {"path": str(path), "problem": str(error)}
            self._outcome.said.append(say("scan.marks_unreadable", facts))
            return ()


def _rules(path: Path | None) -> RuleChoice:
    if path is None:
        return choose((), None, VALIDATORS)
    text = read_text(path, MAX_POLICY_BYTES)
    if isinstance(text, Unread):
        raise _no_policy(path, text.problem or text.why.value)
    document = mapping(parsed(text))
    if isinstance(document.get("guardrails"), list):
        return guardrail_list(document)
    if not isinstance(document.get("content_rules"), list):
        raise _no_policy(path, "it has neither content_rules nor guardrails")
    stated = policy(document, "").content_rules
    if not stated:
        raise _no_policy(path, "it states no content rule")
    return choose(stated, None, VALIDATORS)


def _no_policy(path: Path, problem: str) -> UsageError:
    return UsageError("scan.policy_unreadable", path=str(path), problem=problem)
