"""What the tray could read of a snapshot: every field by itself, so that none spoils the others.

The broker may be older or newer than the tray. A field that is missing, of another type or absurd
is None or empty here, which the panel shows as "–"; nothing is ever replaced by zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import address, clean, items, many, moment, number, seconds, section, text
from .view_service import NOTHING_SAID, Service, Uptime, service_of, uptime_of


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit; `used` is None while nobody knows."""

    scope: str
    unit: str
    limit: float
    used: float | None = None
    window_s: float | None = None
    resets_at: float | None = None
    hard: bool = True
    as_of: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A condition in the words the broker gave it."""

    code: str
    severity: str
    since: float | None = None
    retry_at: float | None = None
    title: str = ""
    text: str = ""
    do: str = ""


@dataclass(frozen=True, slots=True)
class Trim:
    """What a request was cut down to for want of room, in tokens; `whole` is an estimate."""

    whole: float
    sent: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class DataUse:
    """What becomes of the code that is sent, by the policy; empty and None are unknown."""

    processed_in: str = ""
    kept_days: float | None = None
    trained_on: bool | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """How one request ended.

    Attributes:
        place: the file and line it was about, `src/pay.py:41`; empty where an older broker told none.
        form_url: where an exception from the rule may be asked for; empty where nobody said.
    """

    trace_id: str
    at: float | None
    outcome: str
    reason: str = ""
    tier: str = ""
    language: str = ""
    total_s: float | None = None
    prompt_tokens: float | None = None
    source: str = ""
    trim: Trim | None = None
    place: str = ""
    form_url: str = ""


@dataclass(frozen=True, slots=True)
class Editor:
    """One connected editor window."""

    name: str
    since: float | None = None


@dataclass(frozen=True, slots=True)
class LanguagePause:
    """A language in which nothing is suggested, and until when."""

    language: str
    until: float


@dataclass(frozen=True, slots=True)
class View:
    """The snapshot as far as it could be read."""

    seq: int | None = None
    as_of: float | None = None
    version: str = ""
    state: str = ""
    phase: str = ""
    account: str = ""
    expires_at: float | None = None
    renewed_at: float | None = None
    renewed_why: str = ""
    vault: str = ""
    gateway: str = ""
    url: str = ""
    embedded: bool = False
    takes_messages: bool | None = None
    hears_of_limits: bool | None = None
    breaker: str = ""
    retry_at: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    limits: tuple[Limit, ...] = ()
    conditions: tuple[Told, ...] = ()
    editors: tuple[Editor, ...] = ()
    decisions: tuple[Decision, ...] = ()
    paused_until: float | None = None
    languages_off: tuple[str, ...] = ()
    languages_paused: tuple[LanguagePause, ...] = ()
    muted_until: float | None = None
    service: Service = NOTHING_SAID
    uptime: Uptime | None = None
    data_use: DataUse | None = None


def view_of(data: Mapping[str, Any]) -> View:
    """The view of a snapshot's JSON. Never raises, whatever is in `data`."""
    session, gateway = section(data, "session"), section(data, "gateway")
    seq = number(data, "seq")
    return View(
        seq=None if seq is None else int(seq),
        as_of=moment(data, "as_of"),
        version=text(data, "version"),
        state=text(data, "state"),
        phase=text(session, "phase"),
        account=text(session, "account"),
        expires_at=moment(session, "expires_at"),
        renewed_at=moment(session, "renewed_at"),
        renewed_why=text(session, "renewed_why"),
        vault=text(session, "vault"),
        gateway=text(gateway, "name"),
        url=text(gateway, "url"),
        embedded=gateway.get("embedded") is True,
        takes_messages=_yes_or_no(gateway, "takes_messages"),
        hears_of_limits=_yes_or_no(gateway, "hears_of_limits"),
        breaker=text(gateway, "breaker"),
        retry_at=moment(gateway, "retry_at"),
        p50_s=seconds(gateway, "p50_ms"),
        p95_s=seconds(gateway, "p95_ms"),
        limits=many(data, "limits", _limit),
        conditions=many(data, "conditions", _told),
        editors=many(data, "editors", _editor),
        decisions=many(data, "decisions", _decision),
        paused_until=moment(data, "paused_until"),
        languages_off=tuple(
            word for word in (clean(item) for item in items(data, "languages_off")) if word
        ),
        languages_paused=many(data, "languages_paused", _language_pause),
        muted_until=moment(data, "muted_until"),
        service=service_of(section(data, "service")),
        uptime=uptime_of(data),
        data_use=_data_use(section(data, "data_use")),
    )


def _limit(data: Mapping[str, Any]) -> Limit | None:
    limit = number(data, "limit")
    if limit is None:
        return None
    return Limit(
        scope=text(data, "scope"),
        unit=text(data, "unit"),
        limit=limit,
        used=number(data, "used"),
        window_s=seconds(data, "window_ms"),
        resets_at=moment(data, "resets_at"),
        # Who does not say is taken for the stricter one: too careful beats a surprise.
        hard=data.get("hard") is not False,
        as_of=moment(data, "as_of"),
    )


def _told(data: Mapping[str, Any]) -> Told | None:
    code = text(data, "code")
    if not code:
        return None
    return Told(
        code,
        text(data, "severity"),
        moment(data, "since"),
        moment(data, "retry_at"),
        text(data, "title"),
        text(data, "text"),
        text(data, "do"),
    )


def _language_pause(data: Mapping[str, Any]) -> LanguagePause | None:
    language, until = text(data, "language"), moment(data, "until")
    return LanguagePause(language, until) if language and until is not None else None


def _editor(data: Mapping[str, Any]) -> Editor | None:
    name = text(data, "name")
    return Editor(name, moment(data, "since")) if name else None


def _decision(data: Mapping[str, Any]) -> Decision | None:
    outcome = text(data, "outcome")
    if not outcome:
        return None
    return Decision(
        trace_id=text(data, "trace_id"),
        at=moment(data, "at"),
        outcome=outcome,
        reason=text(data, "reason"),
        tier=text(data, "tier"),
        language=text(data, "language"),
        total_s=seconds(data, "total_ms"),
        prompt_tokens=number(data, "prompt_tokens"),
        source=text(data, "source"),
        trim=_trim(section(data, "trim")),
        place=_place(section(data, "place")),
        form_url=address(data, "form_url"),
    )


def _place(data: Mapping[str, Any]) -> str:
    file, line = text(data, "file"), number(data, "line")
    return f"{file}:{line:.0f}" if file and line else file


def _trim(data: Mapping[str, Any]) -> Trim | None:
    whole, sent = number(data, "whole_tokens"), number(data, "sent_tokens")
    if whole is None or sent is None or whole <= sent:
        return None
    return Trim(whole, sent, text(data, "why"))


def _data_use(data: Mapping[str, Any]) -> DataUse | None:
    if not data:
        return None
    return DataUse(
        processed_in=text(data, "processed_in"),
        kept_days=number(data, "kept_days"),
        trained_on=_yes_or_no(data, "trained_on"),
        url=address(data, "url"),
    )


def _yes_or_no(data: Mapping[str, Any], name: str) -> bool | None:
    value = data.get(name)
    return value if isinstance(value, bool) else None
