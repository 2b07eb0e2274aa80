"""The `litellm` profile: the LiteLLM proxy, whose headers mix the vendor's limits with the developer's."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from ..domain.failure import FailureKind
from ..domain.spending.budget import Reading
from ..trace import traceparent
from .classify import Dialect
from .limit_headers import litellm_limits
from .limits import openai_limits
from .openai import OpenAiProfile
from .untrusted import amount
from .wording import Wording

_NO_DATABASE = re.compile(r"no connected db|db not connected|no_db_connection")


class LiteLlmProfile(OpenAiProfile):
    """It adopts a call id that the client sends, and answers with it."""

    name = "litellm"
    models_path = "/model_group/info"
    guardrails_path = "/guardrails/list"
    dialect = Dialect(
        unnamed_limit=FailureKind.LIMIT_USER,
        # A proxy without a database cannot look up a key it was not started with.
        names={"no_db_connection": FailureKind.AUTH_INVALID},
        wordings=(Wording(FailureKind.UPSTREAM_DOWN, _NO_DATABASE, 502, 503),),
    )

    def trace_headers(self, trace_id: str) -> Mapping[str, str]:
        return {
            "traceparent": traceparent(trace_id),
            "x-litellm-call-id": str(uuid.UUID(hex=trace_id)),
        }

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        return (*litellm_limits(headers, now), *openai_limits(headers, now))

    def cost_from_headers(self, headers: Mapping[str, str]) -> float | None:
        """`x-litellm-response-cost`; its like with `-original` leaves discount and margin out."""
        return amount(headers.get("x-litellm-response-cost"))
