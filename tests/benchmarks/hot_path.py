"""Figures 3, 4, 5 and 10: what a key costs, by time and by CPU, in files of three sizes.

Interleaved: each repetition goes through the files, and at each file through all servers in turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .contenders import Contender, floor, ours, peers, texts
from .driver import ANSWER_S, Driver, NoAnswerError, insertion
from .figures import Samples, times, unit
from .holds import log_length, longest_hold
from .processes import spent_by
from .report import Line, Options, Suite, held
from .stage import SIZES, Stage, source, staged

THROUGH = "value = compute_the_total_of(every_entry_in_the_ledger, of_this_quarter)"
"""What the model says; it is typed up to where the rest would be fetched ahead."""
TYPED = 48
ASKS, ASKS_QUICK = 24, 10
CHANGES, CHANGES_QUICK = 400, 150
REPETITIONS, REPETITIONS_QUICK = 3, 2

PEER_BOUNDS = {
    3: (0.5, 0.2, 0.1),
    4: (0.35, 0.08, 0.03),
    5: (0.6, 0.12, 0.05),
    10: (0.2, 0.12, 0.06),
}
"""Against the best peer, in files of 300, 4,200 and 20,000 lines."""
FLOOR_BOUNDS = {3: 3.0, 4: 10.0, 5: 3.0}
GROWTH_BOUNDS = {3: 2.0, 4: 1.3, 5: 1.5, 10: 2.0}
"""From 300 to 20,000 lines. Figure 5 is to be flat: what is left is the noise of a busy machine."""

NAMES = {
    3: "type-through answer p50",
    4: "added latency, uncached p50",
    5: "didChange",
    10: "CPU per change and answer",
}


@dataclass
class Measured:
    """Everything of one run."""

    by_figure: dict[int, Samples] = field(
        default_factory=lambda: {figure: Samples() for figure in NAMES}
    )
    again: dict[int, Samples] = field(
        default_factory=lambda: {figure: Samples() for figure in NAMES}
    )
    """Sidelight once more in the same turn: what the machine's noise makes of equals (A/A)."""


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite."""
    with staged() as stage:
        stage.warm_up()
        us, least = ours(stage), floor(stage)
        others = peers(stage, options.peers)
        since = log_length(stage)
        yield from lines_of(measured(stage, us, least, others, quick=options.quick), us, others)
        yield longest_hold(stage, since)


def measured(
    stage: Stage, us: Contender, least: Contender, others: list[Contender], *, quick: bool
) -> Measured:
    """All repetitions, interleaved."""
    found = Measured()
    for repetition in range(REPETITIONS_QUICK if quick else REPETITIONS):
        for size in SIZES:
            turn = [us, least, *others]
            turn = turn[repetition % len(turn) :] + turn[: repetition % len(turn)]
            for contender in turn:
                _one(stage, contender, size, found.by_figure, quick=quick)
            _one(stage, us, size, found.again, quick=quick)
    return found


def lines_of(found: Measured, us: Contender, others: list[Contender]) -> Iterable[Line]:
    """One line a figure and size, and one for its growth."""
    names = [one.name for one in others]
    for figure, samples in found.by_figure.items():
        for size, bound in zip(SIZES, PEER_BOUNDS[figure], strict=True):
            yield _line(figure, (samples, found.again[figure]), us.name, names, (size, bound))
        growth = samples.growth(us.name, SIZES[0], SIZES[-1])
        limit = GROWTH_BOUNDS[figure]
        verdict = growth is not None and growth <= limit
        yield Line(
            figure,
            f"{NAMES[figure]}, 20,000:300 lines",
            times(growth),
            (held(verdict, f"<= {limit}"),),
            passed=verdict,
            facts={"growth": growth},
        )


def _line(
    figure: int, both: tuple[Samples, Samples], us: str, names: list[str], at: tuple[int, float]
) -> Line:
    """`both` are ours and ours once more; `at` is the file's size and the bound against peers."""
    (samples, again), (size, bound) = both, at
    mine = samples.median(us, size)
    spread = abs((again.median(us, size) or 0.0) / mine - 1) if mine else 0.0
    against, verdicts = list[str](), list[bool]()
    best = samples.best(names, size)
    if best is None:
        against.append("best peer n/a")
    else:
        ratio = samples.ratio(us, best, size) or 0.0
        verdicts.append(ratio <= bound)
        value = unit(samples.median(best, size), 1e6, "us")
        against.append(held(verdicts[-1], f"best {best} {value} {times(ratio)} <= {bound}"))
    if figure in FLOOR_BOUNDS:
        ratio = samples.ratio(us, "echo", size) or 0.0
        # A quantity this small moves by what the same server moved in this run.
        limit = FLOOR_BOUNDS[figure] * (1 + spread)
        verdicts.append(ratio <= limit)
        value = unit(samples.median("echo", size), 1e6, "us")
        against.append(held(verdicts[-1], f"floor echo {value} {times(ratio)} <= {limit:.2f}"))
    against.append(f"A/A {spread:.0%}, n={samples.count(us)}")
    return Line(
        figure,
        f"{NAMES[figure]}, {size} lines",
        unit(mine, 1e6, "us"),
        tuple(against),
        passed=all(verdicts) if verdicts else None,
        facts={"us": mine, **{name: samples.median(name, size) for name in (*names, "echo")}},
    )


