"""What can work with a gateway, what it can say about its failures, and what its administrator may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..domain.content.rule import RuleProblem
from ..domain.failure import Failure, FailureKind
from ..domain.routing.fim import Mode
from .discovery import Announced

K = FailureKind

_EVERYWHERE = frozenset(
    (K.AUTH_INVALID, K.CONTEXT_EXCEEDED, K.UPSTREAM_TIMEOUT, K.UPSTREAM_DOWN, K.CAPABILITY_MISSING)
)
_POLICED = frozenset((K.AUTH_EXPIRED, K.AUTH_MODEL_DENIED, K.POLICY_BLOCKED, K.LIMIT_USER))
_VENDORS = frozenset((K.AUTH_MODEL_DENIED, K.LIMIT_VENDOR, K.BUDGET_EXCEEDED))
_GOVERNED = _EVERYWHERE | _POLICED | {K.LIMIT_VENDOR, K.BUDGET_EXCEEDED}

EXPRESSIBLE: Mapping[str, frozenset[FailureKind]] = {
    "sidelight": frozenset(kind for kind in K if kind not in (K.UNKNOWN, K.OFFLINE)),
    "litellm": _GOVERNED | {K.LIMIT_TEAM, K.LIMIT_ORG, K.POLICY_UNAVAILABLE},
    "portkey": _GOVERNED,
    "openai": _EVERYWHERE | _VENDORS | {K.POLICY_BLOCKED},
    "anthropic": _EVERYWHERE | _VENDORS,
    "llamacpp": _EVERYWHERE,
    "ollama": _EVERYWHERE | {K.AUTH_MODEL_DENIED},
    "mistral": _EVERYWHERE | _VENDORS,
    "azure_apim": _GOVERNED,
    "kong": _GOVERNED - {K.BUDGET_EXCEEDED},
    "envoy": (_GOVERNED - {K.POLICY_BLOCKED, K.BUDGET_EXCEEDED}) | {K.LIMIT_TEAM},
    "cloudflare": _GOVERNED - {K.AUTH_EXPIRED},
    "bifrost": _GOVERNED | {K.LIMIT_TEAM},
    "wso2": _GOVERNED | {K.LIMIT_ORG},
}
"""The kinds a gateway's answers can be told apart into."""


class Works(StrEnum):
    """Whether a feature will work."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature with this gateway.

    Attributes:
        name: stable, for scripts.
        works: whether it will.
        how: from where, or why not.
        change: what an administrator may do about it; empty where there is nothing to do.
        essential: whether nothing works without it.
    """

    name: str
    works: Works
    how: str
    change: str = ""
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of a gateway.

    Attributes:
        gateway: as it was discovered.
        announced: whether it publishes the neutral document.
        asked_without_key: what it said to a completion nobody signed in for; None when it answered.
        endpoints: which of `policy`, `usage`, `status` and `feedback` it announces.
        trace: whether its answer carried an id.
    """

    gateway: Announced
    announced: bool
    asked_without_key: Failure | None
    endpoints: frozenset[str]
    trace: bool
    closed_rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Place rules that match by something not known here, and so apply to more than was meant."""
    rule_problems: tuple[RuleProblem, ...] = ()
    """What is wrong with the content rules, as far as they are shown."""


def features(seen: Looked) -> tuple[Feature, ...]:
    """What will work, most important first."""
    return (
        _completions(seen),
        _sign_in(seen),
        _after_the_cursor(seen),
        _models(seen),
        _limits(seen),
        _preview(seen),
        _offered(seen, "status", "outages are told before anybody asks"),
        _trace(seen),
    )


