"""Figures 1 and 2: how long an editor waits for `initialize` and for its first completion."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sidelight_client.api import Position

from .contenders import Contender, floor, noop, ours, texts
from .driver import Driver, NoAnswerError
from .figures import Samples, times, unit
from .open_file import OpenFile
from .peers import peers
from .report import Line, Options, Suite, held
from .stage import Stage, source, staged

ROUNDS, ROUNDS_QUICK = 11, 5
COLD_ROUNDS, COLD_ROUNDS_QUICK = 5, 3
LINES = 300
FIRST_S = 20.0
ECHO_BOUND = 2.5
REFACT_BOUND, TABBY_BOUND, FIRST_BOUND, COPILOT_BOUND = 1.5, 0.15, 0.7, 0.4
SILENT = ("echo", "no-op", "copilot")
"""They suggest nothing; Copilot's server does not while nobody is signed in to it."""


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite."""
    with staged() as stage:
        stage.warm_up()
        stage.stub.oracle(fixed="value = 42")
        us, others = ours(stage), peers(stage, options, silent=True)
        began, first = Samples(), Samples()
        again, first_again = Samples(), Samples()
        for _ in range(ROUNDS_QUICK if options.quick else ROUNDS):
            for contender in (us, floor(stage), noop(stage), *others):
                _start(stage, contender, began, first)
            _start(stage, us, again, first_again)
        names = [one.name for one in others]
        yield _initialize_line(began, again, names)
        yield _first_line(first, first_again, names)
        yield from _cold(stage, us, began, quick=options.quick)


def _start(stage: Stage, contender: Contender, began: Samples, first: Samples) -> None:
    driver = contender.started(stage)
    try:
        answer = driver.initialize(stage.workspace, contender.options)
        began.add(contender.name, LINES, [answer.at - driver.started])
        if contender.name not in SILENT:
            first.add(contender.name, LINES, [_first(stage, contender, driver) - driver.started])
    except (NoAnswerError, TimeoutError, OSError):
        if contender.name == "sidelight":
            raise
    finally:
        driver.close()


def _first(stage: Stage, contender: Contender, driver: Driver) -> float:
    """When the first suggestion was there. Raises TimeoutError and NoAnswerError."""
    uri = (stage.workspace / "first.py").as_uri()
    OpenFile(driver, uri, source(LINES) + "answer = ")
    ends = time.perf_counter() + FIRST_S
    while time.perf_counter() < ends:
        answer = driver.request(*contender.ask(uri, Position(LINES, 9)))
        if any(texts(answer.result)):
            return answer.at
        time.sleep(0.005)
    raise TimeoutError


def _initialize_line(began: Samples, again: Samples, names: list[str]) -> Line:
    mine = began.median("sidelight", LINES)
    ratio = began.ratio("sidelight", "echo", LINES) or 0.0
    verdicts = [ratio <= ECHO_BOUND]
    echo = unit(began.median("echo", LINES), 1e3, "ms")
    against = [
        held(verdicts[0], f"floor echo {echo} {times(ratio)} <= {ECHO_BOUND}"),
        f"no-op {unit(began.median('no-op', LINES), 1e3, 'ms')}",
    ]
    for name, bound in (("refact", REFACT_BOUND), ("tabby", TABBY_BOUND)):
        ratio_to = began.ratio("sidelight", name, LINES)
        if name in names and ratio_to is not None:
            verdicts.append(ratio_to <= bound)
            value = unit(began.median(name, LINES), 1e3, "ms")
            against.append(held(verdicts[-1], f"{name} {value} {times(ratio_to)} <= {bound}"))
        else:
            against.append(f"{name} n/a")
    return Line(
        1,
        "spawn to initialize, warm broker",
        unit(mine, 1e3, "ms"),
        (*against, _spread(began, again)),
        passed=all(verdicts),
        facts={"s": mine},
    )


def _first_line(first: Samples, again: Samples, names: list[str]) -> Line:
    mine, ratio = first.median("sidelight", LINES), first.ratio("sidelight", "refact", LINES)
    shown = [f"{one} {unit(first.median(one, LINES), 1e3, 'ms')}" for one in names]
    ok = None if ratio is None else ratio <= FIRST_BOUND
    verdict = "refact n/a" if ok is None else held(ok, f"refact {times(ratio)} <= {FIRST_BOUND}")
    return Line(
        2,
        "spawn to first completion, warm broker",
        unit(mine, 1e3, "ms"),
        (*shown, verdict, _spread(first, again)),
        passed=ok,
        facts={"s": mine},
    )


def _spread(samples: Samples, again: Samples) -> str:
    """What the machine's noise makes of equals: Sidelight twice in each round."""
    one, other = samples.median("sidelight", LINES), again.median("sidelight", LINES)
    spread = abs(other / one - 1) if one and other else 0.0
    return f"A/A {spread:.0%}, n={samples.count('sidelight')}"


def _cold(stage: Stage, us: Contender, warm: Samples, *, quick: bool) -> Iterable[Line]:
    """No broker runs: after a boot, an upgrade, a crash."""
    began, first = Samples(), Samples()
    for _ in range(COLD_ROUNDS_QUICK if quick else COLD_ROUNDS):
        stage.end_brokers()
        _start(stage, us, began, first)
    mine, copilot = began.median(us.name, LINES), warm.median("copilot", LINES)
    ok = mine / copilot <= COPILOT_BOUND if mine and copilot else None
    against = "copilot n/a"
    if ok is not None and mine and copilot:
        ratio = f"copilot {copilot * 1e3:.3g} ms {times(mine / copilot)} <= {COPILOT_BOUND}"
        against = held(ok, ratio)
    name = "spawn to initialize, no broker"
    facts = {"s": mine, "copilot": copilot}
    yield Line(1, name, unit(mine, 1e3, "ms"), (against,), passed=ok, facts=facts)
    last = first.median(us.name, LINES)
    shown = unit(last, 1e3, "ms")
    yield Line(2, "spawn to first completion, no broker", shown, facts={"s": last})


SUITE = Suite("startup", frozenset((1, 2)), run)
