"""Figures 6 to 10 in real time: traces typed into real servers, at the speed they were made.

What is judged is the screen: 50 ms after a key, or at the next one, is there a suggestion that agrees
with what is typed next? Beside it stands what the simulator says of the same keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .contenders import floor, noop, ours
from .driver import NoAnswerError
from .figures import times
from .live_typing import Run, below, hurried, typed
from .more_typists import made
from .oracle import Model
from .peers import peers
from .report import Line, Options, Suite, held
from .simulator import Figures, Typing
from .stage import SIZES, source, staged
from .traces import Trace, load_folder

KEYS, KEYS_QUICK = 160, 110
IN_EACH_SIZE, IN_EACH_SIZE_QUICK = ("steady", "thinker"), ("steady",)
SIZES_QUICK = (SIZES[0], SIZES[-1])
IN_A_SMALL_FILE, IN_A_SMALL_FILE_QUICK = ("jumper", "heavy_tailed", "prose"), ("jumper", "prose")
"""What the size of a file changes is seen on few families; what is on the screen, on more of them."""
SEED = 77
US = "sidelight"
VISIBLE_BOUND, CANCELLED_BOUND = 0.97, 0.05
PEER_VISIBLE, PEER_REQUESTS, PEER_BYTES, REFACT_BYTES = 1.15, 0.8, 2.0, 0.25
PEER_CPU = (0.2, 0.12, 0.06)
CPU_GROWTH, BYTES_GROWTH = 2.0, 1.1


@dataclass
class Found:
    """All runs, by contender and file size, and what the simulator says of the traces."""

    runs: dict[tuple[str, int], list[Run]] = field(default_factory=dict[tuple[str, int], list[Run]])
    simulated: Figures = field(default_factory=Figures)

    def of(self, name: str, size: int | None = None) -> list[Run]:
        found = self.runs.items()
        return [
            row for (who, at), rows in found if who == name and size in (None, at) for row in rows
        ]

    def smallest_and_largest(self, name: str) -> tuple[list[Run], list[Run]]:
        """The runs in the smallest and in the largest file of those who typed in both."""
        small, large = self.of(name, SIZES[0]), self.of(name, SIZES[-1])
        both = {row.family for row in small} & {row.family for row in large}
        return [r for r in small if r.family in both], [r for r in large if r.family in both]


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite. Raises NoAnswerError when Sidelight itself does not answer."""
    model = Model(options.hit_share, options.latency_ms / 1000, options.suggestion_lines or 1)
    found, names = Found(), list[str]()
    with staged() as stage:
        stage.warm_up()
        others = peers(stage, options, debounced=True)
        names = [one.name for one in others]
        floors = [] if options.quick else [floor(stage), noop(stage)]
        for size, trace in _traces(options):
            found.simulated += Typing(trace, model).run()
            for contender in (ours(stage), *floors, *others):
                try:
                    row = typed(stage, contender, trace, model)
                except (NoAnswerError, OSError) as error:
                    if contender.name == US:
                        raise
                    options.missing[contender.name] = str(error)
                    continue
                found.runs.setdefault((contender.name, size), []).append(row)
    yield from _lines(found, [name for name in names if found.of(name)])


def _traces(options: Options) -> Iterator[tuple[int, Trace]]:
    """Each trace, and the size of the file it is typed in."""
    if options.traces is not None:
        for trace in load_folder(options.traces):
            yield trace.start.count("\n"), hurried(trace)
        return
    keys = KEYS_QUICK if options.quick else KEYS
    sizes = SIZES_QUICK if options.quick else SIZES
    families = IN_EACH_SIZE_QUICK if options.quick else IN_EACH_SIZE
    for trace in made(families, seed=SEED, per_family=1, keys=keys):
        for size in sizes:
            yield size, hurried(below(trace, source(size)))
    others = IN_A_SMALL_FILE_QUICK if options.quick else IN_A_SMALL_FILE
    for trace in made(others, seed=SEED, per_family=1, keys=keys):
        yield sizes[0], hurried(below(trace, source(sizes[0])))


def _per_key(rows: Sequence[Run], what: str) -> float:
    total: float = sum(getattr(row, what) for row in rows)
    return total / max(sum(row.keys for row in rows), 1)


def _visible(rows: Sequence[Run]) -> float:
    return sum(row.shown for row in rows) / max(sum(row.reachable for row in rows), 1)


def _lines(found: Found, names: list[str]) -> Iterable[Line]:
    mine = found.of(US)
    theirs = {name: found.of(name) for name in names}
    yield _visible_line(mine, theirs, found.simulated)
    yield _requests_line(mine, theirs, found.simulated)
    requests = max(sum(row.requests for row in mine), 1)
    cancelled = sum(row.cancelled for row in mine) / requests
    shown = [
        f"{name} {sum(r.cancelled for r in rows) / max(sum(r.requests for r in rows), 1):.0%}"
        for name, rows in theirs.items()
    ]
    simulated = f"simulator {found.simulated.cancelled_share:.1%}"
    bound = held(cancelled <= CANCELLED_BOUND, f"<= {CANCELLED_BOUND:.0%}")
    yield Line(
        8,
        "cancelled after sending, real time",
        f"{cancelled:.1%}",
        (simulated, *shown, bound),
        passed=cancelled <= CANCELLED_BOUND,
        facts={"share": cancelled, "requests": requests},
    )
    yield _bytes_line(found, theirs)
    yield from _cpu_lines(found)


