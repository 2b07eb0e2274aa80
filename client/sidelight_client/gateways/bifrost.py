"""The `bifrost` profile: Maxim's gateway, whose errors name its governance rules."""

from __future__ import annotations

from ..domain.failure import FailureKind
from .classify import Dialect
from .openai import OpenAiProfile


class BifrostProfile(OpenAiProfile):
    """OpenAI's shapes, wrapped in `is_bifrost_error` where something failed."""

    name = "bifrost"
    alternatives = 1
    dialect = Dialect(
        unnamed_limit=FailureKind.LIMIT_USER,
        names={
            "virtual_key_required": FailureKind.AUTH_INVALID,
            "virtual_key_not_found": FailureKind.AUTH_INVALID,
            "virtual_key_blocked": FailureKind.AUTH_INVALID,
            "model_blocked": FailureKind.AUTH_MODEL_DENIED,
            "provider_blocked": FailureKind.AUTH_MODEL_DENIED,
        },
    )
