"""The messages of the local socket: requests, answers, hello and attach; and all codecs in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import SidelightError
from ..ports import SignInPrompt
from .frames import (
    Json,
    WireError,
    decode,
    encode,
    error_body,
    flag,
    integer,
    malformed,
    number,
    optional_number,
    section,
    text,
    text_map,
    texts,
)
from .greeting import PROTOCOL
from .wire_completion import (
    outcome_from_json,
    outcome_to_json,
    request_from_json,
    request_to_json,
    trace_id_of,
)
from .wire_snapshot import delta, snapshot_from_json, snapshot_to_json

_NAME_LIMIT = 200
_PATH_LIMIT = 4096
_ARGUMENT_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Request:
    """One question of a client; `id` comes back with the answer."""

    id: int | str | None
    method: str
    params: Json

    @classmethod
    def from_json(cls, data: Json) -> Request:
        """The request `data` tells of. Raises WireError."""
        given = data.get("id")
        if isinstance(given, bool) or not isinstance(given, (int, str, type(None))):
            raise malformed("id must be a number or a text")
        params = section(data, "params") if data.get("params") is not None else {}
        return cls(given, text(data, "method", limit=_NAME_LIMIT), params)

    def answer(self, result: Mapping[str, Any]) -> Json:
        return {"id": self.id, "result": result}

    def refuse(self, error: SidelightError) -> Json:
        return {"id": self.id, "error": error_body(error)}


@dataclass(frozen=True, slots=True)
class Hello:
    """Who a client is. `environment` holds fingerprints, never values."""

    protocol: int
    version: str
    client: str
    environment: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def from_json(cls, data: Json) -> Hello:
        """The hello `data` tells of. Raises WireError."""
        return cls(
            integer(data, "protocol"),
            text(data, "version", limit=_NAME_LIMIT),
            text(data, "client", "", limit=_NAME_LIMIT),
            text_map(data, "environment") if "environment" in data else {},
        )


@dataclass(frozen=True, slots=True)
class AttachInfo:
    """What a shim says about the session it hands over.

    Attributes:
        pid: the shim's process id; 0 where unknown.
        cwd: the folder the editor started it in.
        arguments: what followed `sidelight lsp`.
        copy: the connection itself becomes the session's bytes, for want of SCM_RIGHTS.
        forwarded: the editor runs on another machine, and so do its files. The socket it came in
            by says so; a client has no word in it.
    """

    pid: int = 0
    cwd: str = ""
    arguments: tuple[str, ...] = ()
    copy: bool = False
    forwarded: bool = False

    @classmethod
    def from_json(cls, data: Json) -> AttachInfo:
        """The information `data` tells of. Raises WireError."""
        arguments = texts(data, "arguments", _PATH_LIMIT) if "arguments" in data else ()
        if len(arguments) > _ARGUMENT_LIMIT:
            raise malformed(f"arguments must be at most {_ARGUMENT_LIMIT}")
        return cls(
            integer(data, "pid", 0),
            text(data, "cwd", "", limit=_PATH_LIMIT),
            arguments,
            flag(data, "copy", default=False),
        )


def prompt_to_json(prompt: SignInPrompt) -> Json:
    """What a person must do to sign in, as it travels. No secret: the URL is meant to be opened."""
    return {"url": prompt.url, "user_code": prompt.user_code, "expires_at": prompt.expires_at}


def prompt_from_json(data: Json) -> SignInPrompt:
    """The prompt `data` tells of. Raises WireError."""
    return SignInPrompt(
        text(data, "url"), text(data, "user_code", ""), optional_number(data, "expires_at")
    )


def event(name: str, data: Mapping[str, Any]) -> Json:
    """A message nobody asked for by id."""
    return {"event": name, "data": data}


__all__ = [
    "PROTOCOL",
    "AttachInfo",
    "Hello",
    "Json",
    "Request",
    "WireError",
    "decode",
    "delta",
    "encode",
    "error_body",
    "event",
    "flag",
    "integer",
    "malformed",
    "number",
    "optional_number",
    "outcome_from_json",
    "outcome_to_json",
    "prompt_from_json",
    "prompt_to_json",
    "request_from_json",
    "request_to_json",
    "section",
    "snapshot_from_json",
    "snapshot_to_json",
    "text",
    "texts",
    "trace_id_of",
]
