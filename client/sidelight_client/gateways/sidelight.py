"""The `sidelight` profile: the neutral contract, which the embedded gateway speaks."""

from __future__ import annotations

from collections.abc import Mapping

from ..domain.failure import FailureKind
from ..domain.spending.budget import Reading
from .classify import Dialect
from .limits import sidelight_limits
from .openai import OpenAiProfile


class SidelightProfile(OpenAiProfile):
    """OpenAI's shapes, with our kinds as error codes and one header for every limit."""

    name = "sidelight"
    dialect = Dialect(unnamed_limit=FailureKind.LIMIT_USER)

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        return sidelight_limits(headers, now)
