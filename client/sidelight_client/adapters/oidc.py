"""Sign-in with any OpenID Connect provider: browser or device code, renewal, revocation.

A public client without a secret: authorization code with PKCE on a loopback redirect (RFC 8252,
RFC 7636), or a device code (RFC 8628). Nothing here opens a browser or decides when to renew.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import urlencode, urlsplit

from ..domain.secret import Secret
from ..domain.session import Grant, RenewalFailure
from ..ports import Clock, GatewayInfo, RenewalRefused, SignInFailed, SignInPrompt
from ..waiting import at_most
from .http import HttpAnswer, HttpClient, HttpProblem
from .loopback import redirect_listener
from .oidc_device import DeviceCode, Pending, ask_device_code, read_pending
from .oidc_metadata import Metadata, MetadataError, MetadataSource
from .oidc_tokens import (
    Tokens,
    classify,
    error_code,
    error_detail,
    expires_at,
    json_object,
    jwt_claims,
    read_tokens,
)

log = logging.getLogger("sidelight.identity")

SIGN_IN_MAX_S = 600.0
"""How long a person may take in the browser."""
REQUEST_MAX_S = 10.0
ANSWER_MAX_BYTES = 256 * 1024
DROP_GRACE_S = 1.5
"""How long an exchange on the wire may still finish after a wake: its answer may just be arriving."""
_GONE = (404, 405, 410)


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """How Sidelight is registered with the provider.

    Attributes:
        issuer: the provider's address, without `/.well-known/…`.
        audience: whom the access token is for; also sent as `resource` (RFC 8707) when it is a URI.
        redirect_ports: for providers that compare the whole redirect address; else any port.
        extra_authorize: further parameters of the authorization request (`domain_hint`, `acr_values`).
    """

    issuer: str
    client_id: str = "sidelight"
    scopes: tuple[str, ...] = ("openid", "profile", "offline_access")
    audience: str = ""
    redirect_ports: tuple[int, ...] = ()
    redirect_path: str = "/callback"
    extra_authorize: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of_gateway(cls, info: GatewayInfo) -> OidcSettings:
        """What the gateway's discovery announced."""
        return cls(info.issuer, info.client_id, info.scopes, info.audience)


