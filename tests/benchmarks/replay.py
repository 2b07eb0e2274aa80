"""Figures 6 to 10 in real time: traces typed into real servers, at the speed they were made.

What is judged is the screen: 50 ms after a key, or at the next one, is there a suggestion that agrees
with what is typed next? An editor keeps ghost text while it matches what is typed, as VS Code does.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .contenders import Contender, ask_inline, ours, peers
from .driver import Answer, Driver, NoAnswerError, change, inline, rows_of
from .figures import times
from .more_typists import CHOSEN_ON, made
from .oracle import Ahead, Model, ahead
from .processes import Spent, spent_by
from .report import Line, Options, Suite, held
from .simulator import LOOK_S, position, reachable
from .stage import SIZES, Stage, source, staged
from .traces import Key, Trace, load_folder

KEYS, KEYS_QUICK = 220, 70
SEED = 77
AT_REST = 0.6
"""A pause of the trace longer than this is shortened: nothing new happens in it."""
VISIBLE_BOUND, CANCELLED_BOUND = 0.97, 0.05
PEER_VISIBLE, PEER_REQUESTS, PEER_BYTES, PEER_CPU = 1.15, 0.8, 2.0, (0.2, 0.12, 0.06)
CPU_GROWTH, BYTES_GROWTH = 2.0, 1.1


@dataclass(frozen=True)
class Run:
    """One trace typed into one server."""

    keys: int
    shown: int
    reachable: int
    requests: int
    cancelled: int
    bytes_in: int
    spent: Spent

    @property
    def visible(self) -> float:
        return self.shown / max(self.reachable, 1)


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite."""
    model = Model(options.hit_share, options.latency_ms / 1000, options.suggestion_lines or 1)
    with staged() as stage:
        stage.warm_up()
        us, others = ours(stage), peers(stage, options.peers)
        found: dict[tuple[str, int], list[Run]] = {}
        for size, trace in _traces(options):
            for contender in (us, *others):
                try:
                    row = typed(stage, contender, trace, model)
                except (NoAnswerError, OSError):
                    continue
                found.setdefault((contender.name, size), []).append(row)
        yield from _lines(found, [one.name for one in others])


def _traces(options: Options) -> Iterator[tuple[int, Trace]]:
    """Each trace, and the size of the file it is typed in."""
    if options.traces is not None:
        yield from ((trace.start.count("\n"), trace) for trace in load_folder(options.traces))
        return
    keys = KEYS_QUICK if options.quick else KEYS
    families = CHOSEN_ON[:1] if options.quick else CHOSEN_ON[:2]
    for trace in made(families, seed=SEED, per_family=1, keys=keys):
        for size in SIZES:
            yield size, _within(trace, source(size))


def _within(trace: Trace, above: str) -> Trace:
    """The trace at the end of a large file."""
    by = len(above)
    keys = tuple(Key(key.t, key.at + by, key.delete, key.insert) for key in trace.keys)
    name = f"{above.count(chr(10))}_{trace.name}"
    return Trace(name, trace.language, above + trace.start, keys, above + trace.final, trace.family)


def typed(stage: Stage, contender: Contender, trace: Trace, model: Model) -> Run:
    """Type a trace in real time. Raises NoAnswerError when the server does not start."""
    stage.stub.oracle(
        name=trace.name,
        final=trace.final,
        hit_share=model.hit_share,
        latency_s=model.latency_s,
        lines=model.lines,
    )
    driver = contender.start(stage)
    try:
        uri = (stage.workspace / trace.name.replace("/", "_")).with_suffix(".py").as_uri()
        driver.open(uri, trace.start, trace.language)
        driver.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": _at(0, 0)})
        pids = contender.processes(driver.process.pid)
        before = spent_by(pids)
        editor = _Editor(contender, driver, uri, trace)
        shown = editor.type_all()
        spent = spent_by(pids) - before
        counts = stage.stub.counts()
    finally:
        driver.close()
    return Run(
        len(trace.keys),
        shown,
        reachable(trace, editor.futures, model),
        counts["requests"],
        counts["cancelled"],
        counts["bytes_in"],
        spent,
    )


