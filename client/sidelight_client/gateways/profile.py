"""What a gateway profile is: the few pure functions in which gateways differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..domain.completion import CompletionRequest, Source, TokenUse
from ..domain.failure import Failure, RuleHit
from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..domain.routing.fim import Mode
from ..domain.spending.budget import Reading


@dataclass(frozen=True, slots=True)
class Span:
    """Where a part of the window lies in what was sent.

    Attributes:
        sent: the sent text the gateway counts in: `prefix` or `suffix`.
        start: where the part begins there, in code points.
        length: how long it is.
        part: the window's own name for its kind.
        offset: where in all the text of that kind it begins.
    """

    sent: str
    start: int
    length: int
    part: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Encoded:
    """A completion request as the gateway wants it.

    Attributes:
        path: relative to the API's base, or with `at_root` to what lies above its `/v1`.
        fields: the request's JSON object.
        spans: where the person's text lies in it.
        at_root: see `path`; servers keep their own endpoints beside OpenAI's.
    """

    path: str
    fields: Mapping[str, Any]
    spans: tuple[Span, ...] = ()
    at_root: bool = False

    @property
    def body(self) -> bytes:
        """The request's JSON as it is sent.

        Unpaired surrogates of a broken file stay ASCII escapes; as UTF-8 they could not be written.
        """
        return json.dumps(self.fields, separators=(",", ":")).encode("ascii")

    def url(self, api_base: str) -> str:
        """The address to ask, for an API at `api_base`."""
        return f"{api_base.removesuffix('/v1') if self.at_root else api_base}{self.path}"

    def located(self, hits: tuple[RuleHit, ...]) -> tuple[RuleHit, ...]:
        """`hits` counted in the window's parts; one outside the person's own text is left out."""
        return tuple(
            RuleHit(
                hit.rule,
                span.part,
                hit.start - span.start + span.offset,
                hit.end - span.start + span.offset,
            )
            for hit in hits
            for span in self.spans
            if span.sent == hit.part
            and span.start <= hit.start <= hit.end <= span.start + span.length
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer's text; `choice` is which of its alternatives it belongs to."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """Book-keeping inside a stream; None where this event does not say."""

    tokens: TokenUse | None = None
    source: Source | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The gateway says that the answer is complete."""


StreamPart = Piece | Told | Ended | Failure
"""What one event of a stream, or one whole JSON answer, consists of."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not a stream of text. The body is looked at and never kept."""

    status: int | None
    """None for an error inside a stream, whose status was 200."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


class Profile(Protocol):
    """One kind of gateway. Everything here is pure; `now` is wall-clock seconds."""

    @property
    def name(self) -> str: ...

    @property
    def models_path(self) -> str:
        """Where the gateway describes its models with limits and prices, above its `/v1`; else empty."""
        ...

    @property
    def guardrails_path(self) -> str:
        """Where the gateway lists its guardrails, above its `/v1`; empty where it does not."""
        ...

    @property
    def alternatives(self) -> int:
        """How many texts one request may ask for; 1 where the gateway is not known to take `n`."""
        ...

    @property
    def default_mode(self) -> Mode:
        """How a completion is encoded where discovery said nothing about it."""
        ...

    def auth_headers(self, grant: Grant | None) -> Mapping[str, Secret]: ...

    def trace_headers(self, trace_id: str) -> Mapping[str, str]:
        """Opaque ids only: gateways pass unknown headers on to vendors."""
        ...

    def encode(self, request: CompletionRequest, model: str, mode: Mode) -> Encoded: ...

    def decode(self, data: str | bytes) -> tuple[StreamPart, ...]:
        """What one event's data, or one whole JSON answer, says."""
        ...

    def classify(self, reply: Reply, now: float) -> Failure:
        """What a refusal means. No text of the gateway's message is kept."""
        ...

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        """What response headers say about limits, read by whose limits they are."""
        ...

    def cost_from_headers(self, headers: Mapping[str, str]) -> float | None:
        """What the answer cost, in the gateway's own currency; None where it does not say."""
        ...
