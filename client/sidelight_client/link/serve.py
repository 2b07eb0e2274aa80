"""The broker's local socket while it is served: who comes in, how long to stay, how to leave."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from .. import __version__, api
from ..adapters.folders import Folders
from . import door_tcp
from .connection import STUCK_S, Connection
from .conversation import Conversation
from .door import DEFAULT_KIND, TCP, Door, is_same_person, open_door
from .greeting import environment_fingerprints
from .waiting import within
from .wire import AttachInfo

log = logging.getLogger("sidelight.link")

Sessions = Callable[[int, int, AttachInfo], Awaitable[int]]
"""Runs one LSP session over a read and a write descriptor, which it closes; returns the exit code."""

EnvironmentDiffers = Callable[[str, tuple[str, ...]], api.Subscription]
"""Told a client's name and the variables that differ; what it returns is called when it is gone."""

CLIENT_LIMIT = 256
_ADMISSION_S = 5.0
_RETIRE_GRACE_S = 2.0
_LEAVE_S = 5.0
_NO_DESCRIPTORS_PAUSE_S = 1.0


class StopReason(StrEnum):
    """Why the broker leaves."""

    IDLE = "idle"
    RETIRED = "retired"
    TERMINATED = "terminated"


async def serve(
    broker: api.Broker,
    sessions: Sessions,
    folders: Folders,
    *,
    door: Door | None = None,
    kind: str = DEFAULT_KIND,
    version: str = __version__,
    linger_s: float | None = None,
    stuck_s: float = STUCK_S,
    environ: Mapping[str, str] | None = None,
    environment_differs: EnvironmentDiffers | None = None,
    stop: asyncio.Event | None = None,
    signals: bool = True,
) -> StopReason:
    """Serve clients until nobody has been there for a while, or somebody asks us to leave.

    Args:
        broker: answers the questions; starting and stopping it is the caller's.
        sessions: runs an editor's session.
        folders: where the socket lies.
        door: an open door; it is the caller's to close, after the broker has stopped, so that the
            next broker starts only then. Without it a door of `kind` is opened and closed here.
        kind: `unix` or `tcp`.
        version: this build, for clients that may be newer.
        linger_s: how long to stay without clients and sessions; None asks `broker.linger_s`.
        stuck_s: how long a client may take nothing before it is dropped.
        environ: the broker's environment, to tell clients started in another one.
        environment_differs: told about such clients.
        stop: leave when it is set.
        signals: leave on SIGTERM and SIGINT; only possible on the main thread.

    Raises:
        BrokerRunningError: another broker runs.
        BrokerUnreachableError: the runtime folder cannot be used.
    """
    opened = open_door(folders.runtime, kind) if door is None else door
    server = _Server(
        broker,
        sessions,
        opened,
        version=version,
        linger_s=linger_s,
        stuck_s=stuck_s,
        environment=environment_fingerprints(os.environ if environ is None else environ),
        on_difference=environment_differs,
    )
    try:
        return await server.run(stop or asyncio.Event(), signals=signals)
    finally:
        opened.stop_accepting()
        if door is None:
            opened.close()


