"""The second stage of a sign-in: the provider's token becomes the gateway's own, short-lived one.

Either by token exchange (RFC 8693) or by asking the gateway for a virtual key. What is renewed
stays the sign-in's refresh token; nothing that happens here can end the session.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never
from urllib.parse import urlencode

from ..domain.secret import Secret
from ..domain.session import Grant, RenewalFailure
from ..ports import (
    Clock,
    GatewayInfo,
    HalfRenewed,
    IdentityProvider,
    RenewalRefused,
    SignInFailed,
    SignInPrompt,
)
from .http import Headers, HttpAnswer, HttpClient, HttpProblem
from .oidc_metadata import is_private
from .oidc_tokens import (
    classify,
    error_code,
    error_reason,
    expires_at,
    json_object,
    read_life,
    read_tokens,
)

log = logging.getLogger("sidelight.identity")

REQUEST_MAX_S = 8.0
"""With the sign-in service's 10 s it stays below the 20 s another process waits for the lock."""
ANSWER_MAX_BYTES = 256 * 1024
SUBJECT_MARGIN_S = 30.0
KEY_LIFE_UNKNOWN_S = 8 * 3600.0
"""A key without a stated end is renewed twice a day; a 401 renews it earlier."""
DENIED_RETRY_S = 300.0
"""A refusal that an administrator must lift is not asked about every few seconds."""

_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name, no token
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name, no token
_CREATED = 201
_UNAUTHORIZED = 401
_DENIALS = (400, 401, 402, 403, 404, 422)
_TOKEN_ERRORS = ("invalid_request", "invalid_grant", "invalid_token")
"""RFC 8693 §2.2.2 for a subject token that is not acceptable, and what servers say instead."""


class ExchangeForm(StrEnum):
    """How the gateway gives its own token."""

    TOKEN = "token_exchange"  # noqa: S105 - a name, no token
    """A form to a token endpoint (RFC 8693)."""
    KEY = "virtual_key"
    """A POST with the sign-in's token as bearer, answered by `{"key" | "token", "expires_in"}`."""


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """Where and how to exchange; `audience` is the gateway's name at the exchange."""

    url: str
    form: ExchangeForm = ExchangeForm.TOKEN
    client_id: str = ""
    audience: str = ""

    @classmethod
    def of_gateway(cls, info: GatewayInfo) -> ExchangeSettings | None:
        """What the gateway's discovery announced; None where it wants the sign-in's own token."""
        if info.auth_kind != "exchange" or not is_private(info.exchange_url):
            return None
        form = ExchangeForm(info.exchange_form)
        return cls(info.exchange_url, form, info.client_id, info.audience)


@dataclass(slots=True)
class _Subject:
    """The sign-in's access token, kept in memory so that most renewals need one stage only.

    `refresh_token` ties it to its session: another person's sign-in brings another one.
    `proven` once an exchange has accepted it.
    """

    refresh_token: Secret | None
    access_token: Secret
    ends_at: float
    proven: bool = False


@dataclass(frozen=True, slots=True)
class _Own:
    """The gateway's own token."""

    token: Secret
    life_s: float


@dataclass(frozen=True, slots=True)
class _NotGiven:
    """None was given; `denied` by somebody who read the request, `stale` for the subject's sake."""

    refused: RenewalRefused
    denied: bool = False
    stale: bool = False


