"""The HTTP client msal is given: ours, called from msal's thread, with no page ever shown to msal.

msal would log a captive portal's whole page, answer from its cache for a minute after an error, and
wait without a limit. Here the request is ours, and so is the answer from which tokens are read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from .http import HttpAnswer, HttpClient, HttpProblem
from .oidc_metadata import Metadata
from .oidc_tokens import json_object

REQUEST_MAX_S = 10.0
_THREAD_PATIENCE_S = 5.0
"""How much longer msal's thread waits for the loop than a request may take."""
ANSWER_MAX_BYTES = 256 * 1024
_SPOKEN = (200, 400, 401, 403)
"""Statuses under which the sign-in service itself speaks (RFC 6749 §5.1, §5.2; RFC 8628 §3.5)."""


class NoTokenAnswerError(Exception):
    """What came, if anything, is nothing for msal to read; `MsalHttp.last` has it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What msal reads of a response."""

    status_code: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class MsalHttp:
    """One attempt's HTTP client, as msal wants it: `get`, `post` and `close`, called in a thread.

    Attributes:
        last: what the last request that went out came to; None while none did.
    """

    def __init__(
        self,
        http: HttpClient,
        loop: asyncio.AbstractEventLoop,
        metadata: Metadata,
        on_the_wire: set[asyncio.Task[Any]],
    ) -> None:
        self._http = http
        self._loop = loop
        self._metadata = metadata
        self._on_the_wire = on_the_wire
        self.last: HttpAnswer | HttpProblem | None = None

    def get(self, url: str, **_: Any) -> Reply:
        """The discovery document, which is known already: msal starts without a network.

        Raises NoTokenAnswerError for everything else, which none of our calls needs.
        """
        if not url.endswith("/.well-known/openid-configuration"):
            raise NoTokenAnswerError
        known = self._metadata
        document = {
            "issuer": known.issuer,
            "authorization_endpoint": known.authorization_endpoint,
            "token_endpoint": known.token_endpoint,
            "device_authorization_endpoint": known.device_authorization_endpoint,
        }
        return Reply(200, json.dumps({name: value for name, value in document.items() if value}))

    def post(
        self,
        url: str,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> Reply:
        """Send a form. Raises NoTokenAnswerError where no JSON of the sign-in service came."""
        if params:
            raise NoTokenAnswerError
        # What msal leaves open is None, which the library it was written for leaves out.
        form = urlencode({name: value for name, value in (data or {}).items() if value is not None})
        lines = {
            **(headers or {}),
            "Content-Type": "application/x-www-form-urlencoded",
            "Connection": "close",
        }
        sending = asyncio.run_coroutine_threadsafe(
            self._send(url, lines, form.encode()), self._loop
        )
        try:
            answer = sending.result(REQUEST_MAX_S + _THREAD_PATIENCE_S)
        except (CancelledError, TimeoutError):
            raise NoTokenAnswerError from None
        if isinstance(answer, HttpProblem) or answer.status not in _SPOKEN:
            raise NoTokenAnswerError
        if json_object(answer.body) is None:
            raise NoTokenAnswerError
        return Reply(answer.status, answer.body.decode(), answer.headers)

    def close(self) -> None:
        """Nothing of ours ends with msal's attempt."""

    async def _send(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer | HttpProblem:
        task = asyncio.current_task()
        assert task is not None
        self._on_the_wire.add(task)
        task.add_done_callback(self._on_the_wire.discard)
        self.last = await self._http.request(
            "POST", url, headers, body, timeout_s=REQUEST_MAX_S, max_bytes=ANSWER_MAX_BYTES
        )
        return self.last
