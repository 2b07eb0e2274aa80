"""Figure 13: the longest time any code held the broker's loop, as its own monitor wrote it down."""

from __future__ import annotations

import re

from sidelight_client.adapters.folders import folders

from .report import Line, held
from .stage import Stage

HOLD = re.compile(r"the loop was held for \d+ ms, computing (\d+) ms, by (.*)")
BOUND_MS = 10


def log_length(stage: Stage) -> int:
    """Where the broker's log ends now; what comes later is judged."""
    return len(_log(stage))


def longest_hold(stage: Stage, since: int) -> Line:
    """What a handler computed at most in one turn. A busy machine makes turns longer than that."""
    found = [(int(hold[1]), hold[2]) for hold in HOLD.finditer(_log(stage)[since:])]
    longest = max(found, default=(0, ""))
    ok = longest[0] <= BOUND_MS
    who = f" by {longest[1][:120]}" if not ok else ""
    return Line(
        13,
        "longest hold of the loop",
        f"{longest[0]} ms computing{who}",
        (held(ok, f"<= {BOUND_MS} ms"), f"{len(found)} turns over {BOUND_MS} ms"),
        passed=ok,
        facts={"ms": longest[0], "by": longest[1]},
    )


def _log(stage: Stage) -> str:
    try:
        return folders(stage.environment).log_file.read_text("utf-8")
    except OSError:
        return ""
