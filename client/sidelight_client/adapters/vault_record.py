"""The vault's record as bytes, and back; strict, because the bytes come from a file."""

from __future__ import annotations

import json
import math
from typing import Any, cast

from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..ports import Record

FORMAT = 1


class RecordError(Exception):
    """The bytes are not a record. The text never quotes them."""


def encode(record: Record) -> bytes:
    """The record as JSON; the only place where tokens leave their `Secret` to be stored."""
    return json.dumps(
        {
            "format": FORMAT,
            "generation": record.generation,
            "saved_at": record.saved_at,
            "rejected": record.rejected,
            "grant": None if record.grant is None else _grant_fields(record.grant),
        }
    ).encode()


def _grant_fields(grant: Grant) -> dict[str, Any]:
    return {
        "access_token": grant.access_token.reveal(),
        "refresh_token": grant.refresh_token.reveal() if grant.refresh_token else None,
        "received_at": grant.received_at,
        "expires_at": grant.expires_at,
        "account": grant.account,
        "generation": grant.generation,
        "issuer": grant.issuer,
        "scopes": list(grant.scopes),
        "proof_key": grant.proof_key.reveal() if grant.proof_key else None,
        "proven": grant.proven,
    }


def decode(data: bytes) -> Record:
    """The record. Raises RecordError; unknown fields of a later version are passed over."""
    try:
        raw: Any = json.loads(data)
    except ValueError:
        # The parser's own text quotes the input, which holds tokens.
        raise RecordError("not JSON") from None
    fields = _Fields(raw)
    if fields.number("format") != FORMAT:
        raise RecordError("another format")
    grant = fields.value("grant")
    return Record(
        generation=fields.whole("generation"),
        saved_at=fields.number("saved_at"),
        grant=None if grant is None else _grant(_Fields(grant)),
        rejected=fields.text("rejected"),
    )


def _grant(fields: _Fields) -> Grant:
    refresh = fields.value("refresh_token")
    scopes = fields.value("scopes")
    if not isinstance(scopes, list):
        raise RecordError("scopes")
    return Grant(
        access_token=Secret(fields.text("access_token")),
        refresh_token=None if refresh is None else Secret(fields.text("refresh_token")),
        received_at=fields.number("received_at"),
        expires_at=fields.number("expires_at"),
        account=fields.text("account"),
        generation=fields.whole("generation"),
        issuer=fields.text("issuer"),
        scopes=tuple(str(scope) for scope in cast("list[object]", scopes)),
        # Records of earlier versions have neither.
        proof_key=Secret(fields.text("proof_key")) if fields.has("proof_key") else None,
        proven=fields.has("proven") and fields.value("proven") is True,
    )


class _Fields:
    """Typed access to a JSON object; every miss is a RecordError that names the field only."""

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise RecordError("not an object")
        self._raw = cast("dict[str, Any]", raw)

    def has(self, name: str) -> bool:
        return self._raw.get(name) is not None

    def value(self, name: str) -> Any:
        if name not in self._raw:
            raise RecordError(name)
        return self._raw[name]

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str):
            raise RecordError(name)
        return value

    def number(self, name: str) -> float:
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RecordError(name)
        if not math.isfinite(value):
            raise RecordError(name)
        return value

    def whole(self, name: str) -> int:
        value = self.number(name)
        if not isinstance(value, int):
            raise RecordError(name)
        return value
