"""Requests to one gateway: documents, bounded in time and size, and the headers of whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, assert_never

from ..domain.failure import Failure, FailureKind
from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..gateways.discovery import Announced
from ..gateways.untrusted import mapping, parsed
from ..ports import Clock
from . import dpop
from .gateway_given import GatewayGiven
from .http import (
    MAX_BYTES,
    Headers,
    HttpAnswer,
    HttpClient,
    HttpProblem,
    HttpProblemKind,
    HttpStream,
)

DOCUMENT_TIMEOUT_S = 10.0
EARLY_S = 0.005
_OK = 200


class GatewayCalls:
    """What discovery, completions and documents have in common."""

    def __init__(self, http: HttpClient, clock: Clock, given: GatewayGiven | None = None) -> None:
        """`given` is what the settings say of the gateway beside its address."""
        self.http = http
        self.clock = clock
        self.given = given
        self.fixed_headers: Mapping[str, Secret] = {}
        """What the gateway wants with every request; known once its profile is."""
        self._nonces = dpop.Nonces()

    async def get(self, url: str, headers: Headers) -> HttpAnswer | HttpProblem:
        return await self.http.request(
            "GET", url, {"accept": "application/json", **headers}, timeout_s=DOCUMENT_TIMEOUT_S
        )

    async def document(
        self, url: str, gateway: Announced, grant: Grant | None, headers: Headers
    ) -> HttpAnswer | None:
        """The answer with the session's key, whatever its status; None where there is none."""
        answer = await self._whole("GET", url, gateway, grant, headers=headers)
        return None if isinstance(answer, HttpProblem) else answer

    async def deliver(
        self, url: str, gateway: Announced, grant: Grant | None, body: bytes, max_bytes: int
    ) -> HttpAnswer | HttpProblem:
        """The answer to a small JSON document that is sent with the session's key."""
        headers = {"content-type": "application/json"}
        return await self._whole(
            *("POST", url, gateway, grant), headers=headers, body=body, max_bytes=max_bytes
        )

    async def _whole(
        self,
        method: str,
        url: str,
        gateway: Announced,
        grant: Grant | None,
        *,
        headers: Headers,
        body: bytes | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> HttpAnswer | HttpProblem:
        """The answer in one piece; one that only names the nonce for the proof is not the answer."""
        for last in (False, True):
            whose = self._authorized(gateway, grant, method, url)
            answer = await self.http.request(
                *(method, url, {"accept": "application/json", **headers, **whose}, body),
                timeout_s=DOCUMENT_TIMEOUT_S,
                max_bytes=max_bytes,
            )
            unread = not isinstance(answer, HttpProblem) and self._nonces.wanted(
                url, answer.status, answer.headers
            )
            if last or not unread:
                break
        return answer

    @asynccontextmanager
    async def post(
        self,
        url: str,
        gateway: Announced,
        grant: Grant | None,
        headers: Headers,
        body: bytes,
        *,
        first_by: float,
        max_bytes: int,
    ) -> AsyncGenerator[HttpStream | HttpProblem]:
        """The answer to a POST with the session's key, as a stream for the block's duration.

        A gateway that wants a nonce in the proof gets it, once: nobody else hears of that answer.
        """
        for last in (False, True):
            whose = self._authorized(gateway, grant, "POST", url)
            async with self.http.stream(
                *("POST", url, {**headers, **whose}, body),
                timeout_s=left(first_by),
                max_bytes=max_bytes,
            ) as stream:
                unread = not isinstance(stream, HttpProblem) and self._nonces.wanted(
                    url, stream.status, stream.headers
                )
                if last or not unread:
                    yield stream
                    return

    def _authorized(
        self, gateway: Announced, grant: Grant | None, method: str, url: str
    ) -> Headers:
        """What shows whose request it is: the profile's headers, or a bound token and its proof."""
        fixed = self.fixed_headers
        if gateway.info.auth_kind == "none":
            return fixed
        if grant is None or grant.proof_key is None or not grant.proven:
            return {**fixed, **gateway.profile.auth_headers(grant)}
        token, now = grant.access_token, self.clock.now()
        return {
            **fixed,
            "authorization": Secret(f"DPoP {token.reveal()}"),
            "dpop": self._nonces.proof(grant.proof_key, method, url, now, access_token=token),
        }


def json_object(answer: HttpAnswer | HttpProblem | None) -> Mapping[str, Any] | None:
    """The JSON object of a successful answer; None for anything else."""
    if not isinstance(answer, HttpAnswer) or answer.status != _OK:
        return None
    found = parsed(answer.body)
    return mapping(found) if isinstance(found, dict) else None


def left(end: float) -> float:
    """Seconds until the loop's time `end`; timers may fire a few milliseconds early."""
    seconds = end - asyncio.get_running_loop().time()
    return seconds if seconds > EARLY_S else 0.0


def unanswered(problem: HttpProblem, *, late: bool) -> Failure:
    """What an exchange without an answer means. `late` when our own patience ended it."""
    unprocessed = not problem.sent
    match problem.kind:
        case HttpProblemKind.DNS | HttpProblemKind.UNREACHABLE:
            return Failure(FailureKind.OFFLINE, unprocessed=unprocessed)
        case HttpProblemKind.TIMEOUT:
            # A connection that could not be opened in the time set for that is not merely slow.
            slow = late or problem.sent
            kind = FailureKind.UPSTREAM_TIMEOUT if slow else FailureKind.UPSTREAM_DOWN
            return Failure(kind, unprocessed=unprocessed)
        case (
            HttpProblemKind.REFUSED
            | HttpProblemKind.TLS
            | HttpProblemKind.PROXY
            | HttpProblemKind.RESET
            | HttpProblemKind.TOO_LARGE
            | HttpProblemKind.PROTOCOL
        ):
            return Failure(FailureKind.UPSTREAM_DOWN, unprocessed=unprocessed)
        case _:
            assert_never(problem.kind)
