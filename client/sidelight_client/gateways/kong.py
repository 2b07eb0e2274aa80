"""The `kong` profile: Kong with its AI plugins."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..domain.failure import FailureKind
from ..domain.spending.budget import Reading
from .classify import Dialect
from .limit_headers import kong_limits, standard_limits
from .openai import OpenAiProfile
from .wording import Wording

_GUARD = re.compile(r"^bad request$")


class KongProfile(OpenAiProfile):
    """Its prompt guard answers nothing but "bad request", so that nobody notices it.

    See kong/plugins/ai-prompt-guard/filters/guard-prompt.lua in Kong's sources.
    """

    name = "kong"
    alternatives = 1
    dialect = Dialect(
        unnamed_limit=FailureKind.LIMIT_USER,
        wordings=(Wording(FailureKind.POLICY_BLOCKED, _GUARD, 400, 400),),
    )

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        return kong_limits(headers, now) or standard_limits(headers, now)
