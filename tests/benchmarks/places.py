"""What judging a place costs a keystroke; its figures have no number in the table.

The floor is one look-up in a dictionary by a short text, measured in the same run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker.facts import BrokerFacts
from sidelight_client.broker.places import Places
from sidelight_client.domain.policy.organisation import Mode, PlaceRule, Policy
from sidelight_client.settings import Settings

from .report import Line, Options, Suite, held

RULES = 1_000
KEYS, KEYS_QUICK = 20_000, 4_000
LOOKS = 300
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


def p50_us(action: Callable[[], object], times: int) -> float:
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


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite."""
    keys = KEYS_QUICK if options.quick else KEYS
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shop", "src", "deep", "module.py")
        file.parent.mkdir(parents=True)
        (Path(folder, "shop", ".git")).mkdir()
        file.write_text("import sqlalchemy\n" * 100)
        uri = file.as_uri()
        floor = p50_us(partial({uri: True}.get, uri), keys)
        by_count: dict[int, float] = {}
        for count in (10, RULES, 10_000):
            places = places_with(count)
            began = time.perf_counter()
            places.may_leave(uri, "python")
            first_ms = (time.perf_counter() - began) * 1_000
            took = by_count[count] = p50_us(partial(places.may_leave, uri, "python"), keys)
            again = p50_us(partial(places.look_again, [uri]), LOOKS)
            ok = took <= MOST_US if count == RULES else None
            bound = f"<= {MOST_US:.0f} us"
            against = (
                held(ok, bound) if ok is not None else bound,
                f"floor, a look-up, {floor:.3f} us x{took / floor:.0f}",
                f"first {first_ms:.1f} ms, before sending {again:.0f} us",
            )
            name = f"places: a keystroke under {count} rules, p50"
            yield Line(0, name, f"{took:.2f} us", against, ok, {"us": took, "floor_us": floor})
    growth = by_count[10_000] / by_count[10]
    ok = growth <= MOST_GROWTH
    bound = held(ok, f"<= {MOST_GROWTH}")
    yield Line(0, "places: 10,000:10 rules", f"x{growth:.2f}", (bound,), ok, {"growth": growth})


SUITE = Suite("places", frozenset(), run)
