"""Names the tests that needed a second run, and fails a run in which there are many.

Passing at the second try is no proof that all is well: it may be a race in the product. So each is
named with its first failure at the end of the run, and there may be only a few.
"""

from __future__ import annotations

import pytest

MOST = 3
"""More than these in one run is no longer chance."""

_first_failures: dict[str, str] = {}


def note(report: pytest.TestReport) -> None:
    """Remember the first failure of a test that is run again."""
    # The outcome that pytest-rerunfailures adds to pytest's own three.
    if str(report.outcome) == "rerun":
        _first_failures.setdefault(report.nodeid, report.longreprtext)
    elif report.failed:
        _first_failures.pop(report.nodeid, None)


def too_many() -> bool:
    """Whether so many needed a second run that the whole run is not to be trusted."""
    return len(_first_failures) > MOST


def told() -> list[str]:
    """One paragraph for each test: its name, and how it failed at first."""
    lines: list[str] = []
    for name, failure in _first_failures.items():
        lines += (name, *(f"    {line}" for line in failure.splitlines()[-40:]))
    if too_many():
        lines.append(f"{len(_first_failures)} tests needed a second run; {MOST} may: the run fails")
    return lines
