"""Which gateway answered, by what only its answers have; the first sign that is seen decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .untrusted import items, mapping, parsed

_LARGEST_BODY = 300_000
_NUMBERED = re.compile(r"[1-5]\d\d")
_WSO2 = re.compile(r"9\d{5}")
_DIRECT = ("openai-organization", "openai-version", "openai-processing-ms")


@dataclass(frozen=True, slots=True)
class Seen:
    """One exchange, as far as it shows who answered.

    Attributes:
        path: what was asked for; empty where that is not known.
        asked: the names of the request's headers, in lower case.
        headers: of the answer, with lower-case names.
        body: of the answer.
    """

    path: str = ""
    asked: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A profile's name, and the sign it was known by; the sign is ours, never the gateway's text."""

    profile: str
    sign: str


def recognise(seen: Seen) -> Recognised | None:
    """The gateway that answered, or None when nothing tells."""
    document = _document(seen.body)
    for name, sign, shows in _SIGNS:
        if shows(seen, document):
            return Recognised(name, sign)
    return None


def _document(body: bytes) -> Mapping[str, Any]:
    """The answer's object, or of a stream the first event's."""
    if body[:5] == b"data:":
        body = body[5:].partition(b"\n")[0]
    return mapping(parsed(body[:_LARGEST_BODY]))


def _has_header(*starts: str) -> Callable[[Seen, Mapping[str, Any]], bool]:
    return lambda seen, _: any(name.startswith(starts) for name in seen.headers)


def _server(*names: str) -> Callable[[Seen, Mapping[str, Any]], bool]:
    return lambda seen, _: seen.headers.get("server", "").lower().startswith(names)


def _has_text(*texts: bytes) -> Callable[[Seen, Mapping[str, Any]], bool]:
    return lambda seen, _: any(text in seen.body[:_LARGEST_BODY] for text in texts)