def _completions(seen: Looked) -> Feature:
    failure = seen.asked_without_key
    if failure is None:
        return Feature("completions", Works.YES, "it answered a request", essential=True)
    if failure.kind in (K.AUTH_INVALID, K.AUTH_EXPIRED):
        how = f"it asks for a key first (read as {failure.kind.value})"
        return Feature("completions", Works.YES, how, essential=True)
    if failure.kind in (K.CAPABILITY_MISSING, K.AUTH_MODEL_DENIED):
        how = f"its completions could not be tried (read as {failure.kind.value})"
        change = "Announce the model of each tier under `tiers`."
        return Feature("completions", Works.PARTLY, how, change, essential=True)
    if failure.kind is K.UNKNOWN:
        how = f"its refusal with status {failure.status} could not be read"
        change = "Answer a missing key with 401, in OpenAI's shape of an error."
        return Feature("completions", Works.PARTLY, how, change, essential=True)
    how = f"it did not complete anything (read as {failure.kind.value})"
    return Feature("completions", Works.NO, how, "See what its log says.", essential=True)


def _sign_in(seen: Looked) -> Feature:
    info = seen.gateway.info
    if info.auth_kind == "none":
        return Feature("sign-in", Works.YES, "it asks for none", essential=True)
    if info.auth_kind == "virtual_key":
        return Feature("sign-in", Works.YES, "with a key of the gateway's own", essential=True)
    if info.issuer:
        return Feature("sign-in", Works.YES, "at the issuer it announces", essential=True)
    return Feature(
        "sign-in",
        Works.NO,
        "it does not say where to sign in",
        "Announce `auth` with `issuer` and `client_id`, or set `auth.issuer` for everybody.",
        essential=True,
    )


def _after_the_cursor(seen: Looked) -> Feature:
    modes = set(seen.gateway.modes.values()) or {seen.gateway.profile.default_mode}
    if modes <= {Mode.INFILL, Mode.SUFFIX}:
        announced = bool(seen.gateway.modes)
        how = "announced" if announced else "the profile's way; each model is tried once"
        return Feature("fill-in", Works.YES if announced else Works.PARTLY, how)
    if modes <= {Mode.INFILL, Mode.SUFFIX, Mode.TEMPLATE}:
        how = "with the model family's own tokens, at least for one tier; each model is tried once"
        return Feature("fill-in", Works.PARTLY, how)
    how = "as an instruction to a chat model, at least for one tier"
    return Feature("fill-in", Works.PARTLY, how, "Offer a model that can fill in.")


def _models(seen: Looked) -> Feature:
    if seen.gateway.info.models:
        return Feature("models", Works.YES, f"{len(set(seen.gateway.info.models.values()))} in use")
    return Feature(
        "models",
        Works.NO,
        "it does not say which model to use",
        "Announce `tiers` with the `model` of each.",
    )


def _limits(seen: Looked) -> Feature:
    if "usage" in seen.endpoints:
        return Feature("limits", Works.YES, "told by its usage document, before they are reached")
    if seen.gateway.info.limits:
        return Feature("limits", Works.YES, "announced, and counted here")
    own = {K.LIMIT_USER, K.LIMIT_TEAM} & EXPRESSIBLE[seen.gateway.profile.name]
    change = "Announce `limits`, or offer `endpoints.usage`."
    if own:
        return Feature("limits", Works.PARTLY, "seen in headers, or when they are reached", change)
    return Feature("limits", Works.NO, "it knows of none but the vendor's", change)


def _preview(seen: Looked) -> Feature:
    if "policy" in seen.endpoints:
        return Feature("policy-preview", Works.YES, "from its policy document")
    return Feature(
        "policy-preview",
        Works.PARTLY,
        "with built-in rules, which are a guess",
        "Offer `endpoints.policy` with the rules in force.",
    )


def _offered(seen: Looked, name: str, purpose: str) -> Feature:
    if name in seen.endpoints:
        return Feature(name, Works.YES, purpose)
    change = f"Offer `endpoints.{name}`."
    return Feature(name, Works.NO, "only what is seen from here", change)


def _trace(seen: Looked) -> Feature:
    if seen.trace or seen.announced:
        return Feature("trace-ids", Works.YES, "its answers carry an id")
    return Feature(
        "trace-ids",
        Works.PARTLY,
        "sent with every request, and not seen in its answer",
        "Write the id of the request's `traceparent` into the gateway's log.",
    )
