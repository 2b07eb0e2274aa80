"""Asks HTTPS addresses with our client and prints what came of it; run where /etc/ssl is another's."""

from __future__ import annotations

import asyncio
import json
import sys

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.http import HttpAnswer, HttpClient
from sidelight_client.adapters.net_probe import Target, probe
from sidelight_client.domain.identity.diagnosis import Answer, Trouble


async def main(url: str) -> None:
    http = HttpClient()
    answer = await http.request("GET", url, {"Connection": "close"})
    outcome = (await probe(Target("gateway", url), http, SystemClock())).seen.outcome
    await http.close()
    match outcome:
        case Answer(status):
            seen = str(status)
        case Trouble(kind, detail):
            seen = f"{kind}: {detail}"
    got = str(answer.status) if isinstance(answer, HttpAnswer) else answer.kind.value
    print(json.dumps({"client": got, "doctor": seen}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
