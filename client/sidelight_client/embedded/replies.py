"""The gateway's answers as HTTP: JSON, and errors in OpenAI's shape with our kinds as their code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ..domain.failure import FailureKind
from .http import Headers, Response

NO_STORE = ("cache-control", "no-store")

STATUS = {
    FailureKind.AUTH_EXPIRED: HTTPStatus.UNAUTHORIZED,
    FailureKind.AUTH_INVALID: HTTPStatus.UNAUTHORIZED,
    FailureKind.AUTH_MODEL_DENIED: HTTPStatus.FORBIDDEN,
    FailureKind.POLICY_BLOCKED: HTTPStatus.BAD_REQUEST,
    FailureKind.POLICY_UNAVAILABLE: HTTPStatus.INTERNAL_SERVER_ERROR,
    FailureKind.CONTEXT_EXCEEDED: HTTPStatus.BAD_REQUEST,
    FailureKind.BUDGET_EXCEEDED: HTTPStatus.PAYMENT_REQUIRED,
    FailureKind.UPSTREAM_DOWN: HTTPStatus.SERVICE_UNAVAILABLE,
    FailureKind.CAPABILITY_MISSING: HTTPStatus.NOT_IMPLEMENTED,
}
"""The status that goes with a kind; limits have their own file."""


def as_json(value: Any) -> bytes:
    """Compact ASCII JSON, which every client can read whatever it takes the encoding to be."""
    return json.dumps(value, separators=(",", ":")).encode()


def json_reply(status: int, value: Any, headers: Headers = ()) -> Response:
    return Response(status, (("content-type", "application/json"), *headers), as_json(value))


def error_body(
    code: str, message: str, kind: str, facts: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An error as OpenAI writes it; `facts` travel beside it as `sidelight`."""
    error: dict[str, Any] = {"message": message, "type": kind, "param": None, "code": code}
    return {"error": error | ({"sidelight": dict(facts)} if facts else {})}


def refusal(status: int, reason: str, headers: Headers = ()) -> Response:
    """For requests that are wrong in themselves: paths, methods, sizes, JSON."""
    code = HTTPStatus(status).name.lower()
    return json_reply(status, error_body(code, reason, "invalid_request_error"), headers)


def failure(
    kind: FailureKind, message: str, facts: Mapping[str, Any] | None = None, headers: Headers = ()
) -> Response:
    """One of the kinds of failure every Sidelight client knows."""
    status = STATUS[kind]
    family = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "api_error"
    return json_reply(status, error_body(kind.value, message, family, facts), headers)


def unauthorized(kind: FailureKind, message: str) -> Response:
    """A 401 with the challenge of RFC 6750 §3.1."""
    challenge = ("www-authenticate", f'Bearer error="invalid_token", error_description="{message}"')
    return failure(kind, message, headers=(challenge,))