class _Editor:
    """Types, asks at each key, and looks at the screen."""

    def __init__(self, contender: Contender, driver: Driver, uri: str, trace: Trace) -> None:
        self._contender, self._driver, self._uri, self._trace = contender, driver, uri, trace
        self.futures: list[Ahead] = ahead(trace)
        self._text = trace.start
        self._version = 1
        self._asked = 0
        self._column = 0
        self._ghost = ""
        driver.screen = self._answered

    def type_all(self) -> int:
        """How often the right text was on the screen in time."""
        shown, at = 0, time.perf_counter()
        last_t = self._trace.keys[0].t
        for number, (key, now) in enumerate(zip(self._trace.keys, self.futures, strict=True)):
            at += min(key.t - last_t, AT_REST)
            last_t = key.t
            _until(at)
            self._press(key)
            following = self._trace.keys[number + 1 : number + 2]
            gap = min(following[0].t - key.t, AT_REST) if following else LOOK_S
            _until(at + min(LOOK_S, gap))
            ghost = self._ghost
            shown += bool(ghost) and now.place is not None and now.right.startswith(ghost)
        return shown

    def _press(self, key: Key) -> None:
        start = position(self._text, key.at)
        end = position(self._text, key.at + key.delete)
        kept = key.insert and not key.delete and self._ghost.startswith(key.insert)
        self._ghost = self._ghost[len(key.insert) :] if kept else ""
        text = self._text
        self._text = text[: key.at] + key.insert + text[key.at + key.delete :]
        if not key.moves_only:
            self._version += 1
            self._driver.notify(
                "textDocument/didChange",
                change(
                    self._uri,
                    self._version,
                    (start.line, start.character),
                    (end.line, end.character),
                    key.insert,
                ),
            )
        if self._asked:
            self._driver.notify("$/cancelRequest", {"id": self._asked})
        at = position(self._text, key.at + len(key.insert))
        self._column = at.character
        if self._contender.ask is ask_inline:
            params = inline(self._uri, at.line, at.character)
            self._asked = self._driver.send("textDocument/inlineCompletion", params)
        else:
            self._asked = self._driver.send(*self._contender.ask(self._uri, at.line, at.character))

    def _answered(self, answer: Answer, number: int) -> None:
        # An answer out of the cache may be here before `send` has returned.
        if number >= self._asked and answer.error is None:
            offered = _offered(answer.result, self._column)
            if offered:
                self._ghost = offered


def _offered(result: object, column: int) -> str:
    """The first suggestion's text from the cursor on."""
    choices = rows_of(result, "choices")
    if choices:
        return str(choices[0].get("code_completion", ""))
    rows = rows_of(result)
    if not rows:
        return ""
    row = rows[0]
    edit: dict[str, Any] = row.get("textEdit") or {}
    text = str(edit.get("newText") or row.get("insertText") or "")
    place: dict[str, Any] | None = edit.get("range") or row.get("range")
    begins: int = place["start"]["character"] if place else column
    return text[max(column - begins, 0) :]


def _until(moment: float) -> None:
    left_s = moment - time.perf_counter()
    if left_s > 0:
        time.sleep(left_s)


