"""Starts a server as a process on loopback, waits until it answers, and ends it by its id."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
POLL_S = 0.1
LEAVES_WITHIN_S = 10.0
LOG_CHARS = 2_000


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetched(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """The beginning of what is at `url`. Raises OSError, also for a refusal."""
    request = urllib.request.Request(url, body, dict(headers or {}))
    with _DIRECT.open(request, timeout=10) as answer:
        content: bytes = answer.read(1_000_000)
        return content


@contextlib.contextmanager
def serving(
    command: Sequence[str | Path], url: str, *, env: Mapping[str, str], cwd: Path, within_s: float
) -> Generator[None]:
    """Run `command` until the block ends; it has to answer at `url` within `within_s` seconds."""
    kept = {name: os.environ[name] for name in ("PATH", "SIDELIGHT_TEST_RUN") if name in os.environ}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**kept, **env},
            cwd=cwd,
        )
        try:
            _await_answer(process, url, time.monotonic() + within_s)
        except AssertionError as error:
            log.seek(0)
            error.add_note(log.read()[-LOG_CHARS:].decode(errors="replace"))
            _end(process)
            raise
        try:
            yield
        finally:
            _end(process)


def _await_answer(process: subprocess.Popen[bytes], url: str, deadline: float) -> None:
    while True:
        try:
            fetched(url)
        except urllib.error.HTTPError:
            return  # It answers, if only to say no.
        except OSError:
            assert process.poll() is None, "it ended before it answered"
            assert time.monotonic() < deadline, "it did not answer in time"
            time.sleep(POLL_S)
        else:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(LEAVES_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(LEAVES_WITHIN_S)
