"""What a gateway announces about itself, read with every doubt: who it is, where things are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..domain.completion import Tier
from ..domain.feedback import form_address
from ..domain.routing.endpoints import MOST
from ..domain.routing.fim import Mode
from ..ports import GatewayInfo
from ..setting_values import is_safe_address
from .limits import readings
from .model_info import group_limits, model_facts
from .profile import Profile
from .recognise import Recognised
from .registry import PROFILES, profile_called
from .untrusted import items, mapping, member, number, text

WELL_KNOWN = "/.well-known/sidelight-gateway"
LONGEST_URL = 2_000
LONGEST_DEADLINE_S = 600.0
_AUTH_KINDS = ("oidc", "exchange", "virtual_key", "none")


@dataclass(frozen=True, slots=True)
class Announced:
    """A gateway as it is spoken to.

    Attributes:
        info: what others may know of it.
        profile: how it is spoken to.
        api_base: where `/completions` lies.
        modes: by tier name, where the gateway states one.
        policy_url: empty where there is none; always of the gateway's own origin.
        usage_url: the same.
        feedback_url: the same.
        sign: what the profile was recognised by, for whoever asks.
    """

    info: GatewayInfo
    profile: Profile
    api_base: str
    modes: Mapping[str, Mode] = field(default_factory=dict[str, Mode])
    policy_url: str = ""
    usage_url: str = ""
    feedback_url: str = ""
    sign: str = "nothing it said"


def from_document(document: Mapping[str, Any], url: str, now: float, embedded: bool) -> Announced:
    """What the neutral document says; fields that are missing or not valid have their defaults."""
    auth = mapping(document.get("auth"))
    tiers = {tier.value: mapping(mapping(document.get("tiers")).get(tier.value)) for tier in Tier}
    endpoints = mapping(document.get("endpoints"))
    profile = profile_called(text(document.get("profile")) or "sidelight") or PROFILES["openai"]
    scopes = tuple(text(scope) for scope in items(auth.get("scopes"), 20) if text(scope))
    contacts = document.get("contacts")
    kind, form = auth.get("kind"), auth.get("exchange_form")
    default = GatewayInfo("", "", "")
    info = GatewayInfo(
        name=text(document.get("name")) or host_of(url),
        url=url,
        profile=profile.name,
        embedded=embedded,
        issuer=text(auth.get("issuer"), LONGEST_URL),
        client_id=text(auth.get("client_id")) or default.client_id,
        scopes=scopes or default.scopes,
        audience=text(auth.get("audience")),
        auth_kind=kind if kind in _AUTH_KINDS else default.auth_kind,
        exchange_url=_exchange_url(auth, url),
        exchange_form=form if form in ("token_exchange", "virtual_key") else default.exchange_form,
        dpop=auth.get("dpop") is True,
        limits=readings(document.get("limits"), now, "gateway"),
        endpoints=_zones(document.get("api_bases"), url),
        models={name: model for name, tier in tiers.items() if (model := text(tier.get("model")))},
        deadlines_s={
            name: min(milliseconds / 1000, LONGEST_DEADLINE_S)
            for name, tier in tiers.items()
            if (milliseconds := number(tier.get("deadline_ms"))) and milliseconds > 0
        },
        status_url=_status_url(endpoints.get("status"), url),
        contacts=tuple(contact for said in items(contacts, 10) if (contact := text(said))),
        has_policy=bool(_own(endpoints.get("policy"), url)),
        takes_messages=bool(_own(endpoints.get("feedback"), url)),
        limits_form=form_address(text(endpoints.get("limits_form"), LONGEST_URL), "", ""),
    )
    modes = {name: mode for name, tier in tiers.items() if (mode := member(Mode, tier.get("mode")))}
    return Announced(
        info,
        profile,
        _own(document.get("api_base"), url) or api_base(url),
        modes,
        _own(endpoints.get("policy"), url),
        _own(endpoints.get("usage"), url),
        _own(endpoints.get("feedback"), url),
        sign="its own announcement",
    )


def from_models(
    document: Mapping[str, Any] | None, url: str, recognised: Recognised | None = None
) -> Announced:
    """A server that announces nothing: its first model serves every tier.

    Args:
        document: its model list, or None where it shows that to nobody without a key.
        url: the address it was found at.
        recognised: what its answers show it to be; otherwise one of OpenAI's family.
    """
    listed = items((document or {}).get("data"), 1)
    model = text(mapping(listed[0]).get("id")) if listed else ""
    profile = PROFILES[recognised.profile if recognised else "openai"]
    info = GatewayInfo(
        name=host_of(url),
        url=url,
        profile=profile.name,
        # A list that needs no key belongs to a server that asks for none.
        auth_kind="none" if document is not None else "oidc",
        models=dict.fromkeys((tier.value for tier in Tier), model) if model else {},
        model_facts=model_facts(document),
    )
    announced = Announced(info, profile, api_base(url))
    return replace(announced, sign=recognised.sign) if recognised else announced


def with_model_facts(announced: Announced, document: Any) -> Announced:
    """`announced` with what the gateway says of its models, from the document at `models_path`.

    A limit of the fast tier's model becomes one of the gateway's, where it announced none.
    """
    facts = model_facts(document)
    fast = facts.get(announced.info.models.get(Tier.FAST.value, ""))
    limits = announced.info.limits or (group_limits(fast) if fast is not None else ())
    return replace(announced, info=replace(announced.info, model_facts=facts, limits=limits))


def models_url(announced: Announced) -> str:
    """Where the gateway describes its models; empty where it does not."""
    path = announced.profile.models_path
    return announced.api_base.removesuffix("/v1") + path if path else ""


def api_base(url: str) -> str:
    """Where the API lies under the address a person wrote: with or without `/v1` at its end."""
    plain = url.rstrip("/")
    return plain if plain.endswith("/v1") else f"{plain}/v1"


def origin(url: str) -> str:
    """Scheme, host and port (RFC 6454 §4); empty for what is no http address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}"


def host_of(url: str) -> str:
    """The host, for display and without credentials; empty for what is no address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _zones(value: Any, url: str) -> tuple[str, ...]:
    """The gateway's further addresses: over TLS, or on this machine where the gateway is there too.

    It has the session anyway, so it may say where else the session is to be sent.
    """
    near = urlsplit(url).scheme == "http"
    told = (text(address, LONGEST_URL) for address in items(value, MOST))
    return tuple(a for a in told if is_safe_address(a) and (near or a.startswith("https://")))


def _exchange_url(auth: Mapping[str, Any], url: str) -> str:
    """Where the sign-in's token is exchanged: at the gateway or at its issuer, and nowhere else."""
    said = auth.get("exchange_url")
    return _own(said, url) or _own(said, text(auth.get("issuer"), LONGEST_URL))


def _status_url(value: Any, url: str) -> str:
    """The status page: beside the API, or anywhere over https, since no token travels to it."""
    said = text(value, LONGEST_URL)
    return _own(said, url) or (said if said.startswith("https://") and origin(said) else "")


def _own(value: Any, url: str) -> str:
    """An address of the gateway's own origin: the session is sent to one host and no other."""
    said = text(value, LONGEST_URL)
    try:
        address = urljoin(url, said) if said else ""
    except ValueError:
        return ""
    return address.rstrip("/") if origin(address) == origin(url) != "" else ""
