"""Figures 11 and 12: what it costs to be there: memory with one and eight windows, wake-ups at rest."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack

from sidelight_client.api import Position

from .contenders import Contender, ours, texts
from .driver import Driver, NoAnswerError
from .figures import times
from .open_file import OpenFile
from .peers import peers
from .processes import Spent, pss_mib, spent_by
from .report import Line, Options, Suite, held
from .stage import Stage, source, staged

WINDOWS = 8
LINES, IDLE_LINES = 300, 4_200
SETTLE_S, REST_S, REST_QUICK_S = 8.0, 60.0, 15.0
FURTHER_MIB = 5.0
ONE_BOUND, EIGHT_BOUND = 1.6, 0.35
WAKE_UPS, CPU_MS = 12.0, 5.0
TABBY_BOUND = 0.1


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite."""
    with staged() as stage:
        stage.warm_up()
        stage.stub.oracle(fixed="value = 42")
        with ExitStack() as windows:
            yield from _measured(
                stage, windows, peers(stage, options, silent=True), quick=options.quick
            )


def _measured(
    stage: Stage, windows: ExitStack, others: list[Contender], *, quick: bool
) -> Iterable[Line]:
    """One window of each, all at rest together; then seven more of ours."""
    rest_s = REST_QUICK_S if quick else REST_S
    open_peers = [(peer, pid) for peer in others if (pid := _used(stage, windows, peer))]
    us = ours(stage)
    shims = [_window(stage, windows, us, LINES)]
    memory = {peer.name: pss_mib(peer.processes(pid)) for peer, pid in open_peers}
    one = pss_mib([*stage.brokers(), *shims])
    groups = {peer.name: peer.processes(pid) for peer, pid in open_peers}
    resting = _resting({"sidelight": [*stage.brokers(), *shims], **groups}, rest_s)
    shims += [_window(stage, windows, us, IDLE_LINES) for _ in range(WINDOWS - 1)]
    eight = pss_mib([*stage.brokers(), *shims])
    resting_eight = _resting({"sidelight": [*stage.brokers(), *shims]}, rest_s)["sidelight"]
    refact = memory.get("refact")
    yield _memory_line("PSS, one window used", one, refact, ONE_BOUND)
    eight_refacts = None if refact is None else refact * WINDOWS
    yield _memory_line("PSS, eight windows", eight, eight_refacts, EIGHT_BOUND)
    further = (eight - one) / (WINDOWS - 1)
    yield Line(
        11,
        "PSS of a further window",
        f"{further:.1f} MiB",
        (held(further <= FURTHER_MIB, f"<= {FURTHER_MIB} MiB"),),
        passed=further <= FURTHER_MIB,
        facts={"mib": further},
    )
    yield _idle_line(1, resting["sidelight"], resting)
    yield _idle_line(WINDOWS, resting_eight, resting)


def _window(stage: Stage, windows: ExitStack, contender: Contender, lines: int) -> int:
    """Open a window and a file in it, and ask once; the process the editor started."""
    driver = contender.start(stage)
    windows.callback(driver.close)
    _use(stage, contender, driver, lines)
    return driver.process.pid


def _used(stage: Stage, windows: ExitStack, peer: Contender) -> int:
    """The same for a peer; 0 where it did not answer."""
    try:
        return _window(stage, windows, peer, LINES)
    except (NoAnswerError, OSError):
        return 0


def _use(stage: Stage, contender: Contender, driver: Driver, lines: int) -> None:
    """Open a file and ask once, as every window of a working day has."""
    uri = (stage.workspace / f"used_{lines}.py").as_uri()
    OpenFile(driver, uri, source(lines) + "answer = ")
    texts(driver.request(*contender.ask(uri, Position(lines, 9))).result)


def _resting(groups: dict[str, list[int]], rest_s: float) -> dict[str, Spent]:
    """What each group of processes spends in a minute in which nothing happens."""
    time.sleep(SETTLE_S)  # What the last request set off ends first.
    before, began = {name: spent_by(pids) for name, pids in groups.items()}, time.monotonic()
    time.sleep(rest_s)
    minutes = (time.monotonic() - began) / 60
    used = {name: spent_by(pids) - before[name] for name, pids in groups.items()}
    return {
        name: Spent(one.cpu_s / minutes, round(one.waits / minutes)) for name, one in used.items()
    }


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
        verdicts.append(ratio <= TABBY_BOUND)
        told = f"tabby {tabby.waits} wake-ups, {tabby.cpu_s * 1000:.1f} ms"
        against.append(held(verdicts[-1], f"{told}, {times(ratio)} <= {TABBY_BOUND}"))
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
