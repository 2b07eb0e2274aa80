"""What `sidelight doctor` makes of what it saw: the facts as types, and the findings they amount to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..health import CONDITIONS, Condition, Severity
from ..words.catalogue import Message, say
from .diagnosis_session import RenewalSeen, SessionSeen, session_findings

__all__ = [
    "Answer",
    "BrokerSeen",
    "EndpointSeen",
    "Facts",
    "Finding",
    "FolderSeen",
    "LockSeen",
    "RenewalSeen",
    "SessionSeen",
    "Trouble",
    "TrustSeen",
    "findings",
]

CLOCK_OFF_S = 60.0
"""A `Date` header counts whole seconds and may be a little old; a minute is a wrong clock."""
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an address brought no answer.

    Attributes:
        kind: `address`, `dns`, `refused`, `unreachable`, `timeout`, `tls`, `reset`, `protocol`,
            `too_large`, `proxy_credentials`, `proxy_refused` or `proxy_unreachable`.
        detail: the system's or the proxy's own word for it.
    """

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered.

    Attributes:
        status: the HTTP status.
        is_page: a web page or a redirect came where JSON was asked for.
        moved_to: the host a redirect names.
        unreadable: the field that makes the document useless; empty when it is fine.
        lacks: what a usable document says is not offered, and is needed; empty for nothing.
        clock_offset_s: how far this machine's clock is ahead of the `Date` header; None without one.
        took_s: from the first byte sent to the last received.
    """

    status: int
    is_page: bool = False
    moved_to: str = ""
    unreadable: str = ""
    lacks: str = ""
    clock_offset_s: float | None = None
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class EndpointSeen:
    """One address that was asked.

    Attributes:
        role: `gateway` or `sign-in service`, as sentences call it.
        host: its host.
        url: the address asked, without credentials.
        proxy: the proxy in between, without credentials; empty for none.
        addresses: what DNS said; None where the proxy looks it up, or nobody needs to.
        outcome: what came of it.
    """

    role: str
    host: str
    url: str
    outcome: Answer | Trouble
    proxy: str = ""
    addresses: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TrustSeen:
    """Who decides which certificates are trusted.

    Attributes:
        store: what is asked, in words.
        variables: the certificate variables that are set, with their values.
        missing: those of them that count here and name what cannot be read.
        ignored: those of them that other programs read and Sidelight does not.
    """

    store: str
    variables: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """A folder; `problem` is the end of "The folder … {problem}", empty when it is fine."""

    name: str
    path: str
    mode: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LockSeen:
    """Who held the session's lock last; `alive` is None where that cannot be told."""

    holder: int | None
    alive: bool | None = None


@dataclass(frozen=True, slots=True)
class BrokerSeen:
    """The broker, if there is one.

    Attributes:
        pid: its process; None where it is not running, or too silent to say.
        version: its version.
        silent: it is there and does not answer.
        refused: the sentence it, or its door, refused with.
        session: what it says about the session.
        conditions: what it says is wrong.
    """

    pid: int | None = None
    version: str = ""
    silent: bool = False
    refused: Message | None = None
    session: SessionSeen | None = None
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the doctor looked at. Nothing here is secret.

    Attributes:
        versions: what runs, by name.
        settings: problem sentences of settings that were not taken.
        proxies: by scheme, without credentials; `no_proxy` among them.
        endpoints: the gateway and the sign-in service, where they are on the network.
        embedded: the gateway is the embedded one, so there is no network to look at.
    """

    version: str
    versions: tuple[tuple[str, str], ...]
    broker: BrokerSeen
    trust: TrustSeen
    lock: LockSeen
    folders: tuple[FolderSeen, ...] = ()
    settings: tuple[Message, ...] = ()
    proxies: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[EndpointSeen, ...] = ()
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or will be, with its sentence."""

    severity: Severity
    message: Message


def findings(facts: Facts) -> tuple[Finding, ...]:
    """What is wrong, the worst first. A cause is told once, and its consequences are not."""
    found = [
        *(_error(message) for message in facts.settings),
        *_folder_findings(facts.folders),
        *_trust_findings(facts.trust, facts.endpoints),
        *(finding for endpoint in facts.endpoints for finding in _endpoint_findings(endpoint)),
        *_clock_findings(facts.endpoints),
        *_broker_findings(facts),
    ]
    session = facts.broker.session
    if session is not None:
        said = session_findings(session, facts.lock.holder)
        found += [_warning(code, **about) for code, about in said]
    order = list(reversed(Severity))
    unique = {finding.message: finding for finding in found}
    return tuple(sorted(unique.values(), key=lambda finding: order.index(finding.severity)))


