"""What the embedded gateway tells about itself: `/.well-known/sidelight-gateway` and the model list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..domain.completion import DEADLINE_S
from ..domain.spending.budget import Purse
from .limits import purse_json
from .policy_document import OWNER

CLIENT_ID = "sidelight"
AUDIENCE = "sidelight-gateway"
SCOPES = ("openid", "profile", "offline_access")

WORKSPACE_MODEL = "workspace"
"""The name of the completer that learns from the person's own code."""
PASSED_ON_MODEL = "local"
"""The name under which whatever model the upstream serves is asked for."""


def discovery(
    origin: str, purses: Sequence[Purse], *, passes_on: bool, max_input_tokens: int
) -> dict[str, Any]:
    """The neutral discovery document; every field is optional for clients."""
    model = PASSED_ON_MODEL if passes_on else WORKSPACE_MODEL
    limits: list[dict[str, Any]] = []
    for purse in purses:
        said = purse_json(purse)
        limits.append({key: said[key] for key in ("scope", "unit", "limit", "window_s", "kind")})
    return {
        "version": 1,
        "name": "Sidelight embedded gateway",
        "profile": "sidelight",
        "api_base": f"{origin}/v1",
        "auth": {
            "kind": "oidc",
            "issuer": f"{origin}/issuer",
            "client_id": CLIENT_ID,
            "scopes": list(SCOPES),
            "audience": AUDIENCE,
        },
        "tiers": {
            tier.value: {
                "model": model,
                "mode": "suffix",
                "max_input_tokens": max_input_tokens,
                # A model on this machine takes as long as the machine needs: how long is waited for
                # it is for the person's own settings to say.
                **({} if passes_on else {"deadline_ms": round(seconds * 1000)}),
            }
            for tier, seconds in DEADLINE_S.items()
        },
        "limits": limits,
        "endpoints": {
            "policy": f"{origin}/policy",
            "usage": f"{origin}/usage",
            "status": f"{origin}/status/api/v2/summary.json",
            "feedback": f"{origin}/feedback",
        },
        "trace": {"request_header": "traceparent", "response_header": "x-request-id"},
        "contacts": [OWNER],
    }


def model_list(*, passes_on: bool, max_input_tokens: int) -> dict[str, Any]:
    """The models by name, in OpenAI's shape."""
    names = [WORKSPACE_MODEL, *([PASSED_ON_MODEL] if passes_on else [])]
    return {
        "object": "list",
        "data": [
            {
                "id": name,
                "object": "model",
                "created": 0,
                "owned_by": "sidelight",
                "max_input_tokens": max_input_tokens,
            }
            for name in names
        ],
    }
