"""The `wso2` profile: WSO2's API manager, whose errors are numbers."""

from __future__ import annotations

from ..domain.failure import FailureKind
from .classify import Dialect
from .openai import OpenAiProfile


class Wso2Profile(OpenAiProfile):
    """900514 is a guardrail; 9008xx are throttles, 9009xx credentials."""

    name = "wso2"
    alternatives = 1
    dialect = Dialect(
        unnamed_limit=FailureKind.LIMIT_USER,
        names={
            "900514": FailureKind.POLICY_BLOCKED,
            "900800": FailureKind.LIMIT_USER,
            "900801": FailureKind.LIMIT_ORG,
            "900802": FailureKind.LIMIT_ORG,
            "900803": FailureKind.LIMIT_USER,
            "900804": FailureKind.LIMIT_USER,
            "900805": FailureKind.LIMIT_USER,
            "900806": FailureKind.LIMIT_USER,
            "900807": FailureKind.LIMIT_ORG,
            "900900": FailureKind.AUTH_INVALID,
            "900901": FailureKind.AUTH_INVALID,
            "900902": FailureKind.AUTH_INVALID,
            "900903": FailureKind.AUTH_EXPIRED,
        },
    )
