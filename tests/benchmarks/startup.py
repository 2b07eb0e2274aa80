"""Figures 1 and 2: how long an editor waits for `initialize` and for its first completion."""

from __future__ import annotations

import time
from collections.abc import Iterable

from .contenders import Contender, floor, ours, peers, texts
from .driver import Driver, NoAnswerError
from .figures import Samples, times, unit
from .report import Line, Options, Suite, held
from .stage import Stage, source, staged

ROUNDS, ROUNDS_QUICK = 11, 5
COLD_ROUNDS, COLD_ROUNDS_QUICK = 5, 3
LINES = 300
FIRST_S = 20.0
ECHO_BOUND = 2.5
REFACT_BOUND, TABBY_BOUND, FIRST_BOUND = 1.5, 0.15, 0.7


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite."""
    with staged() as stage:
        stage.warm_up()
        stage.stub.oracle(fixed="value = 42")
        us, least, others = ours(stage), floor(stage), peers(stage, options.peers)
        began, first = Samples(), Samples()
        for _ in range(ROUNDS_QUICK if options.quick else ROUNDS):
            for contender in (us, least, *others):
                _start(stage, contender, began, first, echo=contender is least)
        yield _initialize_line(began, [one.name for one in others])
        yield _first_line(first, [one.name for one in others])
        yield from _cold(stage, us, quick=options.quick)


def _start(
    stage: Stage, contender: Contender, began: Samples, first: Samples, *, echo: bool
) -> None:
    driver = Driver.start(contender.command, contender.environment, stage.workspace)
    try:
        answer = driver.initialize(stage.workspace, contender.options)
        began.add(contender.name, LINES, [answer.at - driver.started])
        if not echo:
            first.add(contender.name, LINES, [_first(stage, contender, driver) - driver.started])
    except (NoAnswerError, TimeoutError, OSError):
        pass
    finally:
        driver.close()


def _first(stage: Stage, contender: Contender, driver: Driver) -> float:
    """When the first suggestion was there. Raises TimeoutError and NoAnswerError."""
    uri = (stage.workspace / "first.py").as_uri()
    driver.open(uri, source(LINES) + "answer = ")
    ends = time.perf_counter() + FIRST_S
    while time.perf_counter() < ends:
        answer = driver.request(*contender.ask(uri, LINES, 9))
        if any(texts(answer.result)):
            return answer.at
        time.sleep(0.005)
    raise TimeoutError


def _initialize_line(began: Samples, names: list[str]) -> Line:
    mine = began.median("sidelight", LINES)
    ratio = began.ratio("sidelight", "echo", LINES) or 0.0
    verdicts = [ratio <= ECHO_BOUND]
    echo = unit(began.median("echo", LINES), 1e3, "ms")
    against = [held(verdicts[0], f"floor echo {echo} {times(ratio)} <= {ECHO_BOUND}")]
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
        tuple(against),
        passed=all(verdicts),
        facts={"s": mine},
    )


def _first_line(first: Samples, names: list[str]) -> Line:
    mine, ratio = first.median("sidelight", LINES), first.ratio("sidelight", "refact", LINES)
    shown = [f"{one} {unit(first.median(one, LINES), 1e3, 'ms')}" for one in names]
    ok = None if ratio is None else ratio <= FIRST_BOUND
    verdict = "refact n/a" if ok is None else held(ok, f"refact {times(ratio)} <= {FIRST_BOUND}")
    return Line(
        2,
        "spawn to first completion, warm broker",
        unit(mine, 1e3, "ms"),
        (*shown, verdict),
        passed=ok,
        facts={"s": mine},
    )


def _cold(stage: Stage, us: Contender, *, quick: bool) -> Iterable[Line]:
    """No broker runs: after a boot, an upgrade, a crash."""
    began, first = Samples(), Samples()
    for _ in range(COLD_ROUNDS_QUICK if quick else COLD_ROUNDS):
        stage.end_brokers()
        _start(stage, us, began, first, echo=False)
    for samples, what in ((began, "initialize"), (first, "first completion")):
        yield Line(
            1 if samples is began else 2,
            f"spawn to {what}, no broker",
            unit(samples.median(us.name, LINES), 1e3, "ms"),
            ("copilot n/a",),
            facts={"s": samples.median(us.name, LINES)},
        )


SUITE = Suite("startup", frozenset((1, 2)), run)
