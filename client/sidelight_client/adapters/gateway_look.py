"""Looks a gateway over for its administrator: a few small requests, and no key is ever sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from ..domain.content.rule import RuleProblem
from ..domain.failure import Failure, FailureKind
from ..gateways.abilities import Looked
from ..gateways.discovery import (
    WELL_KNOWN,
    Announced,
    api_base,
    from_document,
    from_models,
    models_url,
    origin,
    with_model_facts,
)
from ..gateways.guardrail_list import guardrail_list
from ..gateways.policy_document import closed_rules, policy
from ..gateways.recognise import Recognised, Seen, recognise
from ..gateways.untrusted import mapping, parsed
from ..gateways.verdict import Exchanged, verdict
from ..ports import Clock
from ..trace import new_trace_id
from .content_previews import content_preview
from .http import HttpAnswer, HttpClient, HttpProblem

TIMEOUT_S = 10.0
_OK = 200
_ENDPOINTS = ("policy", "usage", "status", "feedback")
_IDS = (
    "x-request-id",
    "request-id",
    "x-litellm-call-id",
    "x-portkey-trace-id",
    "x-kong-request-id",
)


async def look(
    url: str, http: HttpClient, clock: Clock, given: Mapping[str, Any] | None = None
) -> Looked | Failure:
    """What the gateway at `url` shows to somebody without a key; a failure when it shows nothing.

    `given` is a document that takes the place of the one the gateway announces.
    """
    plain = url.rstrip("/")
    first = await _get(http, f"{plain.removesuffix('/v1')}{WELL_KNOWN}")
    if isinstance(first, HttpProblem):
        return Failure(FailureKind.UPSTREAM_DOWN)
    document = _object(first) if given is None else given
    listed = await _get(http, f"{api_base(plain)}/models")
    if isinstance(listed, HttpProblem):
        return Failure(FailureKind.UPSTREAM_DOWN)
    announced = document is not None and bool({"version", "profile", "api_base"} & document.keys())
    now = clock.now()
    if announced and document is not None:
        gateway = from_document(document, plain, now, embedded=False)
    else:
        models = _object(listed)
        known = models if models is not None and isinstance(models.get("data"), list) else None
        seen = _recognise(listed, "/v1/models") or _recognise(first, WELL_KNOWN)
        gateway = from_models(known, plain, seen)
    asked = await _ask(http, gateway)
    if isinstance(asked, HttpProblem):
        return Failure(FailureKind.UPSTREAM_DOWN)
    if not announced and gateway.profile.name == "openai":
        seen = _recognise(asked, "/v1/completions")
        gateway = from_models(_object(listed), plain, seen) if seen else gateway
    gateway = await _with_model_facts(http, gateway)
    endpoints = mapping((document or {}).get("endpoints"))
    rules = await _shown(http, gateway.policy_url)
    return Looked(
        gateway,
        announced,
        _refusal(gateway, asked, now),
        frozenset(
            name for name in _ENDPOINTS if announced and isinstance(endpoints.get(name), str)
        ),
        any(name in asked.headers for name in _IDS),
        closed_rules(rules),
        await _rule_problems(http, gateway, rules),
    )


async def _with_model_facts(http: HttpClient, gateway: Announced) -> Announced:
    """What it says of its models to somebody without a key."""
    url = models_url(gateway)
    answer = await _get(http, url) if url else None
    document = _object(answer) if isinstance(answer, HttpAnswer) else None
    return gateway if document is None else with_model_facts(gateway, document)


async def _shown(http: HttpClient, url: str) -> Mapping[str, Any]:
    """The document at `url`, where it is shown without a key; else an empty one."""
    answer = await _get(http, url) if url else None
    return (_object(answer) if isinstance(answer, HttpAnswer) else None) or {}


async def _rule_problems(
    http: HttpClient, gateway: Announced, rules: Mapping[str, Any]
) -> tuple[RuleProblem, ...]:
    """What is wrong with the content rules that are shown without a key."""
    stated, listed = policy(rules, "").content_rules, None
    if not stated and gateway.profile.guardrails_path:
        url = f"{origin(gateway.api_base)}{gateway.profile.guardrails_path}"
        document = await _shown(http, url)
        listed = guardrail_list(document) if document else None
    if not stated and listed is None:
        return ()
    preview = await asyncio.to_thread(content_preview, stated, listed, b"")
    return preview.matcher.problems


async def _get(http: HttpClient, url: str) -> HttpAnswer | HttpProblem:
    return await http.request("GET", url, {"accept": "application/json"}, timeout_s=TIMEOUT_S)


async def _ask(http: HttpClient, gateway: Announced) -> HttpAnswer | HttpProblem:
    """One completion of one token, without a key."""
    body = {
        "model": next(iter(gateway.info.models.values()), "none"),
        "prompt": "a",
        "max_tokens": 1,
        "temperature": 0,
    }
    return await http.request(
        "POST",
        f"{gateway.api_base}/completions",
        {
            "content-type": "application/json",
            **gateway.profile.trace_headers(new_trace_id()),
        },
        json.dumps(body).encode(),
        timeout_s=TIMEOUT_S,
    )


def _refusal(gateway: Announced, asked: HttpAnswer, now: float) -> Failure | None:
    exchanged = Exchanged(
        path="/v1/completions", status=asked.status, headers=asked.headers, body=asked.body
    )
    found = verdict(gateway.profile, exchanged, now)
    return found if isinstance(found, Failure) else None


def _recognise(answer: HttpAnswer, path: str) -> Recognised | None:
    return recognise(Seen(path, headers=answer.headers, body=answer.body))


def _object(answer: HttpAnswer) -> Mapping[str, Any] | None:
    found = parsed(answer.body) if answer.status == _OK else None
    return mapping(found) if isinstance(found, dict) else None
