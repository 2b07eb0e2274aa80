"""`sidelight gateway check URL`: what an administrator wants to know on the first day."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from ..adapters.clock import SystemClock
from ..adapters.gateway_look import look
from ..adapters.http import HttpClient
from ..domain.failure import Failure, FailureKind
from ..errors import ExitCode, GatewayUnreachableError, UsageError
from ..gateways.abilities import EXPRESSIBLE, Feature, Looked, Works, features
from ..gateways.discovery import origin

_MARKS = {Works.YES: "✓", Works.PARTLY: "~", Works.NO: "–"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="with or without /v1 at its end")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> ExitCode:
    if not origin(arguments.url):
        raise UsageError("gateway.no_address", given=arguments.url)
    seen = asyncio.run(_look(arguments.url))
    if isinstance(seen, Failure):
        raise GatewayUnreachableError("gateway.unreachable", name=arguments.url)
    if arguments.json:
        print(json.dumps(as_json(seen), ensure_ascii=False))
    else:
        print("\n".join(as_text(seen)))
    return exit_code(seen)


async def _look(url: str) -> Looked | Failure:
    http = HttpClient()
    try:
        return await look(url, http, SystemClock())
    finally:
        await http.close()


def exit_code(seen: Looked) -> ExitCode:
    """A finding when something is missing without which nothing works."""
    missing = any(f.essential and f.works is Works.NO for f in features(seen))
    return ExitCode.FINDING if missing else ExitCode.OK


def kinds(seen: Looked) -> list[str]:
    """The error kinds the gateway can express, in the order of the taxonomy."""
    known = EXPRESSIBLE[seen.gateway.profile.name]
    return [kind.value for kind in FailureKind if kind in known]


def as_json(seen: Looked) -> dict[str, Any]:
    """Everything, for a script."""
    found = features(seen)
    return {
        "url": seen.gateway.info.url,
        "name": seen.gateway.info.name,
        "profile": seen.gateway.profile.name,
        "recognised_by": seen.gateway.sign,
        "announced": seen.announced,
        "ok": exit_code(seen) is ExitCode.OK,
        "features": [
            {"name": f.name, "works": f.works.value, "how": f.how, "essential": f.essential}
            for f in found
        ],
        "error_kinds": kinds(seen),
        "change": changes(found),
    }


def changes(found: tuple[Feature, ...]) -> list[str]:
    """What to change, most important first."""
    ordered = sorted(found, key=lambda f: not (f.essential and f.works is Works.NO))
    return [f"{f.name}: {f.change}" for f in ordered if f.change]


def as_text(seen: Looked) -> list[str]:
    """The same for a person."""
    found = features(seen)
    info = seen.gateway.info
    told = [f"{info.name} speaks {seen.gateway.profile.name}, recognised by {seen.gateway.sign}."]
    told += [f"  {_MARKS[f.works]} {f.name:<15} {f.how}" for f in found]
    told.append(f"Error kinds it can express: {', '.join(kinds(seen))}.")
    to_change = changes(found)
    if to_change:
        told += ["What to change:", *(f"  {change}" for change in to_change)]
        told.append("`/.well-known/sidelight-gateway` is where a gateway announces these.")
    return told
