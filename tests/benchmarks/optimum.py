"""The fewest requests any policy could do with, even one that knows what comes and what the model sees.

A proof for families whose figure nobody can reach, and a scale for the others. The bound gives the
policy more than it can have: answers that take no time, every place asked for ahead, no request in vain.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

from .oracle import Model, ahead, answer
from .simulator import reachable
from .traces import Trace


def fewest_per_1000(traces: Sequence[Trace], model: Model, share: float) -> float:
    """Requests in 1,000 keys without which `share` of the limit cannot be on the screen."""
    gains: list[int] = []
    keys = wanted = 0
    for trace in traces:
        futures = ahead(trace)
        keys += len(trace.keys)
        wanted += reachable(trace, futures, model)
        gains += most_covered(*places_and_answers(trace, model))
    # What a further request adds to a trace never grows, so the largest gains anywhere come first.
    totals = accumulate(sorted(gains, reverse=True), initial=0)
    requests = sum(1 for total in totals if total < wanted * share)
    return 1000 * requests / keys if keys else 0.0


def places_and_answers(trace: Trace, model: Model) -> tuple[list[int], dict[int, int]]:
    """Where the cursor stood after each key that leaves something to suggest, and the right answers.

    An answer is the place in the final text it was asked for, with the place at which it ends.
    """
    places: list[int] = []
    answers: dict[int, int] = {}
    rights: set[tuple[int, int]] = set()
    for now in ahead(trace):
        if now.place is None or not now.over:
            continue
        places.append(now.place)
        if (now.place, len(now.over)) in rights:
            continue
        for typed in range(len(now.over)):
            place, left = now.place + typed, len(now.over) - typed
            if (place, left) in rights:
                break
            rights.add((place, left))
            text = answer(trace, now, model, now.over[:typed])
            if now.over.startswith(text, typed):
                answers[place] = max(answers.get(place, 0), place + len(text))
    return sorted(places), answers


def most_covered(places: Sequence[int], answers: dict[int, int]) -> list[int]:
    """How many places the best first answer covers, how many more the best two, and so on.

    Args:
        places: in ascending order; one that occurs twice counts twice.
        answers: from which place up to which each answer is right.
    """
    firsts = [bisect_left(places, place) for place in answers]
    ends = [bisect_left(places, end) for end in answers.values()]
    longest: dict[int, int] = {}
    for first, end in zip(firsts, ends, strict=True):
        if first < end:
            longest[end] = min(first, longest.get(end, first))
    starts = _earliest(longest, len(places))
    best = [0] * (len(places) + 1)
    totals = [0]
    while True:
        further = [0] * (len(places) + 1)
        for count in range(1, len(places) + 1):
            first = starts[count]
            further[count] = max(further[count - 1], best[first] + count - first)
        if further[-1] == totals[-1]:
            return [later - earlier for earlier, later in pairwise(totals)]
        totals.append(further[-1])
        best = further


def _earliest(longest: dict[int, int], count: int) -> list[int]:
    """For each number of places, the first place of an answer that covers the last of them."""
    starts = list(range(count + 1))
    for end, first in longest.items():
        for place in range(first + 1, end + 1):
            starts[place] = min(starts[place], first)
    return starts
