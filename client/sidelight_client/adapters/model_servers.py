"""Finds a model server that already runs on this machine, by asking its usual port who it is."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..domain.models.model_servers import KNOWN, KnownServer, due

ANSWER_WITHIN_S = 0.2
_LARGEST_ANSWER = 65_536
_LARGEST_RECORD = 4_096
_OK = 200


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answered, and the address to use it by."""

    name: str
    url: str


def find_servers(known: tuple[KnownServer, ...] = KNOWN) -> list[FoundServer]:
    """Those of `known` that run here. Only GET, only loopback, and no longer than 200 ms in all."""
    with ThreadPoolExecutor(max(1, len(known))) as asking:
        answers = list(asking.map(_answers, known))
    found = [
        FoundServer(server.name, server.url)
        for server, answered in zip(known, answers, strict=True)
        if answered
    ]
    return list({server.url: server for server in found}.values())


def _answers(server: KnownServer) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_WITHIN_S)
    try:
        connection.request("GET", server.path, headers={"accept": "application/json"})
        response = connection.getresponse()
        body = response.read(_LARGEST_ANSWER) if response.status == _OK else b""
        return server.is_it(response.getheader("server") or "", _object(body))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def _object(body: bytes) -> Mapping[str, Any]:
    found: Any = json.loads(body) if body else {}
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def look_once_a_day(
    record: Path,
    *,
    now: Callable[[], float] = time.time,
    find: Callable[[], list[FoundServer]] = find_servers,
) -> FoundServer | None:
    """A server worth a suggestion, at most once a day; `record` remembers when it was looked.

    A record that cannot be written means that nothing is looked for: once a day is a promise.
    """
    try:
        with record.open("rb") as file:
            looked_at: object = _object(file.read(_LARGEST_RECORD)).get("looked_at")
    except (OSError, ValueError):
        looked_at = None
    moment = now()
    if not due(looked_at, moment):
        return None
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record.write_text(json.dumps({"looked_at": moment}), "utf-8")
    except OSError:
        return None
    found = find()
    return found[0] if found else None
