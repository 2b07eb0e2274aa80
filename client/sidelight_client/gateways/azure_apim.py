"""The `azure_apim` profile: Azure API Management in front of Azure OpenAI or another model."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..domain.failure import FailureKind
from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..domain.spending.budget import Reading
from ..trace import traceparent
from .classify import Dialect
from .limit_headers import standard_limits
from .openai import OpenAiProfile
from .wording import Wording

_JWT_DOTS = 2
_SUBSCRIPTION = re.compile(r"subscription key|jwt not present|invalid jwt|jwt validation failed")
_SAFETY = re.compile(r"content safety|content management policy|content.{0,20}(?:harm|polic)")


class AzureApimProfile(OpenAiProfile):
    """A rate is refused with 429, a quota and unsafe content with 403."""

    name = "azure_apim"
    dialect = Dialect(
        unnamed_limit=FailureKind.LIMIT_USER,
        names={
            # Azure OpenAI behind it writes the status as the code.
            "tokenquotaexceeded": FailureKind.BUDGET_EXCEEDED,
            "subscriptionkeynotfound": FailureKind.AUTH_INVALID,
            "subscriptionkeyinvalid": FailureKind.AUTH_INVALID,
        },
        wordings=(
            Wording(FailureKind.POLICY_BLOCKED, _SAFETY, 400, 403, (401,)),
            Wording(FailureKind.AUTH_INVALID, _SUBSCRIPTION, 401, 403),
        ),
    )

    def auth_headers(self, grant: Grant | None) -> Mapping[str, Secret]:
        """Entra's tokens are JWTs (RFC 7519 §3); what is none is a subscription key."""
        if grant is not None and grant.access_token.reveal().count(".") != _JWT_DOTS:
            return {"ocp-apim-subscription-key": grant.access_token}
        return super().auth_headers(grant)

    def trace_headers(self, trace_id: str) -> Mapping[str, str]:
        return {"traceparent": traceparent(trace_id), "x-ms-client-request-id": trace_id}

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        """The operator chooses the headers' names; only the standard ones mean the developer."""
        return standard_limits(headers, now)
