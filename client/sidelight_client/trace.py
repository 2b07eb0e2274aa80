"""Trace ids, and the three words a step leaves in the log: started, complete, failed."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager

log = logging.getLogger("sidelight")


def new_trace_id() -> str:
    """32 lower-case hex digits, not all zero (W3C Trace Context, `trace-id`)."""
    return secrets.token_hex(16)


def traceparent(trace_id: str) -> str:
    """The `traceparent` header for `trace_id` with a fresh span id (W3C Trace Context §3.2)."""
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"


@contextmanager
def step(name: str, cause: str, trace_id: str = "") -> Generator[None]:
    """Log that a step started, and how it ended, with its cause and duration.

    The exception's type is logged and not its text: texts of others may quote what was sent.
    """
    began = time.monotonic()
    log.debug("%s started: %s %s", name, cause, trace_id)
    try:
        yield
    except BaseException as error:
        took_ms = (time.monotonic() - began) * 1000
        log.info("%s failed after %.0f ms: %s %s", name, took_ms, type(error).__name__, trace_id)
        raise
    log.debug("%s complete after %.0f ms %s", name, (time.monotonic() - began) * 1000, trace_id)
