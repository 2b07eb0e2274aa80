"""Sets the stage of the demonstration: a home, a gateway process, a broker process, a signed-in session."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ... import domain
from ...adapters.folders import folders
from ...domain.identity.sign_in_reasons import sign_in_failure
from ...errors import GatewayUnreachableError, NotSignedInError
from ...link.dial import BrokerClient, dial
from ...ports import SignInPrompt

USER_LIMIT = 8
"""Requests an hour for the demonstration: few, so that the limit can be seen."""
PATIENCE_MS = 60_000
"""How long a model on this machine may take to its first word: nobody types against the clock here."""
READY_WITHIN_S = 20.0
LEAVES_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Brought:
    """A model that writes instead of the workspace's own code, and the folder it lies in."""

    name: str
    folder: Path


@dataclass(slots=True)
class Stage:
    """What runs, and how long each step took."""

    home: Path
    checkout: Path
    environment: dict[str, str]
    command: list[str]
    gateway_url: str
    broker: BrokerClient
    timings_ms: dict[str, float] = field(default_factory=dict[str, float])

    async def interrupted(self) -> None:
        """Return when the person has had enough."""
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: KeyboardInterrupt does it.
                loop.add_signal_handler(number, enough.set)
        await enough.wait()


@contextlib.contextmanager
def _timed(timings_ms: dict[str, float], name: str) -> Generator[None]:
    began = time.monotonic()
    yield
    timings_ms[name] = (time.monotonic() - began) * 1000


@asynccontextmanager
async def stage(model: Brought | None = None) -> AsyncGenerator[Stage]:
    """Everything the demonstration needs; all of it ends with the block, whatever happens in it."""
    timings: dict[str, float] = {}
    checkout = checkout_folder()
    with tempfile.TemporaryDirectory(prefix="sidelight-demo-") as name:
        home = Path(name)
        environment = demo_environment(home)
        places = folders(environment)
        with _timed(timings, "gateway start"):
            gateway, url = await _start_gateway(environment, model)
        try:
            places.config.mkdir(parents=True)
            patient = "" if model is None else f"tiers.standard.deadline_ms = {PATIENCE_MS}\n"
            places.config_file.write_text(f'gateway = "{url}"\n{patient}', "utf-8")
            with _timed(timings, "broker start"):
                broker = await dial(places, environ=environment)
            try:
                with _timed(timings, "sign-in"):
                    await _sign_in(broker)
                command = [sys.executable, "-m", "sidelight_client"]
                yield Stage(home, checkout, environment, command, url, broker, timings)
            finally:
                await _stop_broker(broker)
        finally:
            await _stop(gateway)


def demo_environment(home: Path) -> dict[str, str]:
    """The environment of everything the demonstration starts: its own home, no keyring, no proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIDELIGHT_")}
    return {**kept, "SIDELIGHT_HOME": str(home), "SIDELIGHT_VAULT": "memory"}


def checkout_folder() -> Path:
    """The folder whose files the demonstration works on: the checkout, else the installed package."""
    here = Path.cwd()
    if (here / "client" / "sidelight_client" / "domain").is_dir():
        return here
    return Path(__file__).resolve().parents[3]


async def _start_gateway(
    environment: dict[str, str], model: Brought | None
) -> tuple[asyncio.subprocess.Process, str]:
    answering: tuple[str, ...]
    if model is None:
        answering = ("--workspace", str(Path(domain.__file__).parent))
    else:
        answering = ("--model", model.name, "--models", str(model.folder))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sidelight_client", "gateway", "serve", "--json"),
        *answering,
        *("--user-limit", str(USER_LIMIT)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            line = await process.stdout.readline()
        return process, str(json.loads(line)["url"])
    except (TimeoutError, ValueError, KeyError) as error:
        await _stop(process)
        raise GatewayUnreachableError("gateway.unreachable", name="embedded gateway") from error


async def _sign_in(broker: BrokerClient) -> None:
    opened: set[asyncio.Task[None]] = set()

    def show(prompt: SignInPrompt) -> None:
        task = asyncio.create_task(asyncio.to_thread(_open_as_a_browser, prompt.url))
        opened.add(task)

    failed = await broker.login(show)
    await asyncio.gather(*opened)
    if failed is not None:
        code, facts = sign_in_failure(failed.code, failed.detail)
        raise NotSignedInError(code, **facts)


def _open_as_a_browser(url: str) -> None:
    """Follow the sign-in page and its redirect to the loopback listener, as a browser would."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=READY_WITHIN_S) as answer:
        answer.read(65_536)


async def _stop_broker(broker: BrokerClient) -> None:
    """Ask the broker to leave, and wait until its process is gone."""
    pid = broker.pid
    with contextlib.suppress(Exception):  # A broker that has gone already has left.
        await broker.retire()
    with contextlib.suppress(Exception):
        await broker.close()
    deadline = time.monotonic() + LEAVES_WITHIN_S
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            await asyncio.sleep(0.02)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(LEAVES_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