def _visible_line(mine: list[Run], theirs: dict[str, list[Run]], simulated: Figures) -> Line:
    visible = _visible(mine)
    verdicts = [visible >= VISIBLE_BOUND]
    against = [f"simulator {simulated.of_limit:.3f}"]
    by_peer = {name: _visible(rows) for name, rows in theirs.items()}
    if by_peer:
        best = max(by_peer, key=by_peer.__getitem__)
        ratio = visible / max(by_peer[best], 1e-9)
        verdicts.append(ratio >= PEER_VISIBLE)
        against += [f"{name} {share:.2f}" for name, share in by_peer.items()]
        against.append(held(verdicts[-1], f"best {best} {times(ratio)} >= {PEER_VISIBLE}"))
    else:
        against.append("best peer n/a")
    against.append(held(verdicts[0], f">= {VISIBLE_BOUND} of the limit"))
    return Line(
        6,
        "right within 50 ms, share of the limit, real time",
        f"{visible:.3f}",
        (*against, f"n={sum(row.keys for row in mine)}"),
        passed=all(verdicts),
        facts={"share": visible, "simulator": simulated.of_limit, **by_peer},
    )


def _requests_line(mine: list[Run], theirs: dict[str, list[Run]], simulated: Figures) -> Line:
    requests = 1000 * _per_key(mine, "requests")
    by_peer = {name: 1000 * _per_key(rows, "requests") for name, rows in theirs.items()}
    ok = None
    against = [f"simulator {simulated.per_1000:.1f}"]
    against += [f"{name} {value:.0f}" for name, value in by_peer.items() if name != "tabby"]
    if "tabby" in by_peer:
        limit = PEER_REQUESTS * by_peer["tabby"]
        ok = requests <= limit
        ratio = times(requests / max(by_peer["tabby"], 1e-9))
        against.append(held(ok, f"tabby {by_peer['tabby']:.0f} {ratio} <= {PEER_REQUESTS}"))
    else:
        against.append("tabby n/a")
    return Line(
        7,
        "requests per 1,000 keys, real time",
        f"{requests:.1f}",
        tuple(against),
        passed=ok,
        facts={"per_1000": requests, "simulator": simulated.per_1000, **by_peer},
    )


def _bytes_line(found: Found, theirs: dict[str, list[Run]]) -> Line:
    def per_request(rows: Sequence[Run]) -> float:
        return sum(row.bytes_in for row in rows) / max(sum(row.requests for row in rows), 1)

    per_key = _per_key(found.of(US), "bytes_in")
    verdicts, against = list[bool](), list[str]()
    small, large = found.smallest_and_largest(US)
    growth = per_request(large) / per_request(small) if per_request(small) else None
    if growth is not None:
        verdicts.append(growth <= BYTES_GROWTH)
        told = f"per request 20,000:300 {times(growth)} <= {BYTES_GROWTH}"
        against.append(held(verdicts[-1], told))
    by_peer = {name: _per_key(rows, "bytes_in") for name, rows in theirs.items()}
    for name, bound in (("tabby", PEER_BYTES), ("refact", REFACT_BYTES)):
        if by_peer.get(name):
            ratio = per_key / by_peer[name]
            verdicts.append(ratio <= bound)
            told = f"{name} {by_peer[name]:.0f} {times(ratio)} <= {bound}"
            against.append(held(verdicts[-1], told))
        else:
            against.append(f"{name} n/a")
    return Line(
        9,
        "bytes per typed key, real time",
        f"{per_key:.0f}",
        tuple(against),
        passed=all(verdicts) if verdicts else None,
        facts={"bytes": per_key, "growth": growth, **by_peer},
    )


def _cpu_lines(found: Found) -> Iterable[Line]:
    def spent_s(rows: Sequence[Run]) -> float:
        return 1000 * sum(row.spent.cpu_s for row in rows) / max(sum(row.keys for row in rows), 1)

    def cpu_s(name: str, size: int) -> float:
        return spent_s(found.of(name, size))

    sizes = sorted({size for who, size in found.runs if who == US})
    for size in sizes:
        mine, other = cpu_s(US, size), cpu_s("tabby", size)
        bound = next((b for at, b in zip(SIZES, PEER_CPU, strict=True) if at == size), None)
        ok = mine <= bound * other if other and bound is not None else None
        against = "tabby n/a"
        if ok is not None:
            against = held(ok, f"tabby {other:.2f} s {times(mine / other)} <= {bound}")
        floors = [
            f"{name} {cpu_s(name, size):.2f} s {times(mine / max(cpu_s(name, size), 1e-9))}"
            for name in ("echo", "no-op")
            if found.of(name)
        ]
        yield Line(
            10,
            f"CPU per 1,000 keys, real time, {size} lines",
            f"{mine:.2f} s",
            (against, *floors),
            passed=ok,
            facts={"s": mine, "tabby": other},
        )
    small, large = found.smallest_and_largest(US)
    if not small:
        return
    growth = spent_s(large) / max(spent_s(small), 1e-9)
    yield Line(
        10,
        "CPU per 1,000 keys, real time, 20,000:300 lines",
        times(growth),
        (held(growth <= CPU_GROWTH, f"<= {CPU_GROWTH}"),),
        passed=growth <= CPU_GROWTH,
        facts={"growth": growth},
    )


SUITE = Suite("replay", frozenset((6, 7, 8, 9, 10)), run)
