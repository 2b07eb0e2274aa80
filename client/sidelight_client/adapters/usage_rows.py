"""What stands in a row of the usage ledger: numbers, ids and names, and no content whoever sent it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..domain.snapshot import DecisionView
from ..domain.spending.usage import NANO
from ..domain.spending.usage_limits import endpoint_of

Row = tuple[str | float | None, ...]

COLUMNS = (
    *("at", "trace_id", "outcome", "reason", "tier", "language", "editor", "endpoint", "model"),
    *("sends", "total_s", "gateway_s", "first_s"),
    *("prompt_tokens", "cached_tokens", "output_tokens", "cost_nano"),
)
_TEXTS = 8
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"[A-Za-z][\w.:+#-]{0,59}")
_MODEL = re.compile(r"[\w.:/@+-]{1,80}")
_NAME = re.compile(r"[\w.+()\-]{1,40}(?: [\w.+()\-]{1,40}){0,5}")
OTHER = "other"
"""Stands for a name that does not look like one: gateways and editors may say anything."""
_LARGEST = 2**53
LATEST = 2e11
"""The year 8307; a calendar to group by ends with the year 9999, in some place before others."""


def row_of(decision: DecisionView) -> Row:
    """What is written of a request: numbers, ids, and names that look like names."""
    return (
        decision.at,
        _cleaned(_TRACE_ID, decision.trace_id),
        _cleaned(_WORD, decision.outcome),
        _cleaned(_WORD, decision.reason),
        _cleaned(_WORD, decision.tier),
        _cleaned(_WORD, decision.language),
        _cleaned(_NAME, decision.editor),
        endpoint_of(decision.endpoint),
        _cleaned(_MODEL, decision.model),
        decision.sends,
        round(decision.total_s, 6),
        None if decision.gateway_s is None else round(decision.gateway_s, 6),
        None if decision.first_s is None else round(decision.first_s, 6),
        _bounded(decision.prompt_tokens),
        _bounded(decision.cached_tokens),
        _bounded(decision.output_tokens),
        _nano(decision.cost),
    )


def request_of(row: Sequence[object]) -> DecisionView | None:
    """The row as it was recorded; None where somebody else wrote something else into it."""
    at, sends, total_s, cost = row[0], row[9], row[10], _whole(row[16])
    if not isinstance(at, float) or not isinstance(sends, int) or not isinstance(total_s, float):
        return None
    texts = [text for text in row[1:9] if isinstance(text, str)]
    if len(texts) != _TEXTS:
        return None
    trace_id, outcome, reason, tier, language, editor, endpoint, model = texts
    return DecisionView(
        trace_id=trace_id,
        at=at,
        outcome=outcome,
        reason=reason,
        tier=tier,
        language=language,
        total_s=total_s,
        prompt_tokens=_whole(row[13]),
        cached_tokens=_whole(row[14]),
        output_tokens=_whole(row[15]),
        sends=sends,
        endpoint=endpoint,
        model=model,
        editor=editor,
        gateway_s=_real(row[11]),
        first_s=_real(row[12]),
        cost=None if cost is None else cost / NANO,
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _real(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _cleaned(shape: re.Pattern[str], text: str) -> str:
    return text if not text or shape.fullmatch(text) else OTHER


def _bounded(number: int | None) -> int | None:
    """A number too large to be one is unknown."""
    return number if number is not None and 0 <= number <= _LARGEST else None


def _nano(cost: float | None) -> int | None:
    """A gateway may say anything; what is no amount is unknown."""
    return None if cost is None or not 0 <= cost < _LARGEST / NANO else round(cost * NANO)
