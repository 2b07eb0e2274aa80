"""The identity provider a gateway announces; it is found when it is first needed, not at start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ..domain.failure import Failure
from ..domain.identity.grant import Grant
from ..domain.identity.session_events import RenewalFailure
from ..ports import (
    Clock,
    GatewayInfo,
    HalfRenewed,
    IdentityProvider,
    RenewalRefused,
    SignInFailed,
    SignInPrompt,
)
from .entra_request import is_entra, msal_is_installed
from .http import HttpClient
from .oidc import OidcProvider, OidcSettings
from .token_exchange import ExchangeSettings, TokenExchange

Discover = Callable[[], Awaitable[GatewayInfo | Failure]]


class DiscoveredProvider:
    """A `ports.IdentityProvider` that asks the gateway who signs its people in.

    While the gateway cannot say, a renewal counts as not processed and a sign-in fails with a
    reason; nobody is signed out by that.
    """

    def __init__(
        self,
        discover: Discover,
        http: HttpClient,
        clock: Clock,
        cache: Path | None,
        *,
        issuer: str = "",
        client_id: str = "",
        kind: str = "auto",
        redirect_ports: tuple[int, ...] = (),
        extra_authorize: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`issuer` and `client_id` beat what the gateway announces.

        `redirect_ports` are tried in order where the provider compares the whole redirect address.
        `kind` is `oidc`, `entra`, or `auto`: Entra ID by its address, where msal is installed.
        """
        self._kind = kind
        self._discover = discover
        self._http = http
        self._clock = clock
        self._cache = cache
        self._issuer = issuer
        self._client_id = client_id
        self._redirect_ports = redirect_ports
        self._extra_authorize = extra_authorize
        self._claims = ""
        self._found: IdentityProvider | None = None
        self._last: IdentityProvider | None = None
        """The one used last; it knows what is on the wire."""

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        # A sign-in asks anew: the gateway may have moved to another provider.
        self._found = None
        provider = await self._provider()
        if isinstance(provider, SignInFailed):
            return provider
        answer = await provider.sign_in(show)
        if isinstance(answer, Grant):
            self._claims = ""
        return answer

    async def sign_in_with_device(
        self, show: Callable[[SignInPrompt], None]
    ) -> Grant | SignInFailed:
        self._found = None
        provider = await self._provider()
        if isinstance(provider, SignInFailed):
            return provider
        return await provider.sign_in_with_device(show)

    async def renew(self, grant: Grant) -> Grant | HalfRenewed | RenewalRefused:
        provider = await self._provider(grant.issuer)
        if isinstance(provider, SignInFailed):
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, provider.code)
        return await provider.renew(grant)

    async def renew_with_claims(
        self, grant: Grant, claims: str
    ) -> Grant | HalfRenewed | RenewalRefused:
        # Where it takes a person after all, their sign-in asks for the same.
        self._claims = claims
        provider = await self._provider(grant.issuer)
        if isinstance(provider, SignInFailed):
            return RenewalRefused(RenewalFailure.NOT_PROCESSED, provider.code)
        return await provider.renew_with_claims(grant, claims)

    async def revoke(self, grant: Grant) -> None:
        provider = await self._provider(grant.issuer)
        if not isinstance(provider, SignInFailed):
            await provider.revoke(grant)

    async def drop_pool(self) -> None:
        if self._last is not None:
            await self._last.drop_pool()
        else:
            self._http.drop_pool()

    async def close(self) -> None:
        await self._http.close()

    async def _provider(self, issuer: str = "") -> IdentityProvider | SignInFailed:
        """The provider; a grant names its own issuer, which a renewal goes to."""
        if self._found is not None:
            return self._found
        settings = OidcSettings(issuer or self._issuer, self._client_id)
        info = await self._discover()
        if not isinstance(info, GatewayInfo):
            if not settings.issuer or not settings.client_id:
                return _UNKNOWN
            # Settings that say it all need no gateway. That it wants a token of its own is not
            # known then: its 401 brings the next renewal, which asks again.
            self._last = self._first_stage(settings)
            return self._last
        announced = OidcSettings.of_gateway(info)
        settings = replace(
            announced,
            issuer=settings.issuer or announced.issuer,
            client_id=settings.client_id or announced.client_id,
        )
        if not settings.issuer:
            return _UNKNOWN
        first = self._first_stage(settings)
        exchange = ExchangeSettings.of_gateway(info)
        if exchange is None and info.auth_kind == "exchange":
            # The sign-in's own token is not what this gateway is to see.
            return SignInFailed("exchange_url_unusable")
        if exchange is not None:
            first = TokenExchange(first, exchange, self._http, self._clock)
        self._found = self._last = first
        return first

    def _first_stage(self, settings: OidcSettings) -> IdentityProvider:
        claims = {"claims": self._claims} if self._claims else {}
        settings = replace(
            settings,
            redirect_ports=self._redirect_ports,
            extra_authorize={**self._extra_authorize(), **claims},
        )
        tenant = is_entra(settings.issuer) and msal_is_installed()
        if self._kind == "entra" or (self._kind == "auto" and tenant):
            # Imported only where somebody signs in there: every broker would start later for it.
            from .entra import EntraProvider

            return EntraProvider(settings, self._http, self._clock, self._cache)
        return OidcProvider(settings, self._http, self._clock, self._cache)


_UNKNOWN = SignInFailed("gateway_unreachable", "the gateway does not say who signs in")
