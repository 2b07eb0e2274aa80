"""Figures 3, 4, 5 and 10: what a key costs, by time and by CPU, in files of three sizes.

Interleaved: each repetition goes through the files, and at each file through all servers in turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sidelight_client.api import Position

from .contenders import Contender, asking_floor, floor, noop, ours, texts
from .driver import ANSWER_S, WHOLE, Answer, Driver, NoAnswerError
from .figures import Samples, times, unit
from .holds import log_length, longest_hold
from .open_file import OpenFile, place
from .peers import peers
from .processes import spent_by
from .report import Line, Options, Suite, held
from .stage import SIZES, Stage, source, staged

THROUGH = "value = compute_the_total_of(every_entry_in_the_ledger, of_this_quarter)"
"""What the model says; it is typed up to where the rest would be fetched ahead."""
TYPED = 48
ASKS, ASKS_QUICK = 24, 7
CHANGES, CHANGES_QUICK = 400, 120
WHOLE_CHANGES = 40
"""So many where each carries the whole file."""
REPETITIONS, REPETITIONS_QUICK = 3, 2

PEER_BOUNDS = {
    3: (0.5, 0.2, 0.1),
    4: (0.35, 0.08, 0.03),
    5: (0.6, 0.12, 0.05),
    10: (0.2, 0.12, 0.06),
}
"""Against the best peer, in files of 300, 4,200 and 20,000 lines."""
FLOOR_BOUNDS = {3: 3.0, 4: 10.0, 5: 3.0}
FLOORS = {3: "echo", 4: "asking echo", 5: "echo", 10: "echo"}
"""What a figure is held against: the least a Python program does for the same messages."""
ALL_FLOORS = ("echo", "asking echo", "no-op")
SILENT = ("echo", "no-op")
UNASKED = frozenset((3, 5, 10))
"""Figures in which no gateway is asked: the no-op language server is printed beside them."""
GROWTH_BOUNDS = {3: 2.0, 4: 1.3, 5: 1.5, 10: 2.0}
"""From 300 to 20,000 lines. Figure 5 is to be flat: what is left is the noise of a busy machine."""

MOST_SPREAD = 0.5
"""Where Sidelight differs from itself by more than this, a time says more of the machine."""
US, PEER_OF_CPU = "sidelight", "tabby"

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
        us, others = ours(stage), peers(stage, options)
        floors = [floor(stage), asking_floor(stage), noop(stage)]
        since = log_length(stage)
        found = measured(stage, us, [*floors, *others], quick=options.quick)
        yield from lines_of(found, us, others)
        yield longest_hold(stage, since)


def measured(stage: Stage, us: Contender, others: list[Contender], *, quick: bool) -> Measured:
    """All repetitions, interleaved."""
    found = Measured()
    for repetition in range(REPETITIONS_QUICK if quick else REPETITIONS):
        for size in SIZES:
            turn = [us, *others]
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
        both = (samples, found.again[figure])
        spread = max(_spread(both, us.name, size) for size in (SIZES[0], SIZES[-1]))
        verdict = None
        if growth is not None and (figure not in FLOOR_BOUNDS or spread <= MOST_SPREAD):
            verdict = growth <= limit
        judged = f"<= {limit}" if verdict is None else held(verdict, f"<= {limit}")
        yield Line(
            figure,
            f"{NAMES[figure]}, 20,000:300 lines",
            times(growth),
            (judged, f"A/A {spread:.0%}"),
            passed=verdict,
            facts={"growth": growth, "spread": spread},
        )


def _spread(both: tuple[Samples, Samples], us: str, size: int) -> float:
    """By how much Sidelight differs from itself in one run."""
    one, other = both[0].median(us, size), both[1].median(us, size)
    return max(one, other) / min(one, other) - 1 if one and other and min(one, other) > 0 else 0.0


def _line(
    figure: int, both: tuple[Samples, Samples], us: str, names: list[str], at: tuple[int, float]
) -> Line:
    """`both` are ours and ours once more; `at` is the file's size and the bound against peers."""
    samples, (size, bound) = both[0], at
    mine = samples.median(us, size)
    spread = _spread(both, us, size)
    against, verdicts = list[str](), list[bool]()
    # Figure 10 is held against one peer, the others against the best.
    best = samples.best([one for one in names if figure != 10 or one == PEER_OF_CPU], size)
    to_peer = samples.ratio(us, best, size) if best is not None else None
    if best is None or to_peer is None:
        against.append(f"{PEER_OF_CPU if figure == 10 else 'best peer'} n/a")
    else:
        verdicts.append(to_peer <= bound)
        value = unit(samples.median(best, size), 1e6, "us")
        against.append(held(verdicts[-1], f"best {best} {value} {times(to_peer)} <= {bound}"))
    least = FLOORS[figure]
    ratio = samples.ratio(us, least, size)
    against_floor = f"floor {least} {unit(samples.median(least, size), 1e6, 'us')} {times(ratio)}"
    if figure in FLOOR_BOUNDS and ratio is not None:
        # A quantity this small moves by what the same server moved in this run.
        limit = FLOOR_BOUNDS[figure] * (1 + spread)
        verdicts.append(ratio <= limit)
        against.append(held(verdicts[-1], f"{against_floor} <= {limit:.2f}"))
    else:
        against.append(against_floor)
    if figure in UNASKED:
        library = unit(samples.median("no-op", size), 1e6, "us")
        against.append(f"no-op {library} {times(samples.ratio(us, 'no-op', size))}")
    if too_busy := figure in FLOOR_BOUNDS and spread > MOST_SPREAD:
        against.append("too busy a machine to judge a time")
    against.append(f"A/A {spread:.0%}, n={samples.count(us)}")
    return Line(
        figure,
        f"{NAMES[figure]}, {size} lines",
        unit(mine, 1e6, "us"),
        tuple(against),
        passed=all(verdicts) if verdicts and not too_busy else None,
        facts={
            "ours": mine,
            "spread": spread,
            **{name: samples.median(name, size) for name in (*names, *ALL_FLOORS)},
        },
    )


