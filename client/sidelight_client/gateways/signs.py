"""What an answer that is no completion shows: its message, the names it gives, the status it means."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .profile import Reply
from .untrusted import items, mapping, parsed

LONGEST_MESSAGE = 4_000
_MESSAGES = (
    "message",
    "error",
    "detail",
    "error_description",
    "error_message",
    "description",
    "title",
    "msg",
    "reason",
    "fault",
    "exp",
    "html-message",
)
"""Where gateways write their sentence, besides `error.message`."""
_NAMES = ("code", "type", "error_code", "status", "reason", "__type")
_STATUSES = ("code", "status", "statusCode", "status_code")
_NUMBERED = re.compile(r"[1-5]\d\d")

_PAGE = re.compile(r"<(?:!doctype|html|head|body|title)\b", re.IGNORECASE)
_ROUTER_TALK = re.compile(
    r"LiteLLM: model group|Received Model Group=|No fallback model group|Deployment Info:"
    r"|Set 'context_window_fallback'"
)
"""What LiteLLM adds about its own set-up; in it the words "model", "not" and "found" mean nothing."""
_WRAPPED = re.compile(r"\{['\"].*\}", re.DOTALL)
_LARGEST_HTML_HEAD = 2_000


@dataclass(frozen=True, slots=True)
class Signs:
    """An answer as it is looked at; nothing of it is kept.

    Attributes:
        status: what it means, in HTTP's numbers: the body's own where the answer itself was a
            success; None where neither says.
        headers: with lower-case names.
        message: in lower case and on one line, without pages and without set-up.
        raw: the same as it was written, for numbers and moments in it.
        names: codes and types, most specific first.
        error: the error object.
        document: the whole body.
        details: a dictionary the gateway wrote into its message instead of beside it.
        page: the answer is a web page, in whose words nothing is searched.
        page_title: the beginning of that page, in lower case.
    """

    status: int | None
    headers: Mapping[str, str]
    message: str = ""
    raw: str = ""
    names: tuple[str, ...] = ()
    error: Mapping[str, Any] = field(default_factory=dict[str, Any])
    document: Mapping[str, Any] = field(default_factory=dict[str, Any])
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    page: bool = False
    page_title: str = ""


def signs(reply: Reply) -> Signs:
    """What `reply` shows, whatever its body is."""
    found: Any = parsed(reply.body)
    listed = items(found, 1)
    if listed:
        found = listed[0]  # Google's gateways answer a list of one error.
    if not isinstance(found, dict):
        plain = reply.body[: 4 * LONGEST_MESSAGE].decode("utf-8", "replace")
        return _plain(reply, found if isinstance(found, str) else plain)
    document = mapping(found)
    error = _error_object(document)
    raw = " ".join(dict.fromkeys(_messages(error, document)))[: 2 * LONGEST_MESSAGE]
    details = _wrapped(raw)
    if isinstance(details.get("error"), str):
        raw = details["error"]
    before, page = _without_page(raw)
    before = _ROUTER_TALK.split(before)[0][:LONGEST_MESSAGE]
    return Signs(
        _status(reply.status, error, document),
        reply.headers,
        " ".join(before.lower().split()),
        before,
        tuple(_names(error, document)),
        error,
        document,
        details,
        page_title=page,
    )


def _plain(reply: Reply, text: str) -> Signs:
    """An answer that is text or a page."""
    before, page = _without_page(text[:LONGEST_MESSAGE])
    is_page = bool(page) or "html" in reply.headers.get("content-type", "")
    if is_page:
        page, before = page or text[:_LARGEST_HTML_HEAD].lower(), ""
    status = _status(reply.status, {}, {})
    lower = " ".join(before.lower().split())
    return Signs(status, reply.headers, lower, before, page=is_page, page_title=page)


def _error_object(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that describes the error: OpenAI's `error`, or whatever stands in its place."""
    for name in ("error", "errors", "detail", "fault", "message"):
        said = document.get(name)
        if isinstance(said, dict) and said:
            return mapping(said)
        listed = items(said, 1)
        if listed and isinstance(listed[0], dict):
            return mapping(listed[0])
    return document


def _messages(error: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    for place in (error, document):
        for name in _MESSAGES:
            said = place.get(name)
            if isinstance(said, str) and said:
                yield said[: 2 * LONGEST_MESSAGE]


def _names(error: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    inner = mapping(error.get("innererror"))
    for place in (error, inner, document):
        for name in _NAMES:
            said = place.get(name)
            if isinstance(said, str) and said and len(said) <= 80:  # noqa: PLR2004  a name, no text
                yield said.lower()
            elif isinstance(said, int) and not isinstance(said, bool):
                yield str(said)


def _status(
    status: int | None, error: Mapping[str, Any], document: Mapping[str, Any]
) -> int | None:
    if status is not None and status >= 300:  # noqa: PLR2004  neither information nor success
        return status
    for place in (error, document):
        for name in _STATUSES:
            said = str(place.get(name))
            if _NUMBERED.fullmatch(said) and int(said) >= 400:  # noqa: PLR2004  an error's
                return int(said)
    return None


def _wrapped(message: str) -> Mapping[str, Any]:
    """The dictionary inside a message, as JSON or as Python writes one (LiteLLM's completions)."""
    found = _WRAPPED.search(message[:LONGEST_MESSAGE])
    if found is None:
        return {}
    read = parsed(found[0])
    if read is None:
        try:
            with warnings.catch_warnings():
                # A pattern in it has escapes that Python warns about; nobody wrote them here.
                warnings.simplefilter("ignore")
                read = ast.literal_eval(found[0])
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return {}
    whole = mapping(read)
    return mapping(whole.get("error")) or mapping(whole.get("detail")) or whole


def _without_page(text: str) -> tuple[str, str]:
    """The text before a web page that was pasted into it, and the page's beginning."""
    found = _PAGE.search(text)
    if found is None:
        return text, ""
    return text[: found.start()], text[found.start() :][:_LARGEST_HTML_HEAD].lower()
