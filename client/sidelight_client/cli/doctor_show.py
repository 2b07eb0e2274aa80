"""How `sidelight doctor` shows what it saw: as lines for a person, as JSON for a ticket."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..domain.identity.diagnosis import Answer, BrokerSeen, EndpointSeen, Facts, Finding, LockSeen
from ..domain.identity.diagnosis_session import RenewalSeen, SessionSeen

_VARIABLES = {
    "SSL_CERT_FILE": "in place of the system's file of certificates",
    "SSL_CERT_DIR": "in place of the system's folder of certificates",
}


def as_json(facts: Facts, found: Sequence[Finding]) -> dict[str, Any]:
    """`{"findings": [{code, severity, title, text}], "facts": {…}}`."""
    told = asdict(facts)
    del told["settings"]  # They are findings already.
    told["versions"] = dict(facts.versions)
    told["proxies"] = dict(facts.proxies)
    told["trust"]["variables"] = dict(facts.trust.variables)
    told["broker"]["running"] = facts.broker.pid is not None
    told["broker"]["conditions"] = [condition.code for condition in facts.broker.conditions]
    if facts.broker.refused is not None:
        told["broker"]["refused"] = facts.broker.refused.code
    return {
        "findings": [
            {
                "code": finding.message.code,
                "severity": finding.severity.value,
                "title": finding.message.title,
                "text": finding.message.text,
            }
            for finding in found
        ],
        "facts": told,
    }


def lines(facts: Facts, found: Sequence[Finding], now: float) -> list[str]:
    """The findings first, then everything that was looked at."""
    told: list[str] = []
    for finding in found:
        message = finding.message
        told += [f"{finding.severity.value}: {message.title} [{message.code}]", f"  {message.text}"]
    told += ["" if found else "Nothing is wrong.", *_machine(facts), *_network(facts)]
    told += _session(facts.broker, facts.lock, now)
    return told


def _row(name: str, text: str) -> str:
    return f"  {name:<12}  {text}"


def _machine(facts: Facts) -> list[str]:
    shown = [f"{name} {version or 'missing'}" for name, version in facts.versions]
    told = [_row("versions", ", ".join(shown))]
    for folder in facts.folders:
        state = f"{folder.mode or 'not made yet'}{', ' if folder.problem else ''}{folder.problem}"
        told.append(_row(folder.name, f"{folder.path} ({state})"))
    told.append(_row("trust store", facts.trust.store))
    for name, value in facts.trust.variables:
        means = "not read by Sidelight" if name in facts.trust.ignored else _VARIABLES[name]
        told.append(_row("", f"{name}={value} ({means})"))
    return told


def _network(facts: Facts) -> list[str]:
    told = [_row("proxy", f"{name}: {value}") for name, value in facts.proxies]
    told = told or [_row("proxy", "none")]
    if facts.embedded:
        told.append(_row("gateway", "the embedded one, on this machine; no network is needed"))
    return told + [_row(_short(seen.role), _endpoint(seen)) for seen in facts.endpoints]


def _short(role: str) -> str:
    return "sign-in" if role == "sign-in service" else role


def _endpoint(seen: EndpointSeen) -> str:
    outcome = seen.outcome
    parts = [seen.url or "no address"]
    if seen.proxy:
        parts.append(f"through {seen.proxy}")
    elif seen.addresses:
        parts.append(f"at {', '.join(seen.addresses[:4])}")
    if not isinstance(outcome, Answer):
        parts.append(f"{outcome.kind.replace('_', ' ')} {outcome.detail}".rstrip())
        return ", ".join(parts)
    parts.append(f"answered {outcome.status} in {outcome.took_s * 1000:.0f} ms")
    if outcome.clock_offset_s is not None:
        parts.append(f"clock {outcome.clock_offset_s:+.0f} s")
    return ", ".join(parts)


def _session(broker: BrokerSeen, lock: LockSeen, now: float) -> list[str]:
    if broker.silent:
        told = [_row("broker", "does not answer")]
    elif broker.pid is None:
        told = [_row("broker", "not running; whoever needs it starts it (`--start` does it now)")]
    else:
        told = [_row("broker", f"process {broker.pid}, version {broker.version}")]
    if lock.holder is not None:
        alive = {True: "running", False: "gone", None: "not known whether it runs"}[lock.alive]
        told.append(_row("lock", f"last taken by process {lock.holder} ({alive})"))
    if broker.session is not None:
        told += _session_lines(broker.session, now)
    else:
        told.append(_row("session", "only a broker knows"))
    return told


def _session_lines(session: SessionSeen, now: float) -> list[str]:
    life = "" if session.access_life_s is None else f", tokens live {session.access_life_s:.0f} s"
    renewable = {None: "", True: ", can be renewed", False: ", cannot be renewed"}
    told = [
        _row("session", f"{session.phase.replace('_', ' ')}{life}{renewable[session.can_renew]}"),
        _row("vault", f"{session.vault or 'none'} ({session.vault_state or 'not used'})"),
    ]
    return told + [_row("renewal", _renewal(renewal, now)) for renewal in session.renewals]


def _renewal(renewal: RenewalSeen, now: float) -> str:
    day = "%H:%M:%S" if now - renewal.at < 86_400 else "%Y-%m-%d %H:%M"  # noqa: PLR2004  a day
    at = time.strftime(day, time.localtime(renewal.at))
    return f"{at}  {renewal.outcome} after {renewal.took_s:.1f} s ({renewal.cause})"
