"""Figures 6, 7 and 8 by the simulator: what is on the screen in time, and what it costs.

Deterministic: the same files and seeds give the same numbers on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sidelight_lsp.deciding.policy import FRUGAL_LINES

from .judging_typists import JUDGING
from .more_typists import CHOSEN_ON, HELD_OUT, made
from .naive import debounced
from .optimum import fewest_per_1000
from .oracle import Model
from .purses import Bucket, Held
from .report import Line, Options, Suite, held
from .simulator import Figures, Typing
from .traces import Trace, load_folder

SEED = 2026
KEYS = 400
PER_FAMILY, PER_FAMILY_QUICK = 10, 4
POOR_PER_KEY = 0.016
"""120 requests an hour over 7,200 keys an hour are 17 in 1,000 keys; a little is kept in hand."""

BUCKET_PER_HOUR, BUCKET_BURST, BUCKET_KEYS = 120.0, 20.0, 3000
MANY_LINES = 4
NAIVE_S = (0.075, 0.35)

ONE_LINE = (0.97, 60.0)
FOUR_LINES = (0.94, 30.0)
"""The least share of the limit, and the most requests in 1,000 keys."""

POOR = (0.80, 17.0)
BUCKET_VISIBLE = 0.60
MOST_CANCELLED = 0.05


def run(options: Options) -> Iterable[Line]:
    """The lines of the suite."""
    groups = groups_of(options)
    everything = [trace for traces in groups.values() for trace in traces]
    for lines in (options.suggestion_lines,) if options.suggestion_lines else (1, MANY_LINES):
        model = Model(options.hit_share, options.latency_ms / 1000, lines)
        for name, traces in groups.items():
            figures = typed(traces, model)
            yield eager_line(f"{lines}-line suggestions, {name}", figures, lines)
            for family in sorted({trace.family for trace in traces}):
                some = typed([trace for trace in traces if trace.family == family], model)
                yield Line(6, f"  {family}", described(some), facts=facts_of(some))
        if not options.quick:
            yield from needed(everything, model)
        for debounce_s in NAIVE_S:
            total = Figures()
            for trace in everything:
                total += debounced(trace, model, debounce_s)
            name = f"  baseline: debounce of {debounce_s * 1000:.0f} ms, {lines}-line"
            yield Line(6, name, described(total), facts=facts_of(total))
    # Out of a tight budget many lines are asked for at once, whatever the eager figures were.
    several = max(options.suggestion_lines or MANY_LINES, MANY_LINES)
    many = Model(options.hit_share, options.latency_ms / 1000, several)
    yield poor_line(typed(everything, many, Held(POOR_PER_KEY)))
    families = sorted({trace.family for trace in everything})
    drained = {family: drain(everything, family, many) for family in families}
    yield bucket_line(sum(drained.values(), Figures()))
    for family, some in drained.items():
        yield Line(7, f"  {family}", described(some), facts=facts_of(some))
    # The client asks for more lines than it shows there; how right they are is only the model's word.
    further = replace(many, lines=max(several, FRUGAL_LINES))
    longer = sum((drain(everything, family, further) for family in families), Figures())
    name = f"  with the {further.lines} lines it asks for then"
    yield Line(7, name, described(longer), facts=facts_of(longer))


def groups_of(options: Options) -> dict[str, list[Trace]]:
    """The traces: from outside, or made ones apart from those the constants were chosen on."""
    if options.traces is not None:
        return {"traces from outside": load_folder(options.traces)}
    count = PER_FAMILY_QUICK if options.quick else PER_FAMILY
    return {
        "held out": made(HELD_OUT, seed=SEED, per_family=count, keys=KEYS),
        "chosen on": made(CHOSEN_ON, seed=SEED, per_family=count, keys=KEYS),
        "judging": made(tuple(JUDGING), seed=SEED, per_family=count, keys=KEYS),
    }


def typed(traces: Sequence[Trace], model: Model, allowance: Held | None = None) -> Figures:
    """All traces, each typed into a policy that knows nothing of the others."""
    total = Figures()
    for trace in traces:
        total += Typing(trace, model, allowance).run()
    return total


def needed(traces: Sequence[Trace], model: Model) -> Iterable[Line]:
    """How many requests the figure takes at the least, by family and for all, whatever the policy."""
    share, most = ONE_LINE if model.lines == 1 else FOUR_LINES
    parts = {"all": list(traces)}
    for trace in traces:
        parts.setdefault(trace.family, []).append(trace)
    for family, some in sorted(parts.items()):
        least = fewest_per_1000(some, model, share)
        beyond = f", more than the {most:.0f} allowed" if least > most else ""
        yield Line(
            6,
            f"  no policy with less, {model.lines}-line, {family}",
            f"{least:.1f} requests/1k keys for {share:.2f} of the limit{beyond}",
            facts={"least_requests_per_1000_keys": least},
        )


def eager_line(name: str, figures: Figures, lines: int) -> Line:
    share, most = ONE_LINE if lines == 1 else FOUR_LINES
    seen, cheap = figures.of_limit >= share, figures.per_1000 <= most
    kept = figures.cancelled_share <= MOST_CANCELLED
    line = _line(
        6,
        f"right suggestion 50 ms after the key, {name}",
        figures,
        (
            (seen, f">={share:.2f} of the limit"),
            (cheap, f"<={most:.0f} requests"),
            (kept, f"<={MOST_CANCELLED:.2f} cancelled"),
        ),
    )
    # The share stands for figure 6, the requests it takes to reach it for 7, those in vain for 8.
    return replace(line, verdicts={6: seen, 7: seen and cheap, 8: kept})


def poor_line(figures: Figures) -> Line:
    share, most = POOR
    return _line(
        7,
        "the same while the budget is tight",
        figures,
        (
            (figures.of_limit >= share, f">={share:.2f} of the limit"),
            (figures.per_1000 <= most, f"<={most:.0f} requests"),
        ),
    )


def drain(traces: Sequence[Trace], family: str, model: Model) -> Figures:
    """A family typed without a break under one hard bucket, until it has typed enough keys."""
    total = Figures()
    bucket, begins_s, keys = Bucket(BUCKET_PER_HOUR, BUCKET_BURST), 0.0, 0
    for trace in [one for one in traces if one.family == family]:
        if keys >= BUCKET_KEYS:
            break
        total += Typing(trace, model, bucket).run(begins_s)
        begins_s += trace.keys[-1].t + 1.0
        keys += len(trace.keys)
    return total


def bucket_line(total: Figures) -> Line:
    dry = total.refused > 0 or (total.driest is not None and total.driest < 1.0)
    return _line(
        7,
        "the same under a hard 120 an hour",
        total,
        (
            (total.visible >= BUCKET_VISIBLE, f">={BUCKET_VISIBLE:.2f} visible"),
            (not dry, f"never dry (least left {total.driest or 0:.1f})"),
        ),
    )


def described(figures: Figures) -> str:
    return (
        f"{figures.visible:.3f} visible, {figures.of_limit:.3f} of the limit {figures.limit:.3f}, "
        f"{figures.per_1000:.1f} requests/1k keys, {figures.cancelled_share:.3f} cancelled, "
        f"n={figures.keys}"
    )


def facts_of(figures: Figures) -> dict[str, float | None]:
    return {
        "keys": figures.keys,
        "visible": figures.visible,
        "of_limit": figures.of_limit,
        "limit": figures.limit,
        "requests_per_1000_keys": figures.per_1000,
        "cancelled_share": figures.cancelled_share,
        "least_left": figures.driest,
    }


def _line(number: int, name: str, figures: Figures, bounds: tuple[tuple[bool, str], ...]) -> Line:
    return Line(
        number,
        name,
        described(figures),
        tuple(held(ok, text) for ok, text in bounds),
        all(ok for ok, _ in bounds),
        facts_of(figures),
    )


SUITE = Suite("policy", frozenset((6, 7, 8)), run)
