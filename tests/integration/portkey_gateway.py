"""Portkey's open-source gateway in front of an upstream, as a process."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

from .service import free_port, serving
from .upstream import Upstream

FOLDER = Path(__file__).parent / "portkey"
SSN_CHECK = {
    "id": "social-security-numbers",
    "deny": True,
    "default.regexMatch": {"rule": r"\b\d{3}-\d{2}-\d{4}\b", "not": True},
}


@contextlib.contextmanager
def running_portkey(script: Path, upstream: Upstream, *, streams: bool = True) -> Generator[str]:
    """Its origin; `script` is the installed gateway's. Without `streams` it is as it comes."""
    node = shutil.which("node")
    assert node is not None
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {"INGRESS_CONFIGS": json.dumps(_configs(upstream)), "NODE_ENV": "production"}
    if streams:
        env["INGRESS_MENDS_STREAMS"] = "1"
    words = [node, "--import", FOLDER / "ingress.mjs", script, f"--port={port}", "--headless"]
    with serving(words, url, env=env, cwd=FOLDER, within_s=30):
        yield url


def _configs(upstream: Upstream) -> dict[str, dict[str, Any]]:
    """By the key a developer sends. Without an entry the gateway is asked as it is."""
    vendor = {
        "provider": "openai",
        "custom_host": f"{upstream.url}/v1",
        "api_key": upstream.token,
        "override_params": {"model": "workspace"},
        "input_guardrails": [SSN_CHECK],
    }
    return {
        "pk-good": vendor,
        "pk-vendor-key-wrong": vendor | {"api_key": "eyJ.made.up"},
        "pk-to-the-dead-vendor": vendor | {"custom_host": f"http://127.0.0.1:{free_port()}/v1"},
    }