class _Server:
    """Holds the conversations and sessions of one broker; their `conversation.Host`."""

    def __init__(
        self,
        broker: api.Broker,
        sessions: Sessions,
        door: Door,
        *,
        version: str,
        linger_s: float | None,
        stuck_s: float,
        environment: Mapping[str, str],
        on_difference: EnvironmentDiffers | None,
    ) -> None:
        self.broker = broker
        self.version = version
        self.environment = environment
        self._run_session = sessions
        self._door = door
        self._linger_s = linger_s
        self._stuck_s = stuck_s
        self._on_difference = on_difference
        self._clients: set[asyncio.Task[None]] = set()
        self._conversations: set[Conversation] = set()
        self._sessions: set[asyncio.Task[int]] = set()
        self._linger: asyncio.Task[None] | None = None
        self._leaving: asyncio.Future[StopReason] = asyncio.get_running_loop().create_future()

    async def run(self, stop: asyncio.Event, *, signals: bool) -> StopReason:
        """Serve until there is a reason to leave, then leave in good order."""
        log.info("serving, version %s, process %d", self.version, os.getpid())
        accepting = asyncio.ensure_future(self._accept_all())
        stopping = asyncio.ensure_future(self._await_stop(stop))
        remembered = self._catch_signals() if signals else ()
        self._weigh_leaving()
        try:
            reason = await asyncio.shield(self._leaving)
            log.info("leaving: %s", reason)
            return reason
        finally:
            accepting.cancel()
            stopping.cancel()
            await asyncio.gather(accepting, stopping, return_exceptions=True)
            self._door.stop_accepting()
            retired = self._leaving.done() and self._leaving.result() is StopReason.RETIRED
            await self._see_everybody_off(_RETIRE_GRACE_S if retired else 0.0)
            for number in remembered:
                asyncio.get_running_loop().remove_signal_handler(number)

    # --- what a conversation asks for ---

    def start_session(
        self, read_descriptor: int, write_descriptor: int, info: AttachInfo
    ) -> asyncio.Task[int]:
        """Run an editor's session; a failure ends it with code 1 and harms nobody else."""
        started = False

        async def run() -> int:
            nonlocal started
            started = True
            try:
                return await self._run_session(read_descriptor, write_descriptor, info)
            except Exception as error:  # One editor's session must not end the others'.
                # The type and not the text: it may quote the person's file.
                log.error("a session failed: %s", type(error).__name__)  # noqa: TRY400 – as above
                return 1

        def ended(task: asyncio.Task[int]) -> None:
            self._sessions.discard(task)
            if not started:  # Cancelled before its first step: nobody else will close them.
                os.close(read_descriptor)
                os.close(write_descriptor)
            self._weigh_leaving()

        task = asyncio.get_running_loop().create_task(run())
        self._sessions.add(task)
        task.add_done_callback(ended)
        self._weigh_leaving()
        return task

    def environment_differs(self, client: str, names: tuple[str, ...]) -> api.Subscription:
        """Tell whoever wants to know; the variables' values are not known here."""
        log.info("a client was started in another environment: %s", ", ".join(names))
        if self._on_difference is None:
            return lambda: None
        return self._on_difference(client, names)

    def retire(self) -> None:
        """Leave, because a newer version wants to take over."""
        self._leave(StopReason.RETIRED)

    # --- coming ---

    async def _accept_all(self) -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(self._accept(self._door.listener, forwarded=False))
            if self._door.forwarded is not None:
                both.create_task(self._accept(self._door.forwarded, forwarded=True))

    async def _accept(self, listener: socket.socket, *, forwarded: bool) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                link, _ = await loop.sock_accept(listener)
            except OSError as error:
                # Out of descriptors, mostly; a client that waits in the queue is served later.
                log.info("cannot accept: %s", error.strerror)
                await self.broker.clock.sleep(_NO_DESCRIPTORS_PAUSE_S)
                continue
            if len(self._clients) >= CLIENT_LIMIT:
                log.info("more than %d clients; one was turned away", CLIENT_LIMIT)
                link.close()
                continue
            link.setblocking(False)
            client = loop.create_task(self._serve_client(link, forwarded=forwarded))
            self._clients.add(client)
            client.add_done_callback(self._client_left)
            self._weigh_leaving()

    async def _serve_client(self, link: socket.socket, *, forwarded: bool) -> None:
        try:
            if not await self._admits(link):
                log.warning("a client was refused: it is not the person this broker works for")
                return
            conversation = Conversation(
                Connection(link, self.broker.clock, stuck_s=self._stuck_s),
                self,
                forwarded=forwarded,
            )
            self._conversations.add(conversation)
            try:
                await conversation.run()
            finally:
                self._conversations.discard(conversation)
        except OSError as error:
            log.info("a client's connection failed: %s", error.strerror)
        finally:
            link.close()

    async def _admits(self, link: socket.socket) -> bool:
        if self._door.kind != TCP:
            return is_same_person(link)
        loop = asyncio.get_running_loop()
        proof = loop.create_task(door_tcp.admit(link, self._door.key))
        try:
            await within(_ADMISSION_S, {proof}, self.broker.clock)
            return proof.done() and proof.result()
        finally:
            proof.cancel()

    def _client_left(self, client: asyncio.Task[None]) -> None:
        self._clients.discard(client)
        if not client.cancelled() and client.exception() is not None:
            log.error("a conversation failed: %s", type(client.exception()).__name__)
        self._weigh_leaving()

    # --- leaving ---

    def _weigh_leaving(self) -> None:
        """Start to linger when nobody is here, and stop when somebody is: one timer, only idle."""
        busy = bool(self._clients or self._sessions)
        if self._linger is not None and (busy or self._leaving.done()):
            self._linger.cancel()
            self._linger = None
        elif self._linger is None and not busy and not self._leaving.done():
            self._linger = asyncio.get_running_loop().create_task(self._leave_when_idle())

    async def _leave_when_idle(self) -> None:
        linger_s = self._linger_s
        if linger_s is None:
            linger_s = float(self.broker.settings.number("broker.linger_s"))
        await self.broker.clock.sleep(linger_s)
        self._leave(StopReason.IDLE)

    def _leave(self, reason: StopReason) -> None:
        if not self._leaving.done():
            self._leaving.set_result(reason)

    async def _await_stop(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._leave(StopReason.TERMINATED)

    def _catch_signals(self) -> tuple[int, ...]:
        loop = asyncio.get_running_loop()
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._leave, StopReason.TERMINATED)
        except NotImplementedError:  # Windows: Ctrl+C raises KeyboardInterrupt instead.
            return ()
        return (signal.SIGTERM, signal.SIGINT)

    async def _see_everybody_off(self, grace_s: float) -> None:
        """Let open questions be answered for a moment, end the sessions, and hang up."""
        self._leave(StopReason.TERMINATED)
        self._weigh_leaving()
        clock = self.broker.clock
        if grace_s:
            open_questions = {task for c in self._conversations for task in c.running}
            await within(grace_s, open_questions, clock)
        sessions = set(self._sessions)
        for session in sessions:
            session.cancel()
        farewells = {c.farewell for c in self._conversations if c.farewell is not None}
        await within(_LEAVE_S, {*sessions, *farewells}, clock)
        for conversation in set(self._conversations):
            conversation.hang_up()
        late = await within(_LEAVE_S, set(self._clients), clock)
        for client in late:
            client.cancel()
        await asyncio.gather(*late, return_exceptions=True)