def _at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def _lines(found: dict[tuple[str, int], list[Run]], names: list[str]) -> Iterable[Line]:
    def total(name: str) -> list[Run]:
        return [row for (who, _), rows in found.items() if who == name for row in rows]

    def per_key(rows: list[Run], what: str) -> float:
        keys = sum(row.keys for row in rows)
        return sum(getattr(row, what) for row in rows) / keys if keys else 0.0

    mine = total("sidelight")
    theirs = {name: total(name) for name in names if total(name)}
    visible = sum(row.shown for row in mine) / max(sum(row.reachable for row in mine), 1)
    shown = [
        f"{name} {sum(r.shown for r in rows) / max(sum(r.reachable for r in rows), 1):.2f}"
        for name, rows in theirs.items()
    ]
    yield Line(
        6,
        "right within 50 ms, share of the limit, real time",
        f"{visible:.2f}",
        (*shown, held(visible >= VISIBLE_BOUND, f">= {VISIBLE_BOUND}")),
        passed=visible >= VISIBLE_BOUND,
        facts={"share": visible},
    )
    requests = 1000 * per_key(mine, "requests")
    tabby = theirs.get("tabby")
    limit = PEER_REQUESTS * 1000 * per_key(tabby, "requests") if tabby else None
    yield Line(
        7,
        "requests per 1,000 keys, real time",
        f"{requests:.0f}",
        (
            *(f"{name} {1000 * per_key(rows, 'requests'):.0f}" for name, rows in theirs.items()),
            "tabby n/a" if limit is None else held(requests <= limit, f"<= {limit:.0f}"),
        ),
        passed=None if limit is None else requests <= limit,
        facts={"per_1000": requests},
    )
    cancelled = sum(row.cancelled for row in mine) / max(sum(row.requests for row in mine), 1)
    yield Line(
        8,
        "cancelled after sending, real time",
        f"{cancelled:.1%}",
        (held(cancelled <= CANCELLED_BOUND, f"<= {CANCELLED_BOUND:.0%}"),),
        passed=cancelled <= CANCELLED_BOUND,
        facts={"share": cancelled},
    )
    yield _bytes_line(found, per_key(mine, "bytes_in"), theirs, tabby)
    yield from _cpu_lines(found, tabby is not None)


def _bytes_line(
    found: dict[tuple[str, int], list[Run]],
    per_key: float,
    theirs: dict[str, list[Run]],
    tabby: list[Run] | None,
) -> Line:
    def per_request(size: int) -> float:
        rows = found.get(("sidelight", size), [])
        return sum(row.bytes_in for row in rows) / max(sum(row.requests for row in rows), 1)

    growth = per_request(SIZES[-1]) / max(per_request(SIZES[0]), 1)
    verdicts = [growth <= BYTES_GROWTH]
    against = [held(verdicts[0], f"per request 20,000:300 {times(growth)} <= {BYTES_GROWTH}")]
    if tabby:
        other = sum(row.bytes_in for row in tabby) / sum(row.keys for row in tabby)
        verdicts.append(per_key <= PEER_BYTES * other)
        against.append(held(verdicts[-1], f"tabby {other:.0f} {times(per_key / other)} <= 2"))
    else:
        against.append("tabby n/a")
    return Line(
        9,
        "bytes per typed key, real time",
        f"{per_key:.0f}",
        tuple(against),
        passed=all(verdicts),
        facts={"bytes": per_key, "growth": growth, "peers": sorted(theirs)},
    )


def _cpu_lines(found: dict[tuple[str, int], list[Run]], peer: bool) -> Iterable[Line]:
    def cpu(name: str, size: int) -> float:
        rows = found.get((name, size), [])
        return 1000 * sum(row.spent.cpu_s for row in rows) / max(sum(r.keys for r in rows), 1)

    for size, bound in zip(SIZES, PEER_CPU, strict=True):
        mine, other = cpu("sidelight", size), cpu("tabby", size)
        ok = mine <= bound * other if peer and other else None
        against = (
            "tabby n/a"
            if ok is None
            else held(ok, f"tabby {other:.2f} s {times(mine / other)} <= {bound}")
        )
        yield Line(
            10,
            f"CPU per 1,000 keys, real time, {size} lines",
            f"{mine:.2f} s",
            (against,),
            passed=ok,
            facts={"s": mine},
        )
    growth = cpu("sidelight", SIZES[-1]) / max(cpu("sidelight", SIZES[0]), 1e-9)
    yield Line(
        10,
        "CPU per 1,000 keys, real time, 20,000:300 lines",
        times(growth),
        (held(growth <= CPU_GROWTH, f"<= {CPU_GROWTH}"),),
        passed=growth <= CPU_GROWTH,
        facts={"growth": growth},
    )


SUITE = Suite("replay", frozenset((6, 7, 8, 9, 10)), run)
