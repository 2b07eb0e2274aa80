"""One line per request: who, which model, how many tokens, how it ended. Never what was in it."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass

log = logging.getLogger("sidelight.audit")

_KEPT = 500


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One request as it is remembered.

    `outcome` is `completed`, `empty`, `cancelled`, `cut`, `refused` or a kind of failure.
    """

    at: float
    trace_id: str
    user: str
    model: str
    prompt_tokens: int
    output_tokens: int
    outcome: str
    ms: float


class AuditTrail:
    """The last few hundred lines in memory, and every line in the log."""

    def __init__(self) -> None:
        self.lines: deque[AuditLine] = deque(maxlen=_KEPT)

    def write(self, line: AuditLine) -> None:
        self.lines.append(line)
        log.info(
            "trace=%s user=%s model=%s tokens=%d+%d outcome=%s ms=%.0f",
            line.trace_id,
            line.user,
            line.model,
            line.prompt_tokens,
            line.output_tokens,
            line.outcome,
            line.ms,
        )
