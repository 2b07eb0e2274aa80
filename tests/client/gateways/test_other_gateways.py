"""Answers that no recording holds: other products, other wordings, errors inside successes."""

# ruff: noqa: E501  one case a line is what makes the table readable
from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.gateways.recognise import Seen, recognise
from sidelight_client.gateways.recorded import RecordingError, recording
from sidelight_client.gateways.registry import PROFILES, profile_called
from sidelight_client.gateways.verdict import Exchanged, Success, verdict

NOW = 1_700_000_000.0
K = FailureKind
CHAT = "/v1/chat/completions"


def answered(
    status: int | None,
    body: Any = b"",
    *,
    path: str = CHAT,
    profile: str = "auto",
    model: str = "gpt-x",
    whole: bool = True,
    problem: str = "",
    **headers: str,
) -> Success | Failure:
    """What the answer means to the profile its own signs choose."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {
        name.replace("__", "+").replace("_", "-").replace("+", "_"): value
        for name, value in headers.items()
    }
    if not isinstance(body, bytes):
        named.setdefault("content-type", "application/json")
    seen = recognise(Seen(path, frozenset(), named, raw))
    chosen = (seen.profile if seen else "openai") if profile == "auto" else profile
    exchanged = Exchanged("POST", path, model, status, named, raw, whole, problem)
    return verdict(PROFILES[chosen], exchanged, NOW)


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


def litellm(message: str, code: int, type_: str | None = None) -> dict[str, Any]:
    return error(message, type=type_, param=None, code=str(code))


def stream(*events: Any, done: bool = True) -> bytes:
    blocks = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join([*blocks, "data: [DONE]\n\n" if done else ""]).encode()


REPR = (
    "{'error': 'Content blocked: us_ssn pattern detected', 'pattern': 'us_ssn', "
    "'guardrail_name': 'pii-filter', 'guardrail_mode': 'pre_call'}"
)

FAILURES: list[tuple[str, Failure | Success, FailureKind]] = [
    # LiteLLM
    ("python repr", answered(400, litellm(REPR, 400), path="/v1/completions"), K.POLICY_BLOCKED),
    ("repr after status", answered(400, litellm(f"400: {REPR}", 400)), K.POLICY_BLOCKED),
    ("unknown key", answered(401, litellm("Authentication Error, Invalid proxy server token passed. Received API Key = sk-...x, Key Hash (Token) =ab. Unable to find token in cache or table", 401, "token_not_found_in_db")), K.AUTH_INVALID),
    ("unknown key, no type", answered(401, litellm("Authentication Error, Unable to find token in cache", 401, "auth_error")), K.AUTH_INVALID),
    ("team budget", answered(422, litellm("Budget has been exceeded! Team=t1 Current cost: 5.0, Max budget: 1.0", 422, "budget_exceeded")), K.BUDGET_EXCEEDED),
    ("old budget", answered(400, litellm("ExceededTokenBudget: Current spend for token: 7.2; Max Budget for Token: 2", 400, "auth_error")), K.BUDGET_EXCEEDED),
    ("team rate", answered(429, litellm("Rate limit exceeded for team: t-9. Limit type: tokens. Current limit: 1000, Remaining: 0.", 429, "throttling_error")), K.LIMIT_TEAM),
    ("organization rate", answered(429, litellm("Rate limit exceeded for organization: o-9. Limit type: requests.", 429, "throttling_error")), K.LIMIT_ORG),
    ("old rate", answered(429, litellm("Max parallel request limit reached. Hit limit for api_key: abc. tpm_limit: 1", 429, "None")), K.LIMIT_USER),
    ("cooldown", answered(429, litellm("No deployments available for selected model, Try again in 5 seconds. Passed model=fast", 429, "throttling_error")), K.LIMIT_VENDOR),
    ("bare throttle", answered(429, litellm("Too many requests", 429, "throttling_error")), K.LIMIT_USER),
    ("presidio down", answered(500, litellm("Presidio PII analysis failed: Cannot connect to host", 500)), K.POLICY_UNAVAILABLE),
    ("guardrail raised", answered(500, litellm("GuardrailRaisedException: Guardrail raised an exception, content blocked", 500)), K.POLICY_BLOCKED),
    ("bedrock", answered(400, litellm("{'error': 'Violated guardrail policy', 'bedrock_guardrail_response': 'x'}", 400)), K.POLICY_BLOCKED),
    ("key blocked", answered(401, litellm("Authentication Error, Key is blocked. Update via /key/unblock", 401, "auth_error")), K.AUTH_INVALID),
    ("html pasted in", answered(502, litellm("litellm.BadGatewayError: OpenAIException - <html><head><title>502 Bad Gateway</title></head>", 502)), K.UPSTREAM_DOWN),
    ("html pasted into a 500", answered(500, litellm("litellm.APIError: APIError: OpenAIException - <html><title>Access denied: your token has expired, content blocked</title>", 500)), K.UPSTREAM_DOWN),
    ("vendor key", answered(401, litellm("litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided: sk-proj", 401)), K.UPSTREAM_DOWN),
    ("no connection", answered(500, litellm("litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.", 500)), K.UPSTREAM_DOWN),
    ("team model", answered(401, litellm("team not allowed to access model. This team can only access models=['a']", 401, "team_model_access_denied")), K.AUTH_MODEL_DENIED),
    ("database away", answered(503, litellm("Service Unavailable, DB not reachable", 503, "no_db_connection")), K.UPSTREAM_DOWN),
    # Errors inside a 200
    ("timeout in a stream", answered(200, stream(error("litellm.Timeout: Connection timed out", type=None, code="408")), content_type="text/event-stream"), K.UPSTREAM_TIMEOUT),
    ("limit in a stream", answered(200, stream({"choices": [{"text": "a"}]}, error("Rate limit exceeded for api_key: x", type="throttling_error", code="429")), content_type="text/event-stream"), K.LIMIT_USER),
    ("block in a stream", answered(200, stream(litellm(REPR, 400), done=False), content_type="text/event-stream"), K.POLICY_BLOCKED),
    ("nameless in a stream", answered(200, stream(error("boom"), done=False), content_type="text/event-stream"), K.UPSTREAM_DOWN),
    ("cut stream", answered(200, stream({"choices": [{"text": "a"}]}, done=False), content_type="text/event-stream"), K.UPSTREAM_DOWN),
    ("empty stream", answered(200, b"", content_type="text/event-stream"), K.UPSTREAM_DOWN),
    ("timed out in a stream", answered(200, stream({"choices": [{"text": "a"}]}, done=False), problem="ReadTimeout", content_type="text/event-stream"), K.UPSTREAM_TIMEOUT),
    ("error as 200", answered(200, error("model overloaded", code="overloaded_error")), K.UPSTREAM_DOWN),
    ("login page", answered(200, b"<html>Your session has expired. Sign in</html>", content_type="text/html"), K.UPSTREAM_DOWN),
    ("login redirect", answered(302, b"", location="https://login.example/"), K.UPSTREAM_DOWN),
    ("anthropic error in a stream", answered(200, stream({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, done=False), path="/v1/messages", content_type="text/event-stream"), K.UPSTREAM_DOWN),
    # No answer
    ("no answer", answered(None, problem="TimeoutError: no answer in 30 s"), K.UPSTREAM_TIMEOUT),
    ("refused", answered(None, problem="ConnectionRefusedError"), K.UPSTREAM_DOWN),
    ("no name", answered(None, problem="gaierror: Name or service not known"), K.OFFLINE),
    # Portkey
    ("portkey budget", answered(412, error("Usage limit exceeded"), x_portkey_provider="openai"), K.BUDGET_EXCEEDED),
    ("portkey timeout", answered(408, error("Request exceeded the timeout sent in the request: 1000ms", type="timeout_error"), x_portkey_provider="openai"), K.UPSTREAM_TIMEOUT),
    ("portkey refused", answered(500, {"html-message": "fetch failed"}, x_portkey_provider="openai"), K.UPSTREAM_DOWN),
    ("portkey broken stream", answered(500, {"status": "failure", "message": "Something went wrong"}), K.UPSTREAM_DOWN),
    ("portkey own limit", answered(429, {"status": "failure", "message": "Rate limit exceeded"}), K.LIMIT_USER),
    # llama.cpp
    ("no infill", answered(501, error("Infill is not supported by this model: prefix token is missing. suffix token is missing.", type="not_supported_error", code=501), path="/infill", server="llama.cpp"), K.CAPABILITY_MISSING),
    ("context", answered(400, error("the request exceeds the available context size. try increasing it", type="exceed_context_size_error", code=400, n_ctx=4096, n_prompt_tokens=6003), server="llama.cpp"), K.CONTEXT_EXCEEDED),
    ("loading", answered(503, error("Loading model", type="unavailable_error", code=503), server="llama.cpp"), K.UPSTREAM_DOWN),
    # Anthropic
    ("too long", answered(400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 208310 tokens > 200000 maximum"}}), K.CONTEXT_EXCEEDED),
    ("overloaded", answered(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}), K.UPSTREAM_DOWN),
    ("anthropic limit", answered(429, {"type": "error", "error": {"type": "rate_limit_error", "message": "This request would exceed your organization's rate limit"}}), K.LIMIT_VENDOR),
    ("credit", answered(400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API"}}), K.BUDGET_EXCEEDED),
    # Azure
    ("rate", answered(429, {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 10 seconds."}), K.LIMIT_USER),
    ("quota", answered(403, {"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 2.12:34:56."}), K.BUDGET_EXCEEDED),
    ("token quota", answered(403, {"statusCode": 403, "message": "Token quota is exceeded. Try again in 30 seconds."}), K.BUDGET_EXCEEDED),
    ("safety", answered(403, {"statusCode": 403, "message": "Request failed content safety check."}), K.POLICY_BLOCKED),
    ("subscription", answered(401, {"statusCode": 401, "message": "Access denied due to missing subscription key."}), K.AUTH_INVALID),
    ("content filter", answered(400, error("The response was filtered", code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True, "severity": "high"}}})), K.POLICY_BLOCKED),
    # Kong
    ("hidden guard", answered(400, error("bad request"), server="kong/3.9"), K.POLICY_BLOCKED),
    ("hidden guard by shape", answered(400, error("bad request")), K.POLICY_BLOCKED),
    ("own model", answered(400, error("cannot use own model - must be: gpt-4"), server="kong/3.9"), K.AUTH_MODEL_DENIED),
    ("kong expired", answered(401, {"exp": "token expired"}, server="kong/3.9", www_authenticate='Bearer realm="k", error="invalid_token"'), K.AUTH_EXPIRED),
    ("kong expired without header", answered(401, {"exp": "token expired"}, server="kong/3.9"), K.AUTH_EXPIRED),
    ("kong limit", answered(429, {"message": "API rate limit exceeded", "request_id": "ab"}), K.LIMIT_USER),
    ("kong key", answered(401, {"message": "No API key found in request", "request_id": "ab"}), K.AUTH_INVALID),
    ("kong down", answered(503, {"message": "name resolution failed", "request_id": "ab"}), K.UPSTREAM_DOWN),
    ("kong late", answered(504, {"message": "The upstream server is timing out", "request_id": "ab"}), K.UPSTREAM_TIMEOUT),
    # Envoy
    ("jwt", answered(401, b"Jwt is expired", content_type="text/plain", server="envoy"), K.AUTH_EXPIRED),
    ("jwt missing", answered(401, b"Jwt is missing", content_type="text/plain", server="envoy"), K.AUTH_INVALID),
    ("envoy limit", answered(429, b"", server="envoy"), K.LIMIT_USER),
    ("overload", answered(503, b"upstream connect error or disconnect/reset before headers", content_type="text/plain", server="envoy"), K.UPSTREAM_DOWN),
    ("envoy late", answered(504, b"upstream request timeout", content_type="text/plain", server="envoy"), K.UPSTREAM_TIMEOUT),
    ("rbac", answered(403, b"RBAC: access denied", content_type="text/plain", server="envoy"), K.UNKNOWN),
    # Cloudflare, Bifrost, WSO2
    ("prompt blocked", answered(400, {"success": False, "result": [], "error": [{"code": 2016, "message": "Prompt blocked due to security configurations"}]}), K.POLICY_BLOCKED),
    ("response blocked", answered(424, {"success": False, "errors": [{"code": 2017, "message": "Response blocked"}]}), K.POLICY_BLOCKED),
    ("bifrost budget", answered(402, {"is_bifrost_error": False, "status_code": 402, "error": {"type": "budget_exceeded", "message": "VK budget exceeded"}}), K.BUDGET_EXCEEDED),
    ("bifrost limit", answered(429, {"is_bifrost_error": False, "error": {"type": "rate_limited", "message": "Rate limits exceeded"}}), K.LIMIT_USER),
    ("bifrost key", answered(403, {"is_bifrost_error": True, "error": {"type": "virtual_key_blocked", "message": "Virtual key is blocked"}}), K.AUTH_INVALID),
    ("wso2", answered(446, {"code": "900514", "type": "AWS_BEDROCK", "message": {"action": "GUARDRAIL_INTERVENED", "interveningGuardrail": "pii", "direction": "REQUEST", "assessments": "matched 078-05-1120"}}), K.POLICY_BLOCKED),
    ("wso2 422", answered(422, {"code": "900514", "message": {"interveningGuardrail": "pii"}}), K.POLICY_BLOCKED),
    ("wso2 throttle", answered(429, {"fault": {"code": 900803, "message": "Message throttled out"}}), K.LIMIT_USER),
    # Other servers
    ("ollama context", answered(400, {"error": "the input length exceeds the context length"}, path="/api/generate"), K.CONTEXT_EXCEEDED),
    ("ollama insert", answered(400, {"error": "registry.ollama.ai/library/x does not support insert"}, path="/api/generate"), K.CAPABILITY_MISSING),
    ("ollama model", answered(404, {"error": "model 'x' not found"}, path="/api/generate"), K.AUTH_MODEL_DENIED),
    ("vllm suffix", answered(400, {"object": "error", "message": "suffix is not currently supported", "type": "BadRequestError", "code": 400}), K.CAPABILITY_MISSING),
    ("vllm context", answered(400, {"object": "error", "message": "This model's maximum context length is 2048 tokens. However, you requested 4000 tokens", "code": 400}), K.CONTEXT_EXCEEDED),
    ("docker", answered(500, error("Unsupported param: suffix")), K.CAPABILITY_MISSING),
    ("mistral limit", answered(429, {"message": "Requests rate limit exceeded"}, profile="mistral"), K.LIMIT_VENDOR),
    ("google", answered(429, [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for quota metric per minute"}}]), K.LIMIT_VENDOR),
    ("openai quota", answered(429, error("You exceeded your current quota, please check your plan", code="insufficient_quota")), K.BUDGET_EXCEEDED),
    ("openai key", answered(401, error("Incorrect API key provided", code="invalid_api_key")), K.AUTH_INVALID),
    ("openai tpm", answered(429, error("Request too large for gpt in organization org on tokens per min (TPM): Limit 10, Requested 20", code="rate_limit_exceeded")), K.LIMIT_VENDOR),
    ("guardrail", answered(400, error("Request violated guardrail: no-secrets")), K.POLICY_BLOCKED),
    ("waf page", answered(403, b"<html>Sorry, you have been blocked. Your token expired</html>", content_type="text/html"), K.UNKNOWN),
    ("proxy 401 page", answered(401, b"<!DOCTYPE html><p>expired token", content_type="text/html"), K.UNKNOWN),
    ("gateway time-out page", answered(500, b"<html><title>Gateway Time-out</title>", content_type="text/html"), K.UPSTREAM_TIMEOUT),
    ("cloudflare late", answered(524, b"<html>", content_type="text/html"), K.UPSTREAM_TIMEOUT),
    ("too large", answered(413, b"<html>", content_type="text/html"), K.CONTEXT_EXCEEDED),
    ("payment", answered(402, b""), K.BUDGET_EXCEEDED),
    ("teapot", answered(418, error("I am a teapot")), K.UNKNOWN),
    ("validation", answered(422, {"detail": [{"type": "missing", "loc": ["body"], "msg": "Field required"}]}), K.UNKNOWN),
    ("conflict", answered(409, b"nonsense"), K.UNKNOWN),
    ("not found", answered(404, {"detail": "Not Found"}), K.CAPABILITY_MISSING),
]  # fmt: skip


@pytest.mark.parametrize(("case", "found", "kind"), FAILURES, ids=[case for case, *_ in FAILURES])
def test_an_answer_nobody_recorded_is_understood(
    case: str, found: Success | Failure, kind: FailureKind
) -> None:
    assert isinstance(found, Failure), case
    assert found.kind is kind


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (answered(246, {"choices": [{"text": "x", "finish_reason": "stop"}], "hook_results": {}}), "policy.warned"),
        (answered(200, {"choices": [{"text": "", "finish_reason": "content_filter"}]}), "policy.warned"),
        (answered(200, {"choices": [{"text": "x", "finish_reason": "stop"}]}, x_litellm_applied_guardrails="pii"), "ok"),
        (answered(200, {"choices": [{"text": "x", "finish_reason": "stop"}]}, x_litellm_attempted_fallbacks="2"), "degraded"),
        (answered(200, {"choices": [{"text": "x", "finish_reason": "stop"}]}, x_portkey_last_used_option_index="config.targets[0]"), "ok"),
        (answered(200, {"choices": [{"text": "x", "finish_reason": "stop"}]}, x_kong_llm_model="openai/other"), "degraded"),
        (answered(200, {"choices": [{"text": "x", "finish_reason": "stop"}]}, x_kong_llm_model="openai/gpt-x"), "ok"),
        (answered(200, stream({"choices": [{"text": "a"}]}, done=False), whole=False, content_type="text/event-stream"), "ok"),
        (answered(200, b'{"response":"a","done":false}\n{"response":"b","done":true}', path="/api/generate"), "ok"),
        (answered(200, {"id": "cmpl", "error": None, "choices": [{"text": "x", "finish_reason": "stop"}]}), "ok"),
    ],
)  # fmt: skip
def test_an_answer_can_be_a_success_with_a_reservation(found: Success, kind: str) -> None:
    assert isinstance(found, Success)
    assert found.kind.value == kind


@pytest.mark.parametrize(
    ("found", "delay_s"),
    [
        (answered(429, {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 10 seconds."}), 10),
        (answered(403, {"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 00:12:05."}), 725),
        (answered(429, error("x"), llm__provider_retry_after="7", x_ratelimit_reset_requests="1s"), 7),
        (answered(429, error("x"), retry_after_ms="1500", retry_after="9"), 1.5),
        (answered(429, error("x"), x_ratelimit_remaining_requests="5", x_ratelimit_reset_requests="1s", x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="30s"), 30),
        (answered(429, error("try again in 1m30s")), 90),
        (answered(429, error("Please retry after 2 minutes.")), 120),
        (answered(429, error("x"), reset__at="2023-11-14 22:13:50 UTC"), 30),
        (answered(429, error("x"), retry_after="86400"), 3600),
        (answered(503, error("x"), retry_after="5"), 5),
        (answered(503, error("x"), x_ratelimit_reset_requests="5s"), None),
        (answered(400, error("x", code="context_length_exceeded"), retry_after="5"), None),
    ],
)  # fmt: skip
def test_the_delay_is_the_one_that_was_asked_for(found: Failure, delay_s: float | None) -> None:
    assert found.retry_delay_s == (None if delay_s is None else pytest.approx(delay_s))


def test_whose_budget_is_told() -> None:
    for message, scope in {
        "Budget has been exceeded! Team=core Current cost: 2, Max budget: 1": "team",
        "Budget has been exceeded! Current cost: 2, Max budget: 1": "user",
        "ExceededBudget: Organization=acme is over budget": "org",
        "Monthly team budget exceeded": "team",
    }.items():
        found = answered(422, litellm(message, 422, "budget_exceeded"))
        assert isinstance(found, Failure)
        assert found.facts["scope"] == scope, message


MATCHED = "078-05-1120"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "body",
    [
        error(MATCHED, provider_specific_fields={"pattern": MATCHED, "guardrail_name": MATCHED}),
        error(str({"error": MATCHED, "keyword": MATCHED, "category": MATCHED, "guardrail": "g"})),
        {"message": {"interveningGuardrail": MATCHED, "assessments": MATCHED}, "code": "900514"},
        error(f"Blocked entity detected: A{MATCHED} by Guardrail: sk-live-{MATCHED}"),
        {"hook_results": {"before_request_hooks": [{"deny": True, "id": MATCHED, "checks": [{"verdict": False, "id": MATCHED, "data": {"matchDetails": {"matchedText": MATCHED}}}]}]}},
    ],
)  # fmt: skip
def test_no_field_smuggles_out_what_was_matched(profile: str, body: Any) -> None:
    assert MATCHED not in repr(answered(400, body, profile=profile))


@given(
    st.sampled_from(sorted(PROFILES)),
    st.integers(100, 599),
    st.text(max_size=300),
    st.sampled_from(["message", "error", "detail", "html-message", "title", "exp"]),
)
def test_any_text_has_a_kind_and_is_never_repeated(
    profile: str, status: int, message: str, place: str
) -> None:
    found = answered(status, {place: message, "error": {"message": message}}, profile=profile)
    assert isinstance(found, (Failure, Success))
    words = message.split()
    if len(words) > 4:
        assert message not in repr(found)


@given(st.binary(max_size=400))
def test_any_file_is_a_recording_or_is_refused(content: bytes) -> None:
    with contextlib.suppress(RecordingError):
        recording(content)


@pytest.mark.parametrize("name", ["mistral-fim", "azure-apim", "llama.cpp", *PROFILES])
def test_a_profile_is_found_by_its_name(name: str) -> None:
    assert profile_called(name) is not None


def test_a_profile_nobody_wrote_is_none() -> None:
    assert profile_called("tomorrow") is None


@pytest.mark.parametrize(
    "unit",
    ["a", "content blocked ", "model not ", "exceed token ", "limit for user ", "{'a':", "1 s "],
)
def test_a_message_made_to_be_slow_is_read_in_no_time(unit: str) -> None:
    message = unit * (200_000 // len(unit))
    began = time.perf_counter()
    for status in (400, 429, 500):
        answered(status, error(message))
    # Quadratic reading of this message would take minutes.
    assert time.perf_counter() - began < 5
