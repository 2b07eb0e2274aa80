"""A LiteLLM proxy in front of an upstream, as a process."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Generator
from pathlib import Path

from .service import free_port, serving
from .upstream import Upstream

CONFIG = Path(__file__).parent / "litellm" / "config.yaml"


@contextlib.contextmanager
def running_litellm(command: Path, upstream: Upstream) -> Generator[str]:
    """Its origin; `command` is where it is installed."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="sl-litellm-") as home:
        env = {
            "HOME": home,
            "UPSTREAM_URL": f"{upstream.url}/v1",
            "UPSTREAM_TOKEN": upstream.token,
            "DEAD_URL": f"http://127.0.0.1:{free_port()}/v1",
            "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(16)}",
            # Otherwise it fetches a price list from the internet and reports its own use.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
        }
        words = [command, "--config", CONFIG, "--host", "127.0.0.1", "--port", str(port)]
        with serving(words, f"{url}/health/liveliness", env=env, cwd=Path(home), within_s=100):
            yield url
