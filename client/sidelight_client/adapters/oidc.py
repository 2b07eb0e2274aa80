"""Sign-in with any OpenID Connect provider: browser or device code, renewal, revocation.

A public client without a secret: authorization code with PKCE on a loopback redirect (RFC 8252,
RFC 7636), or a device code (RFC 8628). Nothing here opens a browser or decides when to renew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import urlencode

from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..domain.identity.session_events import RenewalFailure
from ..ports import Clock, RenewalRefused, SignInFailed, SignInPrompt
from ..waiting import at_most
from . import dpop
from .http import HttpAnswer, HttpClient, HttpProblem
from .loopback import redirect_listener
from .oidc_device import DeviceCode, Pending, ask_device_code, read_pending
from .oidc_metadata import Metadata, MetadataSource
from .oidc_refusals import no_metadata, no_renewal, sign_in_failed
from .oidc_request import (
    OidcSettings,
    Proofs,
    account_of,
    authorize_url,
    for_audience,
    is_ours,
    new_proofs,
)
from .oidc_tokens import (
    Tokens,
    classify,
    error_code,
    error_detail,
    error_reason,
    expires_at,
    json_object,
    read_tokens,
)

__all__ = ["OidcProvider", "OidcSettings"]

log = logging.getLogger("sidelight.identity")

SIGN_IN_MAX_S = 600.0
"""How long a person may take in the browser."""
REQUEST_MAX_S = 10.0
ANSWER_MAX_BYTES = 256 * 1024
DROP_GRACE_S = 1.5
"""How long an exchange on the wire may still finish after a wake: its answer may just be arriving."""
_GONE = (404, 405, 410)


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
        self._nonces = dpop.Nonces()
        self._on_the_wire: set[asyncio.Task[HttpAnswer | HttpProblem]] = set()

    # --- sign-in ---------------------------------------------------------------------------------

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return no_metadata(metadata)
        settings = self._settings
        proofs = new_proofs()
        try:
            async with redirect_listener(
                settings.redirect_path, proofs.state, settings.redirect_ports
            ) as listener:
                redirect_uri = listener.redirect_uri
                url = authorize_url(settings, metadata, redirect_uri, proofs)
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
            return SignInFailed(error_reason(fields) or "no_code", error_detail(fields))
        return await self._exchange(
            metadata,
            {
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": redirect_uri,
                "code_verifier": proofs.verifier.reveal(),
            },
            proofs,
            self._new_key(metadata),
        )

    def _new_key(self, metadata: Metadata) -> Secret | None:
        """The key a new grant is to be bound to, where the gateway and the provider both can."""
        offered = self._settings.dpop and dpop.ALGORITHM in metadata.dpop_algorithms
        return dpop.new_key() if offered else None

    async def sign_in_with_device(
        self, show: Callable[[SignInPrompt], None]
    ) -> Grant | SignInFailed:
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return no_metadata(metadata)
        if not metadata.device_authorization_endpoint:
            return SignInFailed("device_flow_not_offered")
        form = {"scope": " ".join(self._settings.scopes), **for_audience(self._settings)}
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
        interval_s, key = code.interval_s, self._new_key(metadata)
        while self._clock.now() + interval_s < code.ends_at:
            await self._clock.sleep(interval_s)
            answer = await self._ask_tokens(metadata, form, key)
            tokens = read_tokens(answer) if isinstance(answer, HttpAnswer) else None
            if tokens is not None:
                return self._granted(tokens, metadata, self._clock.now(), key)
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
        self, metadata: Metadata, form: dict[str, str], proofs: Proofs, key: Secret | None
    ) -> Grant | SignInFailed:
        began_at = self._clock.now()
        answer = await self._ask_tokens(metadata, form, key)
        tokens = read_tokens(answer) if isinstance(answer, HttpAnswer) else None
        if tokens is None:
            return sign_in_failed(answer)
        id_token = tokens.id_token
        if id_token is not None and not is_ours(id_token, self._settings, metadata, proofs):
            return SignInFailed("id_token_mismatch")
        return self._granted(tokens, metadata, began_at, key)

    def _granted(
        self, tokens: Tokens, metadata: Metadata, began_at: float, key: Secret | None
    ) -> Grant:
        """The first grant of a sign-in; who keeps it gives it its generation."""
        now = self._clock.now()
        return Grant(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            received_at=now,
            expires_at=expires_at(tokens.life_s, began_at, now),
            account=account_of(tokens.id_token),
            generation=0,
            issuer=metadata.issuer,
            scopes=tokens.scopes if tokens.scopes is not None else self._settings.scopes,
            proof_key=key,
            proven=tokens.proven,
        )

    # --- renewal and the end ---------------------------------------------------------------------

    async def renew(self, grant: Grant) -> Grant | RenewalRefused:
        return await self._renew(grant, {})

    async def renew_with_claims(self, grant: Grant, claims: str) -> Grant | RenewalRefused:
        return await self._renew(grant, {"claims": claims})

    async def _renew(self, grant: Grant, extra: dict[str, str]) -> Grant | RenewalRefused:
        if grant.refresh_token is None:
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, "no_refresh_token")
        if not self._issued(grant):
            # A refresh token goes to the provider that issued it and to nobody else.
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, "issuer_mismatch")
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return no_renewal(metadata, self._clock.now())
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token.reveal()}
        form |= extra
        began_at = self._clock.now()
        form |= for_audience(self._settings)
        answer = await self._ask_tokens(metadata, form, grant.proof_key)
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
            proven=tokens.proven,
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

    async def _ask_tokens(
        self, metadata: Metadata, form: dict[str, str], key: Secret | None
    ) -> HttpAnswer | HttpProblem:
        """A request to the token endpoint; with `key`, proven, and again where it names a nonce."""
        url = metadata.token_endpoint
        if key is None:
            return await self._post(url, form)
        answer, unread = await self._prove(url, form, key)
        if unread:
            answer, _ = await self._prove(url, form, key)
        return answer

    async def _prove(
        self, url: str, form: dict[str, str], key: Secret
    ) -> tuple[HttpAnswer | HttpProblem, bool]:
        """The answer, and whether it only names the nonce that the proof must carry."""
        proof = self._nonces.proof(key, "POST", url, self._clock.now())
        answer = await self._post(url, form, proof)
        if isinstance(answer, HttpProblem):
            return answer, False
        error = error_code(json_object(answer.body) or {})
        return answer, self._nonces.wanted(url, answer.status, answer.headers, error)

    async def _post(
        self, url: str, form: dict[str, str], proof: Secret | None = None
    ) -> HttpAnswer | HttpProblem:
        """A form to an endpoint, on a connection of its own.

        A kept connection that the server closed meanwhile fails after the request was written,
        and then nobody knows whether the refresh token was consumed.
        """
        headers: dict[str, str | Secret] = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Connection": "close",
        }
        if proof is not None:
            headers["DPoP"] = proof
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
