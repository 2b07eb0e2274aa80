"""What an editor waits for stays light: some imports must not bring others along."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LIBRARIES = {
    *("httpx", "truststore", "keyring", "msal", "requests", "cryptography"),
    *("re2", "stdnum", "watchdog", "h11", "PySide6", "jeepney", "secretstorage"),
}
"""Third-party libraries that only the broker's own parts need."""

LANGUAGE_SERVER = {"pygls", "lsprotocol", "cattrs", "attr"}

SLOW_TO_LOAD = {"asyncio", "typing_extensions", "ssl", "email", "argparse", "http", "concurrent"}
"""Parts of the standard library and small helpers that cost more than the shim does itself."""

LIGHTER_HALF = {"socket", "selectors", "json", "re", "enum", "functools", "collections"}
"""What the shim has lighter ways for (`link/light_*.py`): more than half of its start."""

BUDGETS = {
    # The version, and nothing else.
    "sidelight_client": LIBRARIES | LANGUAGE_SERVER | SLOW_TO_LOAD | {"typing", "dataclasses"},
    "sidelight_client.__main__": LIBRARIES | LANGUAGE_SERVER | SLOW_TO_LOAD | LIGHTER_HALF,
    # The shim an editor starts: it hands its stdin and stdout over and waits.
    "sidelight_client.link.attach": LIBRARIES | LANGUAGE_SERVER | SLOW_TO_LOAD | LIGHTER_HALF,
    "sidelight_client.api": LIBRARIES | LANGUAGE_SERVER,
    # A session needs no library at all: neither the protocol's nor those that sign in or fetch.
    "sidelight_lsp.session": LIBRARIES | LANGUAGE_SERVER,
    # What starts a broker loads what everybody's first completion needs, and no more.
    "sidelight_client.cli.assemble": (LIBRARIES - {"cryptography"}) | LANGUAGE_SERVER | {"html"},
    "sidelight_client.cli": LIBRARIES | LANGUAGE_SERVER,
}


LOADED = """
import importlib, json, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(json.dumps([name for name in sys.modules if name not in before]))
"""


def loaded_by(module: str) -> set[str]:
    """The top-level modules a fresh interpreter has after importing `module`."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, module], capture_output=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize("module", BUDGETS)
def test_an_import_brings_nothing_heavy_along(module: str) -> None:
    assert loaded_by(module) & BUDGETS[module] == set()


def test_the_budget_is_measured() -> None:
    assert {"asyncio", "ssl"} <= loaded_by("asyncio")
