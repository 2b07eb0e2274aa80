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

from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..ports import (
    Clock,
    GatewayInfo,
    HalfRenewed,
    IdentityProvider,
    RenewalRefused,
    SignInFailed,
    SignInPrompt,
)
from . import dpop
from .exchange_answers import NotGiven, Own, read_key, why_not
from .http import Headers, HttpAnswer, HttpClient, HttpProblem
from .oidc_metadata import is_private
from .oidc_tokens import (
    error_code,
    expires_at,
    json_object,
    read_tokens,
)

log = logging.getLogger("sidelight.identity")

REQUEST_MAX_S = 8.0
"""With the sign-in service's 10 s it stays below the 20 s another process waits for the lock."""
ANSWER_MAX_BYTES = 256 * 1024
SUBJECT_MARGIN_S = 30.0

_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name, no token
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name, no token


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

    `refresh_token` ties it to its session: another person's sign-in brings another one. `bound`
    where it goes with a proof by `proof_key` (RFC 9449). `proven` once an exchange has accepted it.
    """

    refresh_token: Secret | None
    access_token: Secret
    ends_at: float
    proof_key: Secret | None = None
    bound: bool = False
    proven: bool = False


class TokenExchange:
    """A `ports.IdentityProvider`: another one, and the exchange behind it."""

    def __init__(
        self, inner: IdentityProvider, settings: ExchangeSettings, http: HttpClient, clock: Clock
    ) -> None:
        self._inner = inner
        self._settings = settings
        self._http = http
        self._clock = clock
        self._nonces = dpop.Nonces()
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
            case Own():
                return self._granted(first, answer, began_at)
            case NotGiven(refused, denied):
                if denied or first.refresh_token is None:
                    await self.revoke(first)
                    return SignInFailed(refused.reason)
                # The person has done their part. A grant that has ended is renewed at once and
                # for as long as it takes, and that needs the second stage only.
                now = self._clock.now()
                ended = replace(first, access_token=Secret(""), proven=False)
                return replace(ended, received_at=now, expires_at=now)
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
            if isinstance(answer, Own):
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
                proven=grant.proven,
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

    def _granted(self, grant: Grant, own: Own, began_at: float) -> Grant:
        now = self._clock.now()
        return replace(
            grant,
            access_token=own.token,
            received_at=now,
            expires_at=expires_at(own.life_s, began_at, now),
            proven=own.bound,
        )

    # --- the request -----------------------------------------------------------------------------

    async def _exchange(self, subject: _Subject) -> Own | NotGiven:
        answer, unread = await self._ask(subject)
        if unread:
            answer, _ = await self._ask(subject)
        own = self._read(answer) if isinstance(answer, HttpAnswer) else None
        if own is not None:
            subject.proven = True
            return own
        result = why_not(answer, self._clock.now())
        log.debug("exchange failed: %s", result.refused.reason)
        return result

    async def _ask(self, subject: _Subject) -> tuple[HttpAnswer | HttpProblem, bool]:
        """The answer, and whether it only names the nonce that the proof must carry."""
        headers, body = self._question(subject)
        url = self._settings.url
        answer = await self._http.request(
            "POST", url, headers, body, timeout_s=REQUEST_MAX_S, max_bytes=ANSWER_MAX_BYTES
        )
        if isinstance(answer, HttpProblem):
            return answer, False
        error = error_code(json_object(answer.body) or {})
        return answer, self._nonces.wanted(url, answer.status, answer.headers, error)

    def _question(self, subject: _Subject) -> tuple[Headers, bytes]:
        headers: dict[str, str | Secret] = {"Accept": "application/json", "Connection": "close"}
        settings, token, key = self._settings, subject.access_token, subject.proof_key
        bound = key is not None and subject.bound
        if key is not None and bound:
            # A token endpoint reads the token from the form, every other server from the header:
            # only there does the proof name it (RFC 9449 §5 and §7).
            presented = token if settings.form is ExchangeForm.KEY else None
            now = self._clock.now()
            headers["DPoP"] = self._nonces.proof(key, "POST", settings.url, now, presented)
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
                scheme = "DPoP" if bound else "Bearer"
                headers["Authorization"] = Secret(f"{scheme} {token.reveal()}")
                headers["Content-Type"] = "application/json"
                return headers, b"{}"
            case _:
                assert_never(settings.form)

    def _read(self, answer: HttpAnswer) -> Own | None:
        match self._settings.form:
            case ExchangeForm.TOKEN:
                tokens = read_tokens(answer)
                if tokens is None:
                    return None
                return Own(tokens.access_token, tokens.life_s, tokens.proven)
            case ExchangeForm.KEY:
                return read_key(answer)
            case _:
                assert_never(self._settings.form)


def _subject_of(grant: Grant) -> _Subject:
    key, bound = grant.proof_key, grant.proven
    return _Subject(grant.refresh_token, grant.access_token, grant.expires_at, key, bound)
