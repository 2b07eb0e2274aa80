"""The `cloudflare` profile: Cloudflare's AI Gateway, which has a header and error numbers of its own."""

from __future__ import annotations

from collections.abc import Mapping

from ..domain.failure import FailureKind
from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from .classify import Dialect
from .openai import OpenAiProfile, bearer


class CloudflareProfile(OpenAiProfile):
    """`authorization` belongs to the vendor behind it; the session goes beside it."""

    name = "cloudflare"
    alternatives = 1
    dialect = Dialect(
        unnamed_limit=FailureKind.LIMIT_USER,
        names={
            "2003": FailureKind.LIMIT_USER,
            "2009": FailureKind.AUTH_INVALID,
            "2016": FailureKind.POLICY_BLOCKED,
            "2017": FailureKind.POLICY_BLOCKED,
            "2029": FailureKind.POLICY_BLOCKED,
            "2030": FailureKind.POLICY_BLOCKED,
        },
    )

    def auth_headers(self, grant: Grant | None) -> Mapping[str, Secret]:
        return bearer(grant, "cf-aig-authorization")