def _error(message: Message) -> Finding:
    return Finding(Severity.ERROR, message)


def _warning(code: str, **about: str | float | None) -> Finding:
    return Finding(Severity.WARNING, say(code, about))


def _folder_findings(folders: Iterable[FolderSeen]) -> list[Finding]:
    return [
        _error(say("doctor.folder", {"name": f.name, "folder": f.path, "problem": f.problem}))
        for f in folders
        if f.problem
    ]


def _trust_findings(trust: TrustSeen, endpoints: Iterable[EndpointSeen]) -> list[Finding]:
    values = dict(trust.variables)
    found = [_warning("doctor.ca_missing", name=n, path=values.get(n, "")) for n in trust.missing]
    untrusted = any(isinstance(e.outcome, Trouble) and e.outcome.kind == "tls" for e in endpoints)
    if untrusted and trust.ignored:
        found.append(_warning("doctor.ca_ignored", names=", ".join(trust.ignored)))
    return found


_TROUBLES = {
    "address": "doctor.address",
    "dns": "doctor.name_unknown",
    "tls": "doctor.certificate",
    "proxy_credentials": "doctor.proxy_credentials",
    "proxy_refused": "doctor.proxy_refused",
    "proxy_unreachable": "doctor.proxy_unreachable",
}
_IN_WORDS = {
    "refused": "nothing listens there",
    "unreachable": "there is no way to it",
    "timeout": "no answer in time",
    "reset": "the connection was cut",
    "protocol": "it does not speak HTTP",
    "too_large": "its answer is far too large",
}


def _endpoint_findings(endpoint: EndpointSeen) -> list[Finding]:
    about = {"role": endpoint.role, "host": endpoint.host, "proxy": endpoint.proxy}
    outcome = endpoint.outcome
    if isinstance(outcome, Trouble):
        code = _TROUBLES.get(outcome.kind, "doctor.not_reachable")
        problem = outcome.detail or _IN_WORDS.get(outcome.kind, outcome.kind)
        return [_error(say(code, {**about, "problem": problem}))]
    if outcome.is_page:
        return [_error(say("doctor.web_page", {**about, "place": outcome.moved_to or "this host"}))]
    if outcome.status >= _SERVER_ERROR:
        return [_error(say("doctor.server_error", {**about, "status": outcome.status}))]
    if outcome.unreadable:
        unreadable = {**about, "problem": outcome.unreadable}
        return [_error(say("doctor.document_unreadable", unreadable))]
    if outcome.lacks:
        return [_warning("doctor.not_offered", **about, missing=outcome.lacks)]
    return []


def _clock_findings(endpoints: Iterable[EndpointSeen]) -> list[Finding]:
    """One clock, so one finding: by the endpoint that is nearest to agreeing with it."""
    offsets = [
        endpoint.outcome.clock_offset_s
        for endpoint in endpoints
        if isinstance(endpoint.outcome, Answer) and endpoint.outcome.clock_offset_s is not None
    ]
    nearest = min(offsets, key=abs, default=0.0)
    if abs(nearest) < CLOCK_OFF_S:
        return []
    direction = "ahead" if nearest > 0 else "behind"
    return [_warning("doctor.clock", offset_s=round(abs(nearest)), direction=direction)]


_NETWORK = frozenset(("network.offline", "identity.unreachable", "gateway.unreachable"))
"""What a broker says about the network, and the doctor has just looked at itself."""

_NOT_WRONG = frozenset(("settings.invalid", "completions.paused", "session.renewing"))
"""Told from the files already; a wish; over in a moment, or the consequence of something told."""


def _broker_findings(facts: Facts) -> list[Finding]:
    broker = facts.broker
    if broker.refused is not None:
        return [_error(broker.refused)]
    if broker.silent:
        pid = None if broker.pid is None else str(broker.pid)
        return [_error(say("doctor.broker_silent", {"pid": pid}))]
    if broker.pid is None:
        return []
    found: list[Finding] = []
    if broker.version != facts.version or broker.session is None:
        found.append(_warning("doctor.broker_version", theirs=broker.version, ours=facts.version))
    seen_ourselves = any(
        isinstance(e.outcome, Trouble) or e.outcome.is_page for e in facts.endpoints
    )
    for condition in broker.conditions:
        if condition.code in _NOT_WRONG:
            continue
        if condition.code in _NETWORK and seen_ourselves:
            continue
        message = say(condition.code, {**condition.facts, "retry_at": condition.retry_at})
        found.append(Finding(CONDITIONS[condition.code].severity, message))
    return found
