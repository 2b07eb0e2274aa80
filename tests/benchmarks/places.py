"""What judging a place costs a keystroke: `python -m benchmarks.places`, run in `tests/`.

The floor is one look-up in a dictionary by a short text, measured in the same run.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker.facts import BrokerFacts
from sidelight_client.broker.places import Places
from sidelight_client.domain.policy.organisation import Mode, PlaceRule, Policy
from sidelight_client.settings import Settings

RULES = 1_000
KEYS = 20_000
MOST_US = 50.0
MOST_GROWTH = 1.3
"""Ten thousand rules may cost a keystroke so much more than ten."""


def made_rules(count: int) -> tuple[PlaceRule, ...]:
    """Rules of every kind, none of which applies."""
    return tuple(
        PlaceRule(
            f"r{number}",
            Mode.OFF,
            remote=f"git.example/team{number}/*" if number % 3 == 0 else "",
            path=f"*/part{number}/*.tf"
            if number % 3 == 1
            else ""
            if number % 3 == 0
            else f"*.x{number}",
            marker=f".scope{number % 8}" if number % 5 == 0 else "",
        )
        for number in range(count)
    )


def p50_us(action: Callable[[], object], times: int = KEYS) -> float:
    """The median of single runs, in microseconds."""
    taken: list[int] = []
    for _ in range(times):
        began = time.perf_counter_ns()
        action()
        taken.append(time.perf_counter_ns() - began)
    return statistics.median(taken) / 1_000


def places_with(count: int) -> Places:
    facts = BrokerFacts("0", policy=Policy("1", place_rules=made_rules(count)))
    settings = Settings()
    return Places(WorkspacePlaces(), facts, lambda: settings)


def main() -> int:
    """Print the figures; 0 when those that are held against something hold."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shop", "src", "deep", "module.py")
        file.parent.mkdir(parents=True)
        (Path(folder, "shop", ".git")).mkdir()
        file.write_text("import sqlalchemy\n" * 100)
        uri = file.as_uri()
        table = {uri: True}
        floor = p50_us(partial(table.get, uri))
        by_count: dict[int, float] = {}
        for count in (10, RULES, 10_000):
            places = places_with(count)
            began = time.perf_counter()
            places.may_leave(uri, "python")
            first_ms = (time.perf_counter() - began) * 1_000
            by_count[count] = p50_us(partial(places.may_leave, uri, "python"))
            again = p50_us(partial(places.look_again, [uri]), 300)
            print(
                f"{count:>6} rules: keystroke p50 {by_count[count]:.2f} us"
                f" ({by_count[count] / floor:.0f} x a look-up), first {first_ms:.1f} ms,"
                f" before sending {again:.0f} us"
            )
        growth = by_count[10_000] / by_count[10]
        print(f"floor {floor:.3f} us; 10,000 rules : 10 rules = {growth:.2f}")
    held = by_count[RULES] <= MOST_US and growth <= MOST_GROWTH
    print("PASS" if held else "FAIL", f"| at most {MOST_US:.0f} us and x {MOST_GROWTH}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