class TokenExchange:
    """A `ports.IdentityProvider`: another one, and the exchange behind it."""

    def __init__(
        self, inner: IdentityProvider, settings: ExchangeSettings, http: HttpClient, clock: Clock
    ) -> None:
        self._inner = inner
        self._settings = settings
        self._http = http
        self._clock = clock
        self._subject: _Subject | None = None

    # --- sign-in ---------------------------------------------------------------------------------

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        return await self._signed_in(await self._inner.sign_in(show))

    async def sign_in_with_device(
        self, show: Callable[[SignInPrompt], None]
    ) -> Grant | SignInFailed:
        return await self._signed_in(await self._inner.sign_in_with_device(show))

    async def _signed_in(self, first: Grant | SignInFailed) -> Grant | SignInFailed:
        if isinstance(first, SignInFailed):
            return first
        began_at = self._clock.now()
        subject = self._subject = _subject_of(first)
        answer = await self._exchange(subject)
        match answer:
            case _Own():
                return self._granted(first, answer, began_at)
            case _NotGiven(refused, denied):
                if denied or first.refresh_token is None:
                    await self.revoke(first)
                    return SignInFailed(refused.reason)
                # The person has done their part. A grant that has ended is renewed at once and
                # for as long as it takes, and that needs the second stage only.
                now = self._clock.now()
                return replace(first, access_token=Secret(""), received_at=now, expires_at=now)
            case _:
                assert_never(answer)

    # --- renewal and the end ---------------------------------------------------------------------

    async def renew_with_claims(
        self, grant: Grant, claims: str
    ) -> Grant | HalfRenewed | RenewalRefused:
        """The claims are the sign-in's affair: its token is asked for anew."""
        return self._half(grant, await self._inner.renew_with_claims(grant, claims))

    async def renew(self, grant: Grant) -> Grant | HalfRenewed | RenewalRefused:
        began_at = self._clock.now()
        subject = self._usable_subject(grant)
        if subject is not None:
            answer = await self._exchange(subject)
            if isinstance(answer, _Own):
                return self._granted(grant, answer, began_at)
            if answer.denied:
                self._subject = None
            if not answer.stale or not subject.proven:
                return answer.refused
            # What was accepted before is not any more: the sign-in's token ended early.
        return self._half(grant, await self._inner.renew(grant))

    def _half(
        self, grant: Grant, first: Grant | HalfRenewed | RenewalRefused
    ) -> HalfRenewed | RenewalRefused:
        """The first stage's answer, with the token there was until the second brings another."""
        if not isinstance(first, Grant):
            return first
        self._subject = _subject_of(first)
        return HalfRenewed(
            replace(
                first,
                access_token=grant.access_token,
                received_at=grant.received_at,
                expires_at=grant.expires_at,
            )
        )

    async def revoke(self, grant: Grant) -> None:
        self._subject = None
        await self._inner.revoke(grant)

    async def drop_pool(self) -> None:
        await self._inner.drop_pool()

    async def close(self) -> None:
        await self._inner.close()

    def _usable_subject(self, grant: Grant) -> _Subject | None:
        subject = self._subject
        if subject is None or subject.refresh_token != grant.refresh_token:
            return None
        return subject if self._clock.now() < subject.ends_at - SUBJECT_MARGIN_S else None

    def _granted(self, grant: Grant, own: _Own, began_at: float) -> Grant:
        now = self._clock.now()
        return replace(
            grant,
            access_token=own.token,
            received_at=now,
            expires_at=expires_at(own.life_s, began_at, now),
        )

    # --- the request -----------------------------------------------------------------------------

    async def _exchange(self, subject: _Subject) -> _Own | _NotGiven:
        headers, body = self._question(subject.access_token)
        answer = await self._http.request(
            "POST",
            self._settings.url,
            headers,
            body,
            timeout_s=REQUEST_MAX_S,
            max_bytes=ANSWER_MAX_BYTES,
        )
        own = self._read(answer) if isinstance(answer, HttpAnswer) else None
        if own is not None:
            subject.proven = True
            return own
        result = _why_not(answer, self._clock.now())
        log.debug("exchange failed: %s", result.refused.reason)
        return result

    def _question(self, token: Secret) -> tuple[Headers, bytes]:
        headers: dict[str, str | Secret] = {"Accept": "application/json", "Connection": "close"}
        settings = self._settings
        match settings.form:
            case ExchangeForm.TOKEN:
                form = {
                    "grant_type": _TOKEN_EXCHANGE,
                    "subject_token": token.reveal(),
                    "subject_token_type": _ACCESS_TOKEN,
                    "requested_token_type": _ACCESS_TOKEN,
                    "audience": settings.audience,
                    "client_id": settings.client_id,
                }
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                return headers, urlencode({n: v for n, v in form.items() if v}).encode()
            case ExchangeForm.KEY:
                headers["Authorization"] = Secret(f"Bearer {token.reveal()}")
                headers["Content-Type"] = "application/json"
                return headers, b"{}"
            case _:
                assert_never(settings.form)

    def _read(self, answer: HttpAnswer) -> _Own | None:
        match self._settings.form:
            case ExchangeForm.TOKEN:
                tokens = read_tokens(answer)
                return None if tokens is None else _Own(tokens.access_token, tokens.life_s)
            case ExchangeForm.KEY:
                return _read_key(answer)
            case _:
                assert_never(self._settings.form)


def _read_key(answer: HttpAnswer) -> _Own | None:
    fields = json_object(answer.body) if answer.status in (200, _CREATED) else None
    key = (fields.get("key") or fields.get("token")) if fields is not None else None
    if fields is None or not isinstance(key, str) or not key.isascii() or not key.isprintable():
        return None
    return _Own(Secret(key), read_life(fields.get("expires_in"), KEY_LIFE_UNKNOWN_S))


def _subject_of(grant: Grant) -> _Subject:
    return _Subject(grant.refresh_token, grant.access_token, grant.expires_at)


def _why_not(answer: HttpAnswer | HttpProblem, now: float) -> _NotGiven:
    """Why there is no token of the gateway's own.

    Whatever it was, the refresh token was not part of it: it counts as not processed.
    """
    refused = replace(classify(answer, now), failure=RenewalFailure.NOT_PROCESSED)
    if not isinstance(answer, HttpAnswer) or answer.status not in _DENIALS:
        return _NotGiven(refused)
    fields = json_object(answer.body)
    if fields is None:
        # A page of somebody in between says nothing about the token.
        return _NotGiven(refused)
    stale = answer.status == _UNAUTHORIZED or error_code(fields) in _TOKEN_ERRORS
    reason = error_reason(fields) or f"exchange.{answer.status}"
    delay_s = max(refused.retry_delay_s or 0.0, DENIED_RETRY_S)
    return _NotGiven(replace(refused, reason=reason, retry_delay_s=delay_s), True, stale)
