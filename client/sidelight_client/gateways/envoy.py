"""The `envoy` profile: Envoy and the Envoy AI Gateway, whose own refusals are plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..domain.failure import FailureKind
from ..domain.spending.budget import Reading
from .classify import Dialect
from .limit_headers import kong_limits, standard_limits
from .openai import OpenAiProfile
from .wording import Wording

K = FailureKind
_EXPIRED = re.compile(r"jwt is expired")
_JWT = re.compile(r"^jwt (?:is|verif|issuer|header|kid)")
_LATE = re.compile(r"(?:upstream|stream) .{0,20}timeout")


class EnvoyProfile(OpenAiProfile):
    """OpenAI's shapes; 429 comes from its own rate limit filter."""

    name = "envoy"
    alternatives = 1
    dialect = Dialect(
        unnamed_limit=K.LIMIT_USER,
        wordings=(
            Wording(K.AUTH_EXPIRED, _EXPIRED, 401, 403),
            Wording(K.AUTH_INVALID, _JWT, 401, 403),
            Wording(K.UPSTREAM_TIMEOUT, _LATE, 408, 504),
        ),
    )

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        return standard_limits(headers, now) or kong_limits(headers, now)
