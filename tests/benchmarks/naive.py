"""The baseline of the same run: a fixed debounce that cancels at each key and remembers nothing.

The editor keeps a suggestion on the screen while it matches what is typed, as VS Code does.
"""

from __future__ import annotations

from .oracle import Model, ahead, answer, latency_s
from .simulator import LOOK_S, Figures, reachable
from .traces import Trace


def debounced(trace: Trace, model: Model, debounce_s: float) -> Figures:
    """What a debounce of `debounce_s` shows on a trace, and what it costs."""
    futures = ahead(trace)
    right = requests = cancelled = 0
    screen = ""
    for number, (key, now) in enumerate(zip(trace.keys, futures, strict=True)):
        typed = key.insert if not key.delete else ""
        screen = screen[len(typed) :] if typed and screen.startswith(typed) else ""
        next_s = trace.keys[number + 1].t if number + 1 < len(trace.keys) else key.t + 5
        arrives_s = next_s
        if not screen and key.t + debounce_s < next_s:
            arrives_s = key.t + debounce_s + latency_s(model, requests)
            requests += 1
            cancelled += arrives_s >= next_s
        look_s = min(key.t + LOOK_S, next_s)
        if arrives_s <= look_s:
            screen = answer(trace, now, model)
        right += bool(screen) and now.agrees(screen)
        if look_s < arrives_s < next_s:
            screen = answer(trace, now, model)
    return Figures(
        keys=len(trace.keys),
        right=right,
        reachable=reachable(trace, futures, model),
        requests=requests,
        cancelled=cancelled,
    )
