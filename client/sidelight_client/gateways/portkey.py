"""The `portkey` profile: Portkey's gateway, which passes the vendor's answers through."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from ..domain.failure import FailureKind
from ..trace import traceparent
from .classify import Dialect
from .openai import OpenAiProfile


class PortkeyProfile(OpenAiProfile):
    """Its policies answer with statuses of their own: 446 blocked, 412 budget, 246 warned."""

    name = "portkey"
    alternatives = 1
    dialect = Dialect(
        unnamed_limit=FailureKind.LIMIT_USER,
        # "failure" without an error object is the gateway's own: it was not told whom to ask.
        names={"failure": FailureKind.AUTH_INVALID},
        statuses={412: FailureKind.BUDGET_EXCEEDED},
    )

    def trace_headers(self, trace_id: str) -> Mapping[str, str]:
        return {
            "traceparent": traceparent(trace_id),
            "x-portkey-trace-id": str(uuid.UUID(hex=trace_id)),
        }
