"""Why a sign-in or a renewal came to nothing before, or at, the token endpoint. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from ..domain.identity.session_events import RenewalFailure
from ..ports import RenewalRefused, SignInFailed
from .http import HttpAnswer, HttpProblem
from .oidc_metadata import MetadataError
from .oidc_tokens import classify, error_detail, error_reason, json_object


def no_metadata(why: HttpAnswer | HttpProblem | MetadataError) -> SignInFailed:
    """Why a sign-in cannot begin."""
    match why:
        case MetadataError():
            return SignInFailed("discovery_unreadable", str(why))
        case HttpAnswer(status):
            return SignInFailed("discovery_unreadable", f"status {status}")
        case HttpProblem(kind):
            return SignInFailed(f"network.{kind}")
        case _:
            assert_never(why)


def no_renewal(why: HttpAnswer | HttpProblem | MetadataError, now: float) -> RenewalRefused:
    """Without an endpoint nothing was sent, so whatever it was, nothing was processed."""
    if isinstance(why, MetadataError):
        return RenewalRefused(RenewalFailure.NOT_PROCESSED, "discovery_unreadable")
    return replace(classify(why, now), failure=RenewalFailure.NOT_PROCESSED)


def sign_in_failed(answer: HttpAnswer | HttpProblem) -> SignInFailed:
    """What a token request that brought no tokens means for a sign-in."""
    if isinstance(answer, HttpProblem):
        return SignInFailed(f"network.{answer.kind}")
    fields = json_object(answer.body) or {}
    return SignInFailed(error_reason(fields) or f"http.{answer.status}", error_detail(fields))