# --- one server, one file --------------------------------------------------------------------


def _one(
    stage: Stage, contender: Contender, size: int, into: dict[int, Samples], *, quick: bool
) -> None:
    try:
        driver = contender.start(stage)
    except NoAnswerError:
        return
    try:
        bench = Bench(stage, contender, driver, size)
        asks = ASKS_QUICK if quick else ASKS
        for figure, measure in (
            (4, lambda: bench.uncached(asks)),
            (3, lambda: bench.through(max(asks // 4, 2))),
            (5, lambda: bench.changes(CHANGES_QUICK if quick else CHANGES)),
        ):
            _kept(into[figure], contender, size, measure)
        if bench.cpu_s:
            into[10].add(contender.name, size, bench.cpu_s)
    finally:
        driver.close()


def _kept(
    into: Samples, contender: Contender, size: int, measure: Callable[[], list[float]]
) -> None:
    try:
        values = measure()
    except (NoAnswerError, OSError):
        return
    if values:
        into.add(contender.name, size, values)


class Bench:
    """One open file in one server."""

    def __init__(self, stage: Stage, contender: Contender, driver: Driver, size: int) -> None:
        self._stage, self._contender, self._driver = stage, contender, driver
        self._uri = (stage.workspace / f"bench_{size}.py").as_uri()
        text = source(size)
        self._line = min(size // 2, text.count("\n") - 1)
        self._version = 1
        self._fresh = 0
        self.cpu_s: list[float] = []
        driver.open(self._uri, text)
        driver.request("textDocument/hover", self._hover())

    def uncached(self, asks: int) -> list[float]:
        """Seconds a question takes beyond what the gateway held it, each at a place never asked."""
        stub = self._stage.stub
        stub.oracle(fixed=THROUGH)
        took: list[float] = []
        for number in range(asks + 1):
            column = self._new_line(f"answer_{self._fresh}_{number} = ")
            began = time.perf_counter()
            answer = self._driver.request(*self._contender.ask(self._uri, self._line, column))
            if number:
                took.append(answer.at - began)
        held_s = sorted(stub.counts()["held_s"]) or [0.0]
        least = held_s[len(held_s) // 2]
        return [seconds - least for seconds in took]

    def through(self, suggestions: int) -> list[float]:
        """Seconds to an answer while what was suggested is typed."""
        took: list[float] = []
        for _ in range(suggestions):
            column = self._new_line("")
            first = self._driver.request(*self._contender.ask(self._uri, self._line, column))
            if self._contender.name != "echo" and not any(texts(first.result)):
                return []
            before = spent_by(self._contender.processes(self._driver.process.pid))
            for character in THROUGH[:TYPED]:
                began = time.perf_counter()
                self._insert(column, character)
                column += 1
                asked = self._contender.ask(self._uri, self._line, column)
                took.append(self._driver.request(*asked).at - began)
            after = spent_by(self._contender.processes(self._driver.process.pid))
            self.cpu_s.append((after - before).cpu_s / TYPED)
        return took

    def changes(self, count: int) -> list[float]:
        """Seconds a change takes, by many of them and a question at the end."""
        column = self._new_line("")
        began = time.perf_counter()
        for number in range(count):
            self._insert(column + number, "x")
        done = self._driver.request("textDocument/hover", self._hover(), ANSWER_S)
        return [(done.at - began) / count]

    def _new_line(self, text: str) -> int:
        """Begin a line that holds `text`; the column behind it."""
        self._fresh += 1
        self._version += 1
        self._driver.notify(
            "textDocument/didChange",
            insertion(self._uri, self._version, self._line, 0, text + "\n"),
        )
        return len(text)

    def _insert(self, column: int, text: str) -> None:
        self._version += 1
        self._driver.notify(
            "textDocument/didChange",
            insertion(self._uri, self._version, self._line, column, text),
        )

    def _hover(self) -> dict[str, object]:
        return {
            "textDocument": {"uri": self._uri},
            "position": {"line": self._line, "character": 0},
        }


SUITE = Suite("hot_path", frozenset((*NAMES, 13)), run)
