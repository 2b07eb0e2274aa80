"""The `anthropic` profile: the Messages API, of Anthropic itself and of gateways that offer it."""

from __future__ import annotations

from collections.abc import Mapping

from ..domain.completion import CompletionRequest
from ..domain.failure import FailureKind
from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..domain.routing.fim import Mode
from ..domain.spending.budget import Reading, Scope, Unit
from .classify import Dialect
from .encoding import encode
from .limits import LONGEST_WINDOW_S, moment
from .openai import OpenAiProfile
from .profile import Encoded
from .untrusted import number

API_VERSION = "2023-06-01"
_OWN_KEY = "sk-ant-api"


class AnthropicProfile(OpenAiProfile):
    """There is no filling in: every completion is an instruction to a chat model."""

    name = "anthropic"
    alternatives = 1
    default_mode = Mode.CHAT
    dialect = Dialect(
        names={
            "permission_error": FailureKind.AUTH_MODEL_DENIED,
            "rate_limit_error": FailureKind.LIMIT_VENDOR,
            "overloaded_error": FailureKind.UPSTREAM_DOWN,
        },
        statuses={529: FailureKind.UPSTREAM_DOWN},
    )

    def auth_headers(self, grant: Grant | None) -> Mapping[str, Secret]:
        """A key of Anthropic's own has a header of its own; a session is a bearer token."""
        if grant is not None and grant.access_token.reveal().startswith(_OWN_KEY):
            return {"x-api-key": grant.access_token}
        return super().auth_headers(grant)

    def trace_headers(self, trace_id: str) -> Mapping[str, str]:
        """With the version of the API, which every request must name."""
        return {**super().trace_headers(trace_id), "anthropic-version": API_VERSION}

    def encode(self, request: CompletionRequest, model: str, mode: Mode) -> Encoded:
        """OpenAI's chat, as the Messages API writes it; `mode` can only be a chat."""
        del mode
        chat = encode(request, model, Mode.CHAT)
        system, user = chat.fields["messages"]
        fields = {
            "model": model,
            "max_tokens": request.max_tokens,
            "temperature": 0,
            "system": system["content"],
            "messages": [user],
            "stream": True,
        }
        return Encoded("/messages", fields, chat.spans)

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        """`anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`: the organisation's."""
        found: list[Reading] = []
        for unit in (Unit.REQUESTS, Unit.TOKENS):
            start = f"anthropic-ratelimit-{unit}"
            limit = number(headers.get(f"{start}-limit"))
            left = number(headers.get(f"{start}-remaining"))
            resets_at = moment(headers.get(f"{start}-reset"), now)
            if limit is None or left is None or resets_at is None or limit <= 0:
                continue
            used = min(max(limit - left, 0.0), limit)
            window_s = min(max(resets_at - now, 60.0), LONGEST_WINDOW_S)
            found.append(
                Reading(Scope.VENDOR, unit, limit, used, window_s, resets_at, source="headers")
            )
        return tuple(found)