def _error(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(document.get("error"))


def _litellm_error(_: Seen, document: Mapping[str, Any]) -> bool:
    """Only LiteLLM writes the HTTP status as text into `code`."""
    error = _error(document)
    numbered = isinstance(error.get("code"), str) and _NUMBERED.fullmatch(error["code"])
    return {"message", "type", "param"} <= error.keys() and bool(numbered)


def _litellm_models(_: Seen, document: Mapping[str, Any]) -> bool:
    """It dates every model to the same day in 2023."""
    return any(
        mapping(model).get("created") == 1677610602  # noqa: PLR2004  LiteLLM's own constant
        for model in items(document.get("data"), 3)
    )


def _hardened(seen: Seen, _: Mapping[str, Any]) -> bool:
    """The headers LiteLLM's proxy puts on every answer."""
    return seen.headers.get("content-security-policy") == "frame-ancestors 'none'" and (
        seen.headers.get("x-frame-options") == "DENY" and seen.headers.get("vary") == "Origin"
    )


def _owned_by(owner: str) -> Callable[[Seen, Mapping[str, Any]], bool]:
    return lambda _, document: any(
        mapping(model).get("owned_by") == owner for model in items(document.get("data"), 3)
    )


def _path(*parts: str) -> Callable[[Seen, Mapping[str, Any]], bool]:
    return lambda seen, _: any(part in seen.path for part in parts)


def _portkey_asked(seen: Seen, _: Mapping[str, Any]) -> bool:
    return any(name.startswith("x-portkey-") for name in seen.asked)


def _portkey_failure(_: Seen, document: Mapping[str, Any]) -> bool:
    return document.get("status") == "failure" and isinstance(document.get("message"), str)


def _portkey_body(_: Seen, document: Mapping[str, Any]) -> bool:
    return "hook_results" in document or "html-message" in document


def _bifrost(_: Seen, document: Mapping[str, Any]) -> bool:
    return "is_bifrost_error" in document


def _cloudflare(_: Seen, document: Mapping[str, Any]) -> bool:
    listed = items(document.get("errors"), 1) or items(document.get("error"), 1)
    return document.get("success") is False and bool(listed)


def _wso2(_: Seen, document: Mapping[str, Any]) -> bool:
    said = str(document.get("code", mapping(document.get("fault")).get("code", "")))
    return bool(_WSO2.fullmatch(said)) or "interveningGuardrail" in mapping(document.get("message"))


def _azure(_: Seen, document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("statusCode"), int) and "message" in document


def _azure_filter(_: Seen, document: Mapping[str, Any]) -> bool:
    return "innererror" in _error(document) or "innererror" in document


def _anthropic(_: Seen, document: Mapping[str, Any]) -> bool:
    return document.get("type") == "error" and "type" in _error(document)


def _kong(_: Seen, document: Mapping[str, Any]) -> bool:
    return set(document) == {"message", "request_id"}


def _kong_guard(_: Seen, document: Mapping[str, Any]) -> bool:
    return _error(document) == {"message": "bad request"} and len(document) == 1


def _ollama_error(seen: Seen, document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("error"), str) and seen.path.startswith("/api/")


def _mistral(_: Seen, document: Mapping[str, Any]) -> bool:
    return document.get("object") == "error" and "message" in document


def _neutral(_: Seen, document: Mapping[str, Any]) -> bool:
    return "sidelight" in _error(document) or "sidelight" in document


_Sign = tuple[str, str, Callable[[Seen, Mapping[str, Any]], bool]]
_SIGNS: tuple[_Sign, ...] = (
    ("sidelight", "the neutral contract's fields", _neutral),
    ("sidelight", "the neutral contract's header", _has_header("x-sidelight-")),
    ("litellm", "LiteLLM's headers", _has_header("x-litellm-", "llm_provider-")),
    ("portkey", "Portkey's headers", _has_header("x-portkey-")),
    ("bifrost", "Bifrost's errors", _bifrost),
    ("bifrost", "Bifrost's headers", _has_header("x-bf-", "x-bifrost-")),
    ("cloudflare", "Cloudflare's gateway headers", _has_header("cf-aig-")),
    ("llamacpp", "llama.cpp's server header", _server("llama.cpp")),
    ("llamacpp", "llama.cpp's model list", _owned_by("llamacpp")),
    ("litellm", "LiteLLM's exceptions", _has_text(b"litellm.", b"litellm_params", b"LiteLLM")),
    ("litellm", "the shape of LiteLLM's errors", _litellm_error),
    ("litellm", "LiteLLM's model list", _litellm_models),
    ("litellm", "LiteLLM's own paths", _path("/litellm-", "/model_group/info", "/guardrails/list")),
    ("portkey", "Portkey's hooks", _portkey_body),
    ("portkey", "Portkey's failures", _portkey_failure),
    ("portkey", "Portkey's greeting", _has_text(b"AI Gateway says hey!")),
    ("wso2", "WSO2's error numbers", _wso2),
    ("ollama", "Ollama's greeting", _has_text(b"Ollama is running")),
    ("ollama", "Ollama's model list", _owned_by("library")),
    ("ollama", "Ollama's own paths", _path("/api/generate", "/api/tags", "/api/show")),
    ("ollama", "Ollama's errors", _ollama_error),
    ("kong", "Kong's headers", _has_header("x-kong-", "x-envoy-kong")),
    ("kong", "Kong's server header", _server("kong")),
    (
        "azure_apim",
        "Azure's headers",
        _has_header("apim-", "ocp-apim-", "x-ms-apim", "x-ms-region"),
    ),
    ("azure_apim", "Azure's errors", _azure),
    ("azure_apim", "Azure's content filter", _azure_filter),
    ("mistral", "Mistral's headers", _has_header("mistral-", "x-mistral-")),
    ("mistral", "Mistral's own path", _path("/fim/completions")),
    ("mistral", "Mistral's errors", _mistral),
    ("anthropic", "Anthropic's headers", _has_header("anthropic-")),
    ("envoy", "Envoy's AI headers", _has_header("x-ai-eg-")),
    ("envoy", "Envoy's server header", _server("envoy", "istio-envoy")),
    ("envoy", "Envoy's headers", _has_header("x-envoy-")),
    ("cloudflare", "Cloudflare's errors", _cloudflare),
    ("kong", "the shape of Kong's errors", _kong),
    ("kong", "the answer of Kong's prompt guard", _kong_guard),
    ("anthropic", "Anthropic's errors", _anthropic),
    ("portkey", "the request's headers for Portkey", _portkey_asked),
    ("openai", "OpenAI's headers", _has_header(*_DIRECT)),
    ("litellm", "the headers of LiteLLM's proxy", _hardened),
)
"""A gateway's own headers come before the shapes of bodies, which it may pass through."""
