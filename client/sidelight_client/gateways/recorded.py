"""One recorded exchange: the JSON an administrator writes down from a real gateway, read with doubt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, cast

from .profile import Profile
from .recognise import Recognised, Seen, recognise
from .registry import PROFILES
from .untrusted import count, items, mapping, parsed, text
from .verdict import Exchanged

LARGEST_FILE = 8_000_000
_MOST_HEADERS = 300


class RecordingError(ValueError):
    """The file is no recorded exchange; the text ends the sentence "… is not one (…)"."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An exchange, when it took place, and whose it looks to be.

    Attributes:
        exchange: what was asked and answered.
        at: wall-clock seconds of the answer; None where it does not say.
        recognised: the gateway by its answer; the file's own word for it is not used.
    """

    exchange: Exchanged
    at: float | None
    recognised: Recognised | None

    @property
    def profile(self) -> Profile:
        """The one that was recognised, else OpenAI's."""
        return PROFILES[self.recognised.profile if self.recognised else "openai"]


def recording(content: bytes) -> Recording:
    """The exchange written in `content`. Raises RecordingError."""
    document = parsed(content)
    if not isinstance(document, dict):
        raise RecordingError("it is not a JSON object")
    whole = mapping(document)
    request, response = mapping(whole.get("request")), mapping(whole.get("response"))
    problem = text(whole.get("client_error"))
    if "response" not in whole or not (response or problem):
        raise RecordingError("there is no response in it")
    status = response.get("status")
    if status is None and problem:
        response = mapping(None)  # The client gave up before there was one.
    if response and (isinstance(status, bool) or not isinstance(status, int)):
        raise RecordingError("the response has no status")
    if response and not 100 <= cast("int", status) <= 999:  # noqa: PLR2004  RFC 9110 §15
        raise RecordingError("the response's status is none")
    headers = _headers(response.get("headers"))
    body = _body(response.get("body"))
    size = count(response.get("body_bytes"))
    exchange = Exchanged(
        method=text(request.get("method")) or "POST",
        path=text(request.get("path"), 2_000),
        model=_model(request.get("body")),
        status=cast("int", status) if response else None,
        headers=headers,
        body=body,
        whole=size is None or size <= len(body),
        problem=problem,
    )
    asked = frozenset(_headers(request.get("headers")))
    seen = Seen(exchange.path, asked, headers, body)
    return Recording(exchange, _moment(headers.get("date", "")), recognise(seen))


def _headers(said: Any) -> dict[str, str]:
    """Headers as pairs or as an object, with lower-case names; repeated ones are joined."""
    listed = list(mapping(said).items()) if isinstance(said, dict) else items(said, _MOST_HEADERS)
    found: dict[str, str] = {}
    for pair in listed[:_MOST_HEADERS]:
        name, value = _pair(pair)
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _pair(said: Any) -> tuple[str, str]:
    match said:
        case [name, value]:
            return str(name).lower(), str(value)
        case _:
            raise RecordingError("a header is not a name and a value")


def _body(said: Any) -> bytes:
    """A body as text, or as JSON that somebody has already parsed."""
    if said is None:
        return b""
    if isinstance(said, str):
        return said.encode("utf-8", "replace")
    return json.dumps(said).encode()


def _model(body: Any) -> str:
    """The model the request asked for."""
    asked = parsed(body) if isinstance(body, str) else body
    return text(mapping(asked).get("model"), 120)


def _moment(date: str) -> float | None:
    try:
        when = parsedate_to_datetime(date)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