# --- one server, one file --------------------------------------------------------------------


def _one(
    stage: Stage, contender: Contender, size: int, into: dict[int, Samples], *, quick: bool
) -> None:
    try:
        driver = contender.start(stage)
    except NoAnswerError:
        if contender.name == US:
            raise
        return
    try:
        bench = Bench(stage, contender, driver, size)
        asks = ASKS_QUICK if quick else ASKS
        for figure, measure in (
            (4, lambda: bench.uncached(asks)),
            (3, lambda: bench.through(max(asks // 6, 1))),
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
        text = source(size)
        self._line = min(size // 2, text.count("\n") - 1)
        self._fresh = 0
        self.cpu_s: list[float] = []
        self._file = OpenFile(driver, (stage.workspace / f"bench_{size}.py").as_uri(), text)
        self._wait_until_taken()

    def uncached(self, asks: int) -> list[float]:
        """Seconds a question takes beyond what the gateway held it, each at a place never asked."""
        stub = self._stage.stub
        stub.oracle(fixed=THROUGH)
        took: list[float] = []
        answered = 0
        for number in range(asks + 1):
            text = f"answer_{self._fresh}_{number} = "
            began, answer = self._asked(self._new_line(text), len(text))
            answered += any(texts(answer.result))
            if number:
                took.append(answer.at - began)
        if not answered:
            return []
        held_s = sorted(stub.counts()["held_s"]) or [0.0]
        least = held_s[len(held_s) // 2]
        return [seconds - least for seconds in took]

    def through(self, suggestions: int) -> list[float]:
        """Seconds to an answer while what was suggested is typed."""
        took: list[float] = []
        for _ in range(suggestions):
            _, first = self._asked(self._new_line(""), 0)
            if self._contender.name not in SILENT and not any(texts(first.result)):
                return []
            before = spent_by(self._contender.processes(self._driver.process.pid))
            for column, character in enumerate(THROUGH[:TYPED]):
                edit = self._inserted(column, character)
                began, answer = self._asked(edit, column + 1)
                took.append(answer.at - began)
            after = spent_by(self._contender.processes(self._driver.process.pid))
            self.cpu_s.append((after - before).cpu_s / TYPED)
        return took

    def changes(self, count: int) -> list[float]:
        """Seconds a change takes, by many of them and a question at the end."""
        self._driver.write(self._new_line(""))
        count = min(count, WHOLE_CHANGES) if self._driver.sync == WHOLE else count
        edits = [self._inserted(number, "x") for number in range(count)]
        began = time.perf_counter()
        for edit in edits:
            self._driver.write(edit)
        return [(self._wait_until_taken() - began) / count]

    def _asked(self, edit: bytes, column: int) -> tuple[float, Answer]:
        """When the edit was sent, and the answer to the question behind it."""
        method, params = self._contender.ask(self._file.uri, Position(self._line, column))
        began = time.perf_counter()
        self._driver.write(edit)
        return began, self._driver.request(method, params)

    def _new_line(self, text: str) -> bytes:
        """Begin a line that holds `text`."""
        self._fresh += 1
        return self._inserted(0, text + "\n")

    def _inserted(self, column: int, text: str) -> bytes:
        at = Position(self._line, column)
        return self._file.edited(at, at, text)

    def _wait_until_taken(self) -> float:
        """When a question behind all changes was answered; what it is does not matter."""
        where = {
            "textDocument": {"uri": self._file.uri},
            "position": place(Position(self._line, 0)),
        }
        return self._driver.request("textDocument/hover", where, ANSWER_S).at


SUITE = Suite("hot_path", frozenset((*NAMES, 13)), run)
