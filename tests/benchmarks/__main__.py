"""`python -m benchmarks`, run in `tests/`: each figure, what it is held against, and the verdicts."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from sidelight_client import __version__

from . import content_suites, footprint, hot_path, places, policy_suite, replay, startup
from .driver import NoAnswerError
from .report import Line, Options, Suite
from .traces import TraceUnreadableError
from .verdicts import table

SUITES: tuple[Suite, ...] = (
    startup.SUITE,
    hot_path.SUITE,
    policy_suite.SUITE,
    replay.SUITE,
    footprint.SUITE,
    content_suites.SUITE,
    content_suites.SCAN_SUITE,
    places.SUITE,
)
"""Every suite, in the order in which they run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 when every figure held, 1 when one did not, 2 for wrong usage."""
    parser = _parser()
    given = parser.parse_args(arguments)
    only = frozenset(word for word in given.only.split(",") if word)
    suites = [suite for suite in SUITES if suite.wanted(only)]
    if not suites:
        parser.error("--only names no suite and no figure")
    options = Options(
        quick=given.quick,
        peers=given.peers,
        traces=given.traces,
        hit_share=given.hit_share,
        latency_ms=given.latency_ms,
        suggestion_lines=given.suggestion_lines,
    )
    lines: list[Line] = []
    print(_header(), flush=True)
    for suite in suites:
        try:
            for line in suite.run(options):
                print(line, flush=True)
                lines.append(line)
        except TraceUnreadableError as error:
            parser.error(str(error))
        except (NoAnswerError, TimeoutError) as error:
            # What does not run is not fast; it is no figure either.
            lines.append(
                Line(0, f"{suite.name}: Sidelight did not answer", str(error), passed=False)
            )
            print(lines[-1], flush=True)
    rows = table(lines)
    print(
        *(f"peer {name}: not to be had: {why}" for name, why in options.missing.items()), sep="\n"
    )
    print(_header(), *rows, sep="\n")
    if given.json is not None:
        document = {
            "machine": _header(),
            "not_to_be_had": options.missing,
            "figures": [row.as_json() for row in rows],
            "lines": [line.as_json() for line in lines],
        }
        given.json.write_text(json.dumps(document, indent=1), "utf-8")
    failed = sum(line.passed is False for line in lines)
    print(f"{sum(line.passed is True for line in lines)} passed, {failed} failed")
    return 1 if failed else 0


def _header() -> str:
    """What the figures depend on besides the code."""
    load = f", 1-minute load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    version = f"Python {platform.python_version()}"
    return f"sidelight {__version__}, {version}, {os.cpu_count()} cores{load}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer traces and repetitions")
    parser.add_argument(
        "--only", default="", help="names of suites or numbers of figures: policy,3"
    )
    parser.add_argument("--peers", default="auto", help="auto, none, or names")
    parser.add_argument("--json", type=Path, help="write the lines to this file, too")
    parser.add_argument(
        "--traces", type=Path, help="a folder of *.jsonl traces, instead of made ones"
    )
    parser.add_argument("--hit-share", type=float, default=0.7, help="how much the model foresees")
    parser.add_argument("--latency-ms", type=float, default=150.0, help="how long an answer takes")
    parser.add_argument("--suggestion-lines", type=int, help="lines of an answer; else 1 and 4")
    return parser


if __name__ == "__main__":
    sys.exit(main())
