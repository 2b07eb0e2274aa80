"""The session as `sidelight doctor` is told of it, on the local socket. No token travels here."""

from __future__ import annotations

from ..domain.identity.diagnosis_session import RenewalSeen, SessionSeen
from .frames import Json, flag, number, optional_number, sections, text

_TEXT_LIMIT = 2000


def session_to_json(session: SessionSeen) -> Json:
    """The session as it travels; times in seconds."""
    return {
        "phase": session.phase,
        "vault": session.vault,
        "vault_state": session.vault_state,
        "issuer": session.issuer,
        "can_renew": session.can_renew,
        "access_life_s": session.access_life_s,
        "renewals": [
            {"at": r.at, "cause": r.cause, "outcome": r.outcome, "took_s": r.took_s}
            for r in session.renewals
        ],
    }


def session_from_json(data: Json) -> SessionSeen:
    """The session `data` tells of. Raises WireError."""
    return SessionSeen(
        phase=text(data, "phase", limit=_TEXT_LIMIT),
        vault=text(data, "vault", limit=_TEXT_LIMIT),
        vault_state=text(data, "vault_state", limit=_TEXT_LIMIT),
        issuer=text(data, "issuer", limit=_TEXT_LIMIT),
        can_renew=None if data.get("can_renew") is None else flag(data, "can_renew"),
        access_life_s=optional_number(data, "access_life_s"),
        renewals=sections(data, "renewals", _renewal),
    )


def _renewal(data: Json) -> RenewalSeen:
    return RenewalSeen(
        number(data, "at"),
        text(data, "cause", limit=_TEXT_LIMIT),
        text(data, "outcome", limit=_TEXT_LIMIT),
        # A clock that was set back while it ran makes this negative.
        number(data, "took_s", minimum=-(2.0**53)),
    )
