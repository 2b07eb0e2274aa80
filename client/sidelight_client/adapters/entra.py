"""Sign-in with Microsoft Entra ID through msal, under our lock, our HTTP and our classification.

The only importer of msal, which is imported in a thread with the first attempt. Each attempt has an
msal application of its own, so that nothing msal caches outlives it: neither tokens nor errors.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never, cast
from urllib.parse import parse_qs, urlsplit

from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..domain.identity.session_events import RenewalFailure
from ..ports import Clock, RenewalRefused, SignInFailed, SignInPrompt
from ..waiting import at_most
from .entra_http import MsalHttp, NoTokenAnswerError
from .entra_request import (
    CAPABILITY,
    authority_of,
    msal_is_installed,
    read_tenant,
    resource_scopes,
    with_capability,
)
from .http import HttpAnswer, HttpClient, HttpProblem
from .loopback import redirect_listener
from .oidc import DROP_GRACE_S, SIGN_IN_MAX_S
from .oidc_device import DeviceCode, Pending, ask_device_code, read_pending
from .oidc_metadata import Metadata, MetadataSource
from .oidc_refusals import no_metadata, no_renewal, sign_in_failed
from .oidc_request import OidcSettings, account_of, new_proofs
from .oidc_tokens import (
    Tokens,
    classify,
    error_detail,
    error_reason,
    expires_at,
    jwt_claims,
    read_tokens,
)

log = logging.getLogger("sidelight.identity")

MISSING = SignInFailed("entra_extra_missing", "install sidelight with its extra `entra`")


class EntraProvider:
    """A `ports.IdentityProvider` for one tenant of Entra ID."""

    def __init__(
        self, settings: OidcSettings, http: HttpClient, clock: Clock, cache: Path | None = None
    ) -> None:
        """`cache` is the folder that keeps the discovery document for starts without a network."""
        self._settings = settings
        self._http = http
        self._clock = clock
        self._metadata = MetadataSource(settings.issuer, http, clock, cache, read_tenant)
        self._on_the_wire: set[asyncio.Task[Any]] = set()

    # --- sign-in ---------------------------------------------------------------------------------

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return no_metadata(metadata)
        if not msal_is_installed():
            return MISSING
        state = new_proofs().state
        try:
            # The registration "http://localhost" matches any port, and no path but this one.
            async with redirect_listener("/", state, self._settings.redirect_ports) as listener:
                port = urlsplit(listener.redirect_uri).port
                asked = self._authorization(state, f"http://localhost:{port}")
                flow, _ = await self._call(metadata, asked)
                url = flow.get("auth_uri")
                if not isinstance(url, str):
                    return SignInFailed("entra_no_address")
                show(SignInPrompt(url, expires_at=self._clock.now() + SIGN_IN_MAX_S))
                answer = await at_most(self._clock, SIGN_IN_MAX_S, listener.answer())
        except OSError as error:
            return SignInFailed("redirect_port_busy", error.strerror or "")
        if answer is None:
            return SignInFailed("sign_in_timed_out")
        if "code" not in answer:
            fields: dict[str, Any] = dict(answer)
            return SignInFailed(error_reason(fields) or "no_code", error_detail(fields))
        return await self._redeem(metadata, flow, answer)

    def _authorization(self, state: Secret, redirect_uri: str) -> Callable[[Any], Any]:
        extra = self._settings.extra_authorize

        def ask(application: Any) -> Any:
            return application.initiate_auth_code_flow(
                resource_scopes(self._settings),
                redirect_uri=redirect_uri,
                state=state.reveal(),
                prompt=extra.get("prompt"),
                domain_hint=extra.get("domain_hint"),
                login_hint=extra.get("login_hint"),
                claims_challenge=extra.get("claims"),
            )

        return ask

    async def _redeem(
        self, metadata: Metadata, flow: Mapping[str, Any], answer: Mapping[str, str]
    ) -> Grant | SignInFailed:
        began_at = self._clock.now()

        def redeem(application: Any) -> Any:
            return application.acquire_token_by_auth_code_flow(dict(flow), dict(answer))

        _, last = await self._call(metadata, redeem)
        tokens = read_tokens(last) if isinstance(last, HttpAnswer) else None
        if tokens is None:
            return sign_in_failed(last) if last is not None else SignInFailed("entra_not_sent")
        if tokens.id_token is not None and not self._is_ours(tokens.id_token, flow):
            return SignInFailed("id_token_mismatch")
        return self._granted(tokens, began_at)

    def _is_ours(self, id_token: Secret, flow: Mapping[str, Any]) -> bool:
        """OpenID Connect Core §3.1.3.7, which msal leaves to its caller since 1.38."""
        sent = parse_qs(urlsplit(str(flow["auth_uri"])).query).get("nonce", [""])[0]
        claims = jwt_claims(id_token.reveal())
        given = claims.get("nonce")
        return (
            claims.get("aud") == self._settings.client_id
            and isinstance(given, str)
            and hmac.compare_digest(given.encode(), sent.encode())
        )

    async def sign_in_with_device(
        self, show: Callable[[SignInPrompt], None]
    ) -> Grant | SignInFailed:
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return no_metadata(metadata)
        if not msal_is_installed():
            return MISSING
        if not metadata.device_authorization_endpoint:
            return SignInFailed("device_flow_not_offered")
        scopes = resource_scopes(self._settings)
        flow, last = await self._call(metadata, lambda app: app.initiate_device_flow(scopes))
        code = ask_device_code(last, self._clock.now()) if last else SignInFailed("entra_not_sent")
        if isinstance(code, SignInFailed):
            return code
        show(SignInPrompt(code.show_url, code.user_code, code.ends_at))
        return await self._poll_device(metadata, flow, code)

    async def _poll_device(
        self, metadata: Metadata, flow: dict[str, Any], code: DeviceCode
    ) -> Grant | SignInFailed:
        def poll(application: Any) -> Any:
            # Once; msal's own loop would sleep in its thread for as long as the code lives.
            flow["latest_attempt_at"] = 0
            return application.acquire_token_by_device_flow(flow, exit_condition=_at_once)

        interval_s = code.interval_s
        while self._clock.now() + interval_s < code.ends_at:
            await self._clock.sleep(interval_s)
            _, last = await self._call(metadata, poll)
            tokens = read_tokens(last) if isinstance(last, HttpAnswer) else None
            if tokens is not None:
                return self._granted(tokens, self._clock.now())
            pending = read_pending(last, interval_s) if last else Pending(interval_s)
            match pending:
                case Pending(next_s):
                    interval_s = next_s
                case SignInFailed():
                    return pending
                case _:
                    assert_never(pending)
        return SignInFailed("expired_token")

    def _granted(self, tokens: Tokens, began_at: float) -> Grant:
        now = self._clock.now()
        return Grant(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            received_at=now,
            expires_at=expires_at(tokens.life_s, began_at, now),
            account=account_of(tokens.id_token),
            generation=0,
            issuer=self._settings.issuer,
            scopes=tokens.scopes if tokens.scopes is not None else self._settings.scopes,
        )

    # --- renewal and the end ---------------------------------------------------------------------

    async def renew(self, grant: Grant) -> Grant | RenewalRefused:
        return await self._renew(grant, "")

    async def renew_with_claims(self, grant: Grant, claims: str) -> Grant | RenewalRefused:
        return await self._renew(grant, claims)

    async def _renew(self, grant: Grant, claims: str) -> Grant | RenewalRefused:
        refresh_token = grant.refresh_token
        if refresh_token is None:
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, "no_refresh_token")
        if grant.issuer.rstrip("/") != self._settings.issuer.rstrip("/"):
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, "issuer_mismatch")
        if not msal_is_installed():
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, MISSING.code)
        metadata = await self._metadata.get()
        if not isinstance(metadata, Metadata):
            return no_renewal(metadata, self._clock.now())

        def ask(application: Any) -> Any:
            return application.acquire_token_by_refresh_token(
                refresh_token.reveal(),
                resource_scopes(self._settings),
                data={"claims": with_capability(claims)},
            )

        began_at = self._clock.now()
        _, last = await self._call(metadata, ask)
        if last is None:
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, "entra_not_sent")
        now = self._clock.now()
        # Read from the wire: whatever msal thinks of the answer, a new refresh token is kept.
        tokens = read_tokens(last) if isinstance(last, HttpAnswer) else None
        if tokens is None:
            return classify(last, now)
        return replace(
            grant,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token or refresh_token,
            received_at=now,
            expires_at=expires_at(tokens.life_s, began_at, now),
            scopes=tokens.scopes if tokens.scopes is not None else grant.scopes,
        )

    async def revoke(self, grant: Grant) -> None:
        """Entra ID lets no public client revoke a refresh token; forgetting it is all there is."""
        del grant

    async def drop_pool(self) -> None:
        if self._on_the_wire:
            await at_most(self._clock, DROP_GRACE_S, asyncio.wait(tuple(self._on_the_wire)))
        self._http.drop_pool()

    async def close(self) -> None:
        await self._http.close()

    # --- msal ------------------------------------------------------------------------------------

    async def _call(
        self, metadata: Metadata, ask: Callable[[Any], Any]
    ) -> tuple[dict[str, Any], HttpAnswer | HttpProblem | None]:
        """What msal answers, and what the request under it came to."""
        http = MsalHttp(self._http, asyncio.get_running_loop(), metadata, self._on_the_wire)
        answer = await asyncio.to_thread(_in_thread, self._settings, http, ask)
        return answer, http.last


def _in_thread(settings: OidcSettings, http: MsalHttp, ask: Callable[[Any], Any]) -> dict[str, Any]:
    import msal  # type: ignore[import-untyped]  # it ships no types

    # Its DEBUG lines describe each token event.
    logging.getLogger("msal").setLevel(logging.WARNING)
    # A form post (RFC 9700 §4.3.1) is its advice to web servers; the redirect to loopback is a GET
    # with PKCE (RFC 8252 §7.3).
    warnings.filterwarnings("ignore", message="response_mode=")
    try:
        application = cast("Any", msal).PublicClientApplication(
            settings.client_id,
            authority=authority_of(settings.issuer),
            http_client=http,
            http_cache={},
            # The issuer comes from the gateway or the settings; nobody else needs to know it.
            instance_discovery=False,
            client_capabilities=[CAPABILITY],
        )
        answer: Any = ask(application)
    except NoTokenAnswerError:
        return {}
    except Exception as error:
        # Its errors quote what they are about; their kind is enough.
        log.info("msal could not use the answer: %s", type(error).__name__)
        return {}
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}


def _at_once(_: object) -> bool:
    return True
