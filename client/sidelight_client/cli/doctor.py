"""`sidelight doctor`: look at everything that can keep a session or a gateway away, and say what is wrong."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..adapters.clock import SystemClock
from ..adapters.config_files import read_settings
from ..adapters.entra_request import is_entra, read_tenant
from ..adapters.folders import Folders, folders
from ..adapters.http import HttpClient
from ..adapters.machine_probe import folders_seen, lock_seen, trust_seen, versions
from ..adapters.net_probe import Target, probe, proxies_seen
from ..adapters.oidc_metadata import MetadataError, read_metadata
from ..adapters.sealed_vault import session_folder
from ..domain.health import visible
from ..domain.identity.diagnosis import BrokerSeen, EndpointSeen, Facts, LockSeen, findings
from ..domain.words.catalogue import Message, say
from ..errors import BrokerUnreachableError, ExitCode, SidelightError
from ..gateways.discovery import WELL_KNOWN
from ..gateways.untrusted import items, mapping, text
from ..link.dial import BrokerClient, dial
from ..link.door import connect
from ..setting_table import SETTINGS
from ..settings import Layer, Settings
from .doctor_show import as_json, lines

ASK_BROKER_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print findings and facts as one JSON object"
    )
    parser.add_argument(
        "--start", action="store_true", help="start a broker if none is running, and ask it too"
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    facts = asyncio.run(examine(folders(), os.environ, start=arguments.start))
    found = findings(facts)
    if arguments.json:
        print(json.dumps(as_json(facts, found), ensure_ascii=False))
    else:
        print("\n".join(lines(facts, found, time.time())))
    return ExitCode.FINDING if found else ExitCode.OK


async def examine(places: Folders, environ: Mapping[str, str], *, start: bool = False) -> Facts:
    """Everything the doctor can see from here; it changes nothing, but for `start`."""
    settings = read_settings(places, environ)
    broker = await _broker(places, start=start)
    url = settings.text("gateway")
    return Facts(
        version=__version__,
        versions=versions(),
        broker=broker,
        trust=await asyncio.to_thread(trust_seen, environ),
        lock=lock_seen(session_folder(places.state, url)) if url else LockSeen(None),
        folders=folders_seen(places),
        settings=_setting_problems(settings),
        proxies=proxies_seen(),
        endpoints=await _endpoints(settings, broker) if url else (),
        embedded=not url,
    )


def _setting_problems(settings: Settings) -> tuple[Message, ...]:
    told: list[Message] = []
    for problem in settings.problems:
        known = SETTINGS.get(problem.key)
        named = known.environment_name if known is not None else problem.key
        layer = f"the {problem.layer.value} layer"
        source = named if problem.layer is Layer.ENVIRONMENT else layer
        about = {"key": problem.key, "source": source, "problem": problem.problem}
        told.append(say("settings.invalid", about))
    return tuple(told)


# --- the broker ------------------------------------------------------------------------------


async def _broker(places: Folders, *, start: bool) -> BrokerSeen:
    """What the broker says. One that is not running is no problem: whoever needs it starts it."""
    try:
        client = await dial(places, client="sidelight doctor", start=start)
    except BrokerUnreachableError as error:
        if error.code != "broker.unreachable" or start:
            return BrokerSeen(refused=error.message)
        return BrokerSeen(silent=await asyncio.to_thread(_somebody_listens, places))
    try:
        async with asyncio.timeout(ASK_BROKER_S):
            return await _ask(client)
    except TimeoutError:
        return BrokerSeen(client.pid, client.version, silent=True)
    except SidelightError:
        # An older one does not know the question; that it is older is what is told.
        return BrokerSeen(client.pid, client.version)
    finally:
        await client.close()


def _somebody_listens(places: Folders) -> bool:
    """Whether the door opens; a stopped broker's does, and nobody says hello behind it."""
    try:
        connect(places.runtime).close()
    except (OSError, SidelightError):
        return False
    return True


async def _ask(client: BrokerClient) -> BrokerSeen:
    snapshot = await client.status()
    session = await client.diagnosis()
    conditions = visible(snapshot.conditions, snapshot.as_of)
    return BrokerSeen(client.pid, client.version, session=session, conditions=conditions)


# --- the network -----------------------------------------------------------------------------


async def _endpoints(settings: Settings, broker: BrokerSeen) -> tuple[EndpointSeen, ...]:
    """Every address of the gateway, and the sign-in service.

    The settings name that service, the session or the gateway.
    """
    clock, http = SystemClock(), HttpClient()
    bases = [url.rstrip("/").removesuffix("/v1") for url in settings.texts("gateway")]
    try:
        zones = await asyncio.gather(
            *(probe(Target("gateway", f"{base}{WELL_KNOWN}"), http, clock) for base in bases)
        )
        gateways = tuple(zone.seen for zone in zones)
        issuers = (mapping(mapping(zone.document).get("auth")).get("issuer") for zone in zones)
        announced = next((found for said in issuers if (found := text(said, 2000))), "")
        known = broker.session.issuer if broker.session is not None else ""
        issuer = settings.text("auth.issuer") or known or announced
        if not issuer:
            return gateways

        def problem(document: Any) -> str:
            try:
                (read_tenant if is_entra(issuer) else read_metadata)(issuer, document)
            except MetadataError as error:
                return f"the field {error}" if isinstance(document, dict) else str(error)
            return ""

        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        target = Target("sign-in service", address, problem, not_offered)
        service = await probe(target, http, clock)
        return (*gateways, service.seen)
    finally:
        await http.close()


def not_offered(document: Any) -> str:
    """What a provider's own document rules out (OpenID Connect Discovery 1.0 §3); empty for nothing.

    Many say nothing about their grants or scopes, and that is taken for a yes.
    """
    fields = mapping(document)
    for name, needed, words in (
        ("grant_types_supported", "refresh_token", "the refresh token grant"),
        ("scopes_supported", "offline_access", "the scope offline_access"),
    ):
        offered = items(fields.get(name), 200)
        if offered and needed not in offered:
            return words
    return ""
