"""A process of its own that writes to a usage ledger; for tests of kills, full disks and two brokers.

`python -m support.ledger_process PATH COUNT NAME [MAX_FILE_BYTES]` records COUNT requests of the
editor NAME, or without an end when COUNT is 0, says what becomes of it, one word a line, and ends.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

from sidelight_client.adapters.usage_ledger import UsageLedger
from sidelight_client.domain.snapshot import DecisionView


def request(number: int, editor: str) -> DecisionView:
    return DecisionView(
        trace_id=f"{number:032x}",
        at=1_700_000_000.0 + number,
        outcome="completed",
        reason="",
        tier="fast",
        language="python",
        total_s=0.1,
        sends=1,
        editor=editor,
    )


def main(path: Path, count: int, editor: str, largest: int) -> None:
    if largest:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    ledger = UsageLedger(path, clock=lambda: 1_700_000_000.0)
    ledger.on_problem(lambda problem: print(problem.replace(" ", "_") or "well", flush=True))
    for number in itertools.count() if count == 0 else range(count):
        ledger.record(request(number, editor))
        if number % 50 == 0:
            # An editor does not ask faster than this either.
            time.sleep(0.002)
    ledger.close()
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int((sys.argv[4:] or ["0"])[0]))
