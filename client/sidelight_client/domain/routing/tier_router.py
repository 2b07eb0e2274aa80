"""Which tier answers a request, why, and how sure that is; and when a better one is asked once more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..answers.filters import FilterReason
from ..completion import Tier, TierReason, Trigger


class RequestKind(StrEnum):
    """What is wanted."""

    INLINE = "inline"
    """Text at the cursor."""
    REWRITE = "rewrite"
    """Other text for what is selected."""
    CHANGE = "change"
    """One change in several places."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is known of a request before it is sent.

    Attributes:
        lines: how many lines the answer is expected to have.
        files: how many files are read or changed for it, its own included.
        chosen: the tier the person asked for by name.
    """

    kind: RequestKind = RequestKind.INLINE
    trigger: Trigger = Trigger.AUTOMATIC
    lines: int = 1
    files: int = 1
    chosen: Tier | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """The tier for a request.

    Attributes:
        reasons: why, the weightiest first; never empty.
        confidence: how far the request lies from where another tier would answer: 0.5 on the
            border, 1.0 where there is no doubt.
    """

    tier: Tier
    reasons: tuple[TierReason, ...]
    confidence: float = 1.0


_ORDER = (Tier.FAST, Tier.STANDARD, Tier.HEAVY)
LINES = (16, 120)
"""From this many lines on the standard and the heavy tier answer: a fast model loses the thread."""
FILES = (2, 6)
"""The same for files; one file is what the fast tier is for."""
RICH_SHARE = 0.5
"""Of the emptiest purse; below it typing does not buy a second answer."""
WRONG_SYNTAX = frozenset(
    (FilterReason.PROSE, FilterReason.UNBALANCED, FilterReason.REPEATED, FilterReason.COMMENT)
)
"""What a better model would not have written. An echo or a duplicate says the place is complete."""


def route(task: Task) -> Route:
    """The tier for `task`.

    Typing is always answered by the fast tier: nothing else comes while the thought lasts.
    """
    if task.chosen is not None:
        return Route(task.chosen, (TierReason.CHOSEN,))
    if task.trigger is Trigger.AUTOMATIC:
        return Route(Tier.FAST, (TierReason.TYPING,))
    by_size, by_files = _level(task.lines, LINES), _level(task.files, FILES)
    by_kind = 0 if task.kind is RequestKind.INLINE else 1
    level = max(by_size, by_files, by_kind)
    reasons = [
        reason
        for reached, reason in (
            (by_files, TierReason.FILES),
            (by_size, TierReason.SIZE),
            (by_kind, TierReason.REWRITE),
        )
        if level and reached == level
    ]
    sure = min(_confidence(task.lines, LINES), _confidence(task.files, FILES))
    return Route(_ORDER[level], (*reasons, TierReason.ASKED), sure)


def escalated(
    tier: Tier, filtered: FilterReason | None, trigger: Trigger, *, rich: bool
) -> Route | None:
    """The tier to ask once more after an answer of `tier` came to nothing; None to leave it at that.

    Never twice, which is the caller's to see to, and never for typing on a short budget.

    Args:
        tier: who answered.
        filtered: why nothing of the answer is shown.
        trigger: whether the person asked.
        rich: whether the budget can bear a request more.
    """
    if filtered not in WRONG_SYNTAX or tier is Tier.HEAVY:
        return None
    if trigger is Trigger.AUTOMATIC and not rich:
        return None
    return Route(_ORDER[_ORDER.index(tier) + 1], (TierReason.ESCALATED,))


def _level(amount: int, borders: tuple[int, int]) -> int:
    return sum(amount >= border for border in borders)


def _confidence(amount: int, borders: tuple[int, int]) -> float:
    nearest = min(abs(amount - border) / border for border in borders)
    return round(min(0.5 + nearest, 1.0), 2)
