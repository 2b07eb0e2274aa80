"""Figures 11 and 12: what it costs to be there: memory with one and eight windows, wake-ups at rest."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack

from .contenders import Contender, ours, peers, texts
from .driver import Driver, NoAnswerError
from .figures import times
from .processes import Spent, pss_mib, spent_by
from .report import Line, Options, Suite, held
from .stage import Stage, source, staged

WINDOWS = 8
LINES, IDLE_LINES = 300, 4_200
SETTLE_S, REST_S, REST_QUICK_S = 8.0, 60.0, 30.0
FURTHER_MIB = 5.0
ONE_BOUND, EIGHT_BOUND = 1.6, 0.35
WAKE_UPS, CPU_MS = 12.0, 5.0
TABBY_BOUND = 0.1


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite."""
    with staged() as stage:
        stage.warm_up()
        stage.stub.oracle(fixed="value = 42")
        us, others = ours(stage), peers(stage, options.peers)
        rest_s = REST_QUICK_S if options.quick else REST_S
        by_peer: dict[str, tuple[float, Spent]] = {}
        for peer in others:
            try:
                by_peer[peer.name] = _alone(stage, peer, rest_s)
            except (NoAnswerError, OSError):
                continue
        yield from _windows(stage, us, by_peer, rest_s)


def _alone(stage: Stage, peer: Contender, rest_s: float) -> tuple[float, Spent]:
    """A peer's memory after use, and what it spends a minute at rest."""
    driver = peer.start(stage)
    try:
        _use(stage, peer, driver, LINES)
        memory = pss_mib(peer.processes(driver.process.pid))
        return memory, _resting(peer.processes(driver.process.pid), rest_s)
    finally:
        driver.close()


def _windows(
    stage: Stage, us: Contender, by_peer: dict[str, tuple[float, Spent]], rest_s: float
) -> Iterable[Line]:
    with ExitStack() as windows:
        drivers = list[Driver]()

        def window() -> None:
            driver = us.start(stage)
            windows.callback(driver.close)
            drivers.append(driver)
            _use(stage, us, driver, LINES if len(drivers) == 1 else IDLE_LINES)

        def processes() -> list[int]:
            return [*stage.brokers(), *(one.process.pid for one in drivers)]

        window()
        one = pss_mib(processes())
        resting = [_resting(processes(), rest_s)]
        while len(drivers) < WINDOWS:
            window()
        eight = pss_mib(processes())
        resting.append(_resting(processes(), rest_s))
    refact = by_peer.get("refact", (None, None))[0]
    yield _memory_line("PSS, one window used", one, refact, ONE_BOUND)
    yield _memory_line(
        "PSS, eight windows", eight, None if refact is None else refact * WINDOWS, EIGHT_BOUND
    )
    further = (eight - one) / (WINDOWS - 1)
    yield Line(
        11,
        "PSS of a further window",
        f"{further:.1f} MiB",
        (held(further <= FURTHER_MIB, f"<= {FURTHER_MIB} MiB"),),
        passed=further <= FURTHER_MIB,
        facts={"mib": further},
    )
    for count, spent in zip((1, WINDOWS), resting, strict=True):
        yield _idle_line(count, spent, {name: row[1] for name, row in by_peer.items()})


def _use(stage: Stage, contender: Contender, driver: Driver, lines: int) -> None:
    """Open a file and ask once, as every window of a working day has."""
    uri = (stage.workspace / f"used_{lines}.py").as_uri()
    driver.open(uri, source(lines) + "answer = ")
    texts(driver.request(*contender.ask(uri, lines, 9)).result)


def _resting(pids: list[int], rest_s: float) -> Spent:
    """What these processes spend in a minute in which nothing happens."""
    time.sleep(SETTLE_S)  # What the last request set off ends first.
    before, began = spent_by(pids), time.monotonic()
    time.sleep(rest_s)
    minutes = (time.monotonic() - began) / 60
    used = spent_by(pids) - before
    return Spent(used.cpu_s / minutes, round(used.waits / minutes))


def _memory_line(name: str, ours_mib: float, theirs: float | None, bound: float) -> Line:
    ok = None if theirs is None else ours_mib / theirs <= bound
    against = (
        "refact n/a"
        if ok is None or theirs is None
        else held(ok, f"refact {theirs:.0f} MiB {times(ours_mib / theirs)} <= {bound}")
    )
    facts = {"mib": ours_mib}
    return Line(11, name, f"{ours_mib:.1f} MiB", (against,), passed=ok, facts=facts)


def _idle_line(windows: int, spent: Spent, theirs: dict[str, Spent]) -> Line:
    few, cheap = spent.waits <= WAKE_UPS, spent.cpu_s * 1000 <= CPU_MS
    against = [
        held(few, f"<= {WAKE_UPS:.0f} wake-ups"),
        held(cheap, f"<= {CPU_MS:.0f} ms"),
    ]
    verdicts = [few, cheap]
    tabby = theirs.get("tabby")
    if tabby is not None and tabby.waits:
        ratio = spent.waits / tabby.waits
        against.append(f"tabby {tabby.waits} wake-ups, {tabby.cpu_s * 1000:.1f} ms, {times(ratio)}")
    else:
        against.append("tabby n/a")
    return Line(
        12,
        f"a minute at rest, {windows} window{'s' if windows > 1 else ''}",
        f"{spent.waits} wake-ups, {spent.cpu_s * 1000:.1f} ms CPU",
        tuple(against),
        passed=all(verdicts),
        facts={"wake_ups": spent.waits, "cpu_ms": spent.cpu_s * 1000},
    )


SUITE = Suite("footprint", frozenset((11, 12)), run)
