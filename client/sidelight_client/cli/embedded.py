"""The development gateway in the broker's own process: its socket, its sign-in, what it learns from."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

from ..adapters.folders import Folders, make_private
from ..broker import Broker
from ..broker.workspaces import Learn
from ..embedded.gateway import EmbeddedGateway, EmbeddedSettings
from ..keeper import SessionKeeper
from ..ports import Clock, SignInFailed, SignInPrompt
from ..settings import Settings
from .local_model import local_model

log = logging.getLogger("sidelight.broker")

_SOCKET_PATH_LIMIT = 100
"""Some bytes below the 104 that macOS allows for the path of a Unix socket."""


@asynccontextmanager
async def embedded_gateway(
    places: Folders, settings: Settings, clock: Clock
) -> AsyncGenerator[EmbeddedGateway]:
    """The development gateway, in this process and on a socket only this person can open."""
    with _socket_folder(places) as folder:
        # Compiling its rules takes 90 ms, for which no editor shall wait.
        gateway = await asyncio.to_thread(
            EmbeddedGateway,
            EmbeddedSettings(
                # Windows has no Unix sockets in Python; there it serves loopback with its key.
                socket_path=folder / "gateway.sock" if os.name == "posix" else None,
                index_mb=settings.number("embedded.index_mb"),
                upstream=settings.text("embedded.upstream"),
            ),
            clock,
            local_model(places.models, settings.text("embedded.model")),
        )
        await gateway.start()
        try:
            yield gateway
        finally:
            await gateway.stop()


@contextlib.contextmanager
def _socket_folder(places: Folders) -> Generator[Path]:
    # Where the runtime folder cannot be used, a full disk or a read-only home, nobody shall have
    # to do without suggestions.
    with contextlib.suppress(OSError):
        make_private(places.runtime)
    usable = os.access(places.runtime, os.W_OK)
    if usable and len(os.fsencode(places.runtime / "gateway.sock")) <= _SOCKET_PATH_LIMIT:
        yield places.runtime
        return
    with tempfile.TemporaryDirectory(prefix="sidelight-") as short:
        yield Path(short)


@contextlib.contextmanager
def signed_in_to(
    embedded: EmbeddedGateway, keeper: SessionKeeper, broker: Broker
) -> Generator[None]:
    """Sign in to the gateway in this process. Nobody needs to approve what only they can reach."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def approve(prompt: SignInPrompt) -> None:
        tasks.add(loop.create_task(embedded.approve(prompt.url)))

    async def sign_in() -> None:
        failed = await keeper.sign_in(approve)
        if isinstance(failed, SignInFailed):
            log.warning("the embedded gateway refused its own sign-in: %s", failed.code)

    opening = loop.create_task(sign_in())
    tasks.add(opening)
    broker.opens_with(opening, approve)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


def learner(embedded: EmbeddedGateway) -> Learn:
    """Lets the gateway read a workspace that a window has opened."""

    async def learn(folder: Path) -> None:
        embedded.add_workspace(folder)
        await embedded.workspace_ready()

    return learn