class OidcProvider:
    """A `ports.IdentityProvider` for one issuer, with an HTTP client of its own."""

    def __init__(
        self, settings: OidcSettings, http: HttpClient, clock: Clock, cache: Path | None = None
    ) -> None:
        """`cache` is the folder that keeps the discovery document for starts without a network."""
        self._settings = settings
        self._http = http
        self._clock = clock
        self._metadata = MetadataSource(settings.issuer, http, clock, cache)
        self._on_the_wire: set[asyncio.Task[HttpAnswer | HttpProblem]] = set()

    # --- sign-in ---------------------------------------------------------------------------------

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return _no_metadata(metadata)
        state, nonce, verifier = (Secret(secrets.token_urlsafe(48)) for _ in range(3))
        settings = self._settings
        try:
            async with redirect_listener(
                settings.redirect_path, state, settings.redirect_ports
            ) as listener:
                redirect_uri = listener.redirect_uri
                url = self._authorize_url(metadata, redirect_uri, state, nonce, verifier)
                show(SignInPrompt(url, expires_at=self._clock.now() + SIGN_IN_MAX_S))
                answer = await at_most(self._clock, SIGN_IN_MAX_S, listener.answer())
        except OSError as error:
            return SignInFailed("redirect_port_busy", error.strerror or "")
        if answer is None:
            return SignInFailed("sign_in_timed_out")
        if metadata.iss_in_redirect and answer.get("iss") != metadata.issuer:
            return SignInFailed("issuer_mismatch")
        if "code" not in answer:
            fields: dict[str, Any] = dict(answer)
            return SignInFailed(error_code(fields) or "no_code", error_detail(fields))
        return await self._exchange(
            metadata,
            {
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": redirect_uri,
                "code_verifier": verifier.reveal(),
            },
            nonce,
        )

    def _authorize_url(
        self, metadata: Metadata, redirect_uri: str, state: Secret, nonce: Secret, verifier: Secret
    ) -> str:
        challenge = hashlib.sha256(verifier.reveal().encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": state.reveal(),
            "nonce": nonce.reveal(),
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **self._for_audience(),
        }
        if "offline_access" in self._settings.scopes:
            # Without it a strict provider gives no refresh token (OpenID Connect Core §11).
            parameters["prompt"] = "consent"
        parameters |= self._settings.extra_authorize
        endpoint = metadata.authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"

    async def sign_in_with_device(
        self, show: Callable[[SignInPrompt], None]
    ) -> Grant | SignInFailed:
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return _no_metadata(metadata)
        if not metadata.device_authorization_endpoint:
            return SignInFailed("device_flow_not_offered")
        form = {"scope": " ".join(self._settings.scopes), **self._for_audience()}
        answer = await self._post(metadata.device_authorization_endpoint, form)
        code = ask_device_code(answer, self._clock.now())
        if isinstance(code, SignInFailed):
            return code
        show(SignInPrompt(code.show_url, code.user_code, code.ends_at))
        return await self._poll_device(metadata, code)

    async def _poll_device(self, metadata: Metadata, code: DeviceCode) -> Grant | SignInFailed:
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": code.device_code.reveal(),
        }
        interval_s = code.interval_s
        while self._clock.now() + interval_s < code.ends_at:
            await self._clock.sleep(interval_s)
            answer = await self._post(metadata.token_endpoint, form)
            tokens = read_tokens(answer) if isinstance(answer, HttpAnswer) else None
            if tokens is not None:
                return self._granted(tokens, metadata, self._clock.now())
            pending = read_pending(answer, interval_s)
            match pending:
                case Pending(next_s):
                    interval_s = next_s
                case SignInFailed():
                    return pending
                case _:
                    assert_never(pending)
        return SignInFailed("expired_token")

    async def _exchange(
        self, metadata: Metadata, form: dict[str, str], nonce: Secret
    ) -> Grant | SignInFailed:
        began_at = self._clock.now()
        answer = await self._post(metadata.token_endpoint, form)
        tokens = read_tokens(answer) if isinstance(answer, HttpAnswer) else None
        if tokens is None:
            return _sign_in_failed(answer)
        if tokens.id_token is not None and not self._is_ours(tokens.id_token, metadata, nonce):
            return SignInFailed("id_token_mismatch")
        return self._granted(tokens, metadata, began_at)

    def _is_ours(self, id_token: Secret, metadata: Metadata, nonce: Secret) -> bool:
        """OpenID Connect Core §3.1.3.7; TLS to the token endpoint stands in for the signature."""
        claims = jwt_claims(id_token.reveal())
        given, audience = claims.get("nonce"), claims.get("aud")
        return (
            claims.get("iss") == metadata.issuer
            and self._settings.client_id in (audience if isinstance(audience, list) else [audience])
            and isinstance(given, str)
            and hmac.compare_digest(given.encode(), nonce.reveal().encode())
        )

    def _granted(self, tokens: Tokens, metadata: Metadata, began_at: float) -> Grant:
        """The first grant of a sign-in; who keeps it gives it its generation."""
        now = self._clock.now()
        claims = jwt_claims(tokens.id_token.reveal()) if tokens.id_token is not None else {}
        names = (claims.get(n) for n in ("preferred_username", "email", "name", "sub"))
        return Grant(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            received_at=now,
            expires_at=expires_at(tokens.life_s, began_at, now),
            account=next((name[:200] for name in names if isinstance(name, str) and name), ""),
            generation=0,
            issuer=metadata.issuer,
            scopes=tokens.scopes if tokens.scopes is not None else self._settings.scopes,
        )

    # --- renewal and the end ---------------------------------------------------------------------

    async def renew(self, grant: Grant) -> Grant | RenewalRefused:
        if grant.refresh_token is None:
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, "no_refresh_token")
        if not self._issued(grant):
            # A refresh token goes to the provider that issued it and to nobody else.
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, "issuer_mismatch")
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return _no_renewal(metadata, self._clock.now())
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token.reveal()}
        began_at = self._clock.now()
        answer = await self._post(metadata.token_endpoint, form | self._for_audience())
        now = self._clock.now()
        tokens = read_tokens(answer) if isinstance(answer, HttpAnswer) else None
        if tokens is None:
            if isinstance(answer, HttpAnswer) and answer.status in _GONE:
                await self._metadata.forget()
            return classify(answer, now)
        return replace(
            grant,
            access_token=tokens.access_token,
            # A provider that does not rotate leaves it out, and the old one goes on (RFC 6749 §6).
            refresh_token=tokens.refresh_token or grant.refresh_token,
            received_at=now,
            expires_at=expires_at(tokens.life_s, began_at, now),
            scopes=tokens.scopes if tokens.scopes is not None else grant.scopes,
        )

    async def revoke(self, grant: Grant) -> None:
        if grant.refresh_token is None or not self._issued(grant):
            return
        metadata = await self._metadata.get()
        if isinstance(metadata, Metadata) and metadata.revocation_endpoint:
            form = {"token": grant.refresh_token.reveal(), "token_type_hint": "refresh_token"}
            await self._post(metadata.revocation_endpoint, form)

    async def drop_pool(self) -> None:
        """Close what was opened before the sleep, after a short grace for what is on the wire.

        Connections are not kept between identity requests (see `_post`), so the exchange in
        flight is all there is to close.
        """
        if self._on_the_wire:
            await at_most(self._clock, DROP_GRACE_S, asyncio.wait(tuple(self._on_the_wire)))
        self._http.drop_pool()

    async def close(self) -> None:
        await self._http.close()

    # --- requests --------------------------------------------------------------------------------

    def _issued(self, grant: Grant) -> bool:
        return grant.issuer.rstrip("/") == self._settings.issuer.rstrip("/")

    def _for_audience(self) -> dict[str, str]:
        audience = self._settings.audience
        if not audience:
            return {}
        with suppress(ValueError):
            if urlsplit(audience).scheme:
                return {"audience": audience, "resource": audience}
        return {"audience": audience}

    async def _post(self, url: str, form: dict[str, str]) -> HttpAnswer | HttpProblem:
        """A form to an endpoint, on a connection of its own.

        A kept connection that the server closed meanwhile fails after the request was written,
        and then nobody knows whether the refresh token was consumed.
        """
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Connection": "close",
        }
        body = urlencode({**form, "client_id": self._settings.client_id}).encode()
        request = self._http.request(
            "POST", url, headers, body, timeout_s=REQUEST_MAX_S, max_bytes=ANSWER_MAX_BYTES
        )
        task = asyncio.ensure_future(request)
        self._on_the_wire.add(task)
        task.add_done_callback(self._on_the_wire.discard)
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            raise


def _no_metadata(why: HttpAnswer | HttpProblem | MetadataError) -> SignInFailed:
    match why:
        case MetadataError():
            return SignInFailed("discovery_unreadable", str(why))
        case HttpAnswer(status):
            return SignInFailed("discovery_unreadable", f"status {status}")
        case HttpProblem(kind):
            return SignInFailed(f"network.{kind}")
        case _:
            assert_never(why)


def _no_renewal(why: HttpAnswer | HttpProblem | MetadataError, now: float) -> RenewalRefused:
    """Without an endpoint nothing was sent, so whatever it was, nothing was processed."""
    if isinstance(why, MetadataError):
        return RenewalRefused(RenewalFailure.NOT_PROCESSED, "discovery_unreadable")
    return replace(classify(why, now), failure=RenewalFailure.NOT_PROCESSED)


def _sign_in_failed(answer: HttpAnswer | HttpProblem) -> SignInFailed:
    if isinstance(answer, HttpProblem):
        return SignInFailed(f"network.{answer.kind}")
    fields = json_object(answer.body) or {}
    return SignInFailed(error_code(fields) or f"http.{answer.status}", error_detail(fields))
