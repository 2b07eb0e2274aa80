"""The embedded gateway's status page, in the shape of Statuspage's API v2 (`/api/v2/summary.json`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_COMPONENTS = (
    ("completions", "Completions"),
    ("sign-in", "Sign-in"),
    ("scanner", "Content scanner"),
)


def summary(origin: str, now: float, *, outage: bool, scanner_down: bool) -> dict[str, Any]:
    """The summary at `now`: all operational, or an incident for what is switched off."""
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    moment = moment.replace("+00:00", "Z")
    states = {
        "completions": "major_outage" if outage else "operational",
        "sign-in": "operational",
        "scanner": "partial_outage" if scanner_down else "operational",
    }
    indicator, description = "none", "All Systems Operational"
    if outage:
        indicator, description = "major", "Partial System Outage"
    elif scanner_down:
        indicator, description = "minor", "Partially Degraded Service"
    return {
        "page": {
            "id": "sidelight-embedded",
            "name": "Sidelight embedded gateway",
            "url": f"{origin}/status",
            "time_zone": "Etc/UTC",
            "updated_at": moment,
        },
        "status": {"indicator": indicator, "description": description},
        "components": [
            {
                "id": id_,
                "name": name,
                "status": states[id_],
                "position": position,
                "created_at": moment,
                "updated_at": moment,
                "description": None,
                "showcase": True,
                "group_id": None,
                "group": False,
                "page_id": "sidelight-embedded",
                "only_show_if_degraded": False,
            }
            for position, (id_, name) in enumerate(_COMPONENTS, 1)
        ],
        "incidents": [_incident(moment)] if outage else [],
        "scheduled_maintenances": [],
    }


def _incident(moment: str) -> dict[str, Any]:
    text = "Completions fail because the outage switch of the embedded gateway is on."
    return {
        "id": "outage",
        "name": "Completions are not answered",
        "status": "investigating",
        "impact": "major",
        "page_id": "sidelight-embedded",
        "shortlink": "",
        "created_at": moment,
        "started_at": moment,
        "updated_at": moment,
        "monitoring_at": None,
        "resolved_at": None,
        "components": [{"id": "completions", "name": "Completions", "status": "major_outage"}],
        "incident_updates": [
            {
                "id": "outage-1",
                "incident_id": "outage",
                "status": "investigating",
                "body": text,
                "created_at": moment,
                "display_at": moment,
                "updated_at": moment,
            }
        ],
    }
