"""Signing in with msal and its extension alone, as many programs do; told by lines on stdin.

`python -m realparts.msal_process AUTHORITY CACHE CERTIFICATE AHEAD`, the last in seconds. `sign-in`
shows where to go and then waits for a line; `sleep SECONDS` closes and opens the lid, and then asks
for a token as a request would. Each is answered by one JSON line.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import msal
from msal_extensions import FilePersistence, PersistedTokenCache

CLIENT = "sidelight"


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def serve(authority: str, cache: str, certificate: str, ahead: str) -> None:
    ahead_s, real = float(ahead), time.time
    # The only clock msal and its extension read.
    time.time = lambda: real() + ahead_s
    application = msal.PublicClientApplication(
        CLIENT,
        authority=authority,
        instance_discovery=False,
        verify=certificate,
        # The extension's persistence for Linux: msal reads the file anew whenever it has changed,
        # and the extension locks it while it is written.
        token_cache=PersistedTokenCache(FilePersistence(cache)),
    )
    say(ready=True)
    for line in sys.stdin:
        match line.split():
            case ["sign-in"]:
                flow = application.initiate_device_flow(scopes=[])
                say(url=flow["verification_uri_complete"])
                sys.stdin.readline()
                answer = application.acquire_token_by_device_flow(flow)
                say(good="access_token" in answer, renewable="refresh_token" in answer)
            case ["sleep", seconds]:
                ahead_s += float(seconds)
                accounts = application.get_accounts()
                answer = (
                    application.acquire_token_silent_with_error([], account=accounts[0])
                    if accounts
                    else None
                ) or {"error": "nothing in the cache"}
                say(good="access_token" in answer, error=answer.get("error", ""))
            case _:
                say(error="not understood")


if __name__ == "__main__":
    serve(*sys.argv[1:5])
