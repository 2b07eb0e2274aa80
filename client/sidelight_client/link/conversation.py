"""The broker's side of one client: hello, questions and answers, a watch, and an editor's session."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, Protocol

from .. import api
from ..errors import BrokerUnreachableError, RefusedError, SidelightError
from .connection import Connection
from .elsewhere import ElsewhereBroker
from .frames import Json, WireError
from .greeting import HELLO_WAIT_S, environment_differences
from .waiting import within
from .watch import tell_changes
from .wire import (
    PROTOCOL,
    AttachInfo,
    Hello,
    Request,
    error_body,
    event,
    flag,
    malformed,
    optional_number,
    outcome_to_json,
    prompt_to_json,
    request_from_json,
    snapshot_to_json,
    texts,
    trace_id_of,
)
from .wire_attention import language_of, notice_to_json
from .wire_diagnosis import session_to_json
from .wire_explained import explained_to_json, place_from_json
from .wire_feedback import feedback_from_json, feedback_to_json
from .wire_usage import usage_to_json

log = logging.getLogger("sidelight.link")

RUNNING_LIMIT = 32
"""How many questions of one client may be open at once, those whose answers it does not take included."""

FORWARDED_METHODS = frozenset(("attach", "status", "watch", "ping", "cancel"))
"""What a client on another machine may ask: an editor's session, and how things are."""

SESSION_END_S = 3.0
"""How long a session may take to end when its shim is gone."""


class Host(Protocol):
    """What a conversation needs from the server it is part of."""

    @property
    def broker(self) -> api.Broker: ...

    @property
    def version(self) -> str: ...

    @property
    def environment(self) -> Mapping[str, str]: ...

    def start_session(
        self, read_descriptor: int, write_descriptor: int, info: AttachInfo
    ) -> asyncio.Task[int]: ...

    def environment_differs(self, client: str, names: tuple[str, ...]) -> api.Subscription: ...

    def retire(self) -> None: ...


class Conversation:
    """One client from its first byte to its last."""

    def __init__(self, connection: Connection, host: Host, *, forwarded: bool = False) -> None:
        """`forwarded` is a client on another machine, which whoever looks after that may speak for."""
        self._connection = connection
        self._host = host
        self._forwarded = forwarded
        self._greeted = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._questions: set[asyncio.Task[None]] = set()
        self._running: dict[int | str | None, asyncio.Task[None]] = {}
        """The questions that can still be cancelled: their answers are not on the way yet."""
        self._watch: asyncio.Task[None] | None = None
        self._looking: api.Subscription | None = None
        self._notices: api.Subscription | None = None
        self._session: asyncio.Task[int] | None = None
        self.farewell: asyncio.Task[None] | None = None
        """Tells the shim its session's exit code; done when that is said."""
        self._undo: list[api.Subscription] = []

    @property
    def running(self) -> set[asyncio.Task[None]]:
        """The questions whose answers are not sent yet."""
        return set(self._questions)

    async def run(self) -> None:
        """Serve the client until it is gone; nothing of it is left afterwards."""
        impatience = self._start(self._expect_hello())
        try:
            async for frame in self._connection.frames():
                if isinstance(frame, WireError):
                    await self._connection.send({"id": None, "error": error_body(frame)})
                elif await self._take(frame):
                    return
                if self._greeted:
                    impatience.cancel()
        finally:
            await self._end()

    def hang_up(self) -> None:
        """End the conversation."""
        self._connection.hang_up()

    async def _expect_hello(self) -> None:
        await self._host.broker.clock.sleep(HELLO_WAIT_S)
        self._connection.hang_up()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _end(self) -> None:
        for undo in (*self._undo, self._looking, self._notices):
            if undo is not None:
                undo()
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if self._session is not None:
            self._session.cancel()
            await within(SESSION_END_S, {self._session}, self._host.broker.clock)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._connection.close()

    async def _take(self, frame: Json) -> bool:
        """Act on one message; True when the connection now belongs to a session."""
        request = Request(None, "", {})
        try:
            request = Request.from_json(frame)
            if request.method == "hello":
                await self._hello(request)
            elif not self._greeted:
                raise malformed("hello comes first")
            elif self._forwarded and request.method not in FORWARDED_METHODS:
                raise RefusedError("remote.refused")
            elif request.method == "attach":
                return await self._attach(request)
            elif request.method == "cancel":
                self._cancel(request)
            else:
                self._begin(request)
        except SidelightError as error:
            await self._connection.send(request.refuse(error))
        return False

    async def _hello(self, request: Request) -> None:
        greeting = Hello.from_json(request.params)
        host = self._host
        if greeting.protocol != PROTOCOL:
            error = BrokerUnreachableError(
                "broker.incompatible", theirs=host.version, ours=greeting.version
            )
            told = {**error_body(error), "version": host.version}
            await self._connection.send({"id": request.id, "error": told})
            return
        names = environment_differences(host.environment, greeting.environment)
        if names and greeting.environment and not self._greeted and not self._forwarded:
            self._undo.append(host.environment_differs(greeting.client, names))
        self._greeted = True
        await self._connection.send(
            request.answer({"protocol": PROTOCOL, "version": host.version, "pid": os.getpid()})
        )

    # --- an editor's session ---

    async def _attach(self, request: Request) -> bool:
        info = replace(AttachInfo.from_json(request.params), forwarded=self._forwarded)
        if self._session is not None:
            raise malformed("a session is attached already")
        if info.copy:
            await self._connection.send(request.answer({}))
            mine = self._connection.detach()
            try:
                both = mine, os.dup(mine)
            except OSError:
                os.close(mine)
                raise
            self._host.start_session(*both, info)
            return True
        descriptors = self._connection.take_descriptors()
        if len(descriptors) not in (2, 3):
            for descriptor in descriptors:
                os.close(descriptor)
            raise malformed("attach brings the editor's standard input and output")
        for descriptor in descriptors[2:]:
            os.close(descriptor)  # The shim keeps the editor's error stream; we never write to it.
        self._session = self._host.start_session(descriptors[0], descriptors[1], info)
        await self._connection.send(request.answer({}))
        self.farewell = self._start(self._see_off(self._session))
        return False

    async def _see_off(self, session: asyncio.Task[int]) -> None:
        await asyncio.wait({session})
        code = 1 if session.cancelled() else session.result()
        await self._connection.send(event("exit", {"code": code}))
        self._connection.hang_up()

    # --- questions ---

    def _cancel(self, request: Request) -> None:
        """A cancelled question is not answered; one that is answered already is none of our business."""
        target = request.params.get("id")
        if isinstance(target, (int, str)) and target in self._running:
            self._running.pop(target).cancel()

    def _begin(self, request: Request) -> None:
        if len(self._questions) >= RUNNING_LIMIT:
            raise malformed(f"more than {RUNNING_LIMIT} questions are open")
        if request.id is None or request.id in self._running:
            raise malformed("every question needs an id of its own")
        question = self._start(self._answer(request))
        self._running[request.id] = question
        self._questions.add(question)
        question.add_done_callback(self._questions.discard)

    async def _answer(self, request: Request) -> None:
        try:
            answer = request.answer(await self._result(request))
        except SidelightError as error:
            answer = request.refuse(error)
        except Exception as error:  # One question's failure must not end the others.
            # The type and not the text: an exception's text may quote what it choked on.
            log.error("%s failed: %s", request.method, type(error).__name__)  # noqa: TRY400 – as above
            problem = f"internal error {type(error).__name__}"
            answer = request.refuse(BrokerUnreachableError("broker.unreachable", problem=problem))
        finally:
            # From here on it cannot be cancelled, which would cut the answer in half.
            self._running.pop(request.id, None)
        try:
            await self._connection.send(answer)
        except WireError as error:
            await self._connection.send(request.refuse(error))

    async def _result(self, request: Request) -> Json:
        broker, params = self._host.broker, request.params
        match request.method:
            case "complete":
                return outcome_to_json(await broker.complete(request_from_json(params)))
            case "weigh":
                outcome = broker.weighed(request_from_json(params))
                return {"nothing": True} if outcome is None else outcome_to_json(outcome)
            case "explain":
                return explained_to_json(broker.explanation(*place_from_json(params)))
            case "status":
                return snapshot_to_json(self._told().snapshot(), broker.clock.now())
            case "diagnose":
                return session_to_json(broker.diagnosis())
            case "usage":
                return usage_to_json(await broker.usage())
            case "feedback":
                return await self._feedback(params)
            case "watch":
                self._begin_watch(params)
            case "login":
                return await self._login(request)
            case "logout":
                await broker.sign_out()
            case "pause":
                broker.pause(optional_number(params, "until"))
            case "pause_language":
                # A method of its own: a broker that is older would pause everything.
                broker.pause(optional_number(params, "until"), language_of(params))
            case "mute":
                broker.attention.mute(optional_number(params, "until"))
            case "looking":
                self._look(open_=flag(params, "open"))
            case "notices":
                self._show_notices()
            case "retry":
                broker.retry_now()
            case "accepted":
                broker.accepted(trace_id_of(params))
            case "retire":
                self._host.retire()
            case "ping":
                pass
            case _:
                raise malformed("there is no such method")
        return {}

    async def _feedback(self, params: Json) -> Json:
        asked = feedback_from_json(params)
        result = await self._host.broker.feedback(
            asked.subject, asked.rule, asked.trace_id, asked.reason, asked.form_url
        )
        return feedback_to_json(result, asked.subject)

    async def _login(self, request: Request) -> Json:
        told: list[asyncio.Task[None]] = []

        def show(prompt: api.SignInPrompt) -> None:
            data = {"id": request.id, **prompt_to_json(prompt)}
            told.append(self._start(self._connection.send(event("prompt", data))))

        failed = await self._host.broker.sign_in(
            show, device=flag(request.params, "device", default=False)
        )
        await asyncio.gather(*told)
        if failed is None:
            return {"signed_in": True}
        return {"signed_in": False, "code": failed.code, "detail": failed.detail}

    def _look(self, *, open_: bool) -> None:
        """The client's person opened a panel, or closed the last one."""
        before, self._looking = self._looking, None
        if open_:
            self._looking = self._host.broker.attention.panel_opened()
        if before is not None:
            before()

    def _show_notices(self) -> None:
        if self._notices is not None:
            return

        def show(notice: api.ShownNotice) -> None:
            self._start(self._connection.send(event("notice", notice_to_json(notice))))

        self._notices = self._host.broker.attention.shows_notices(show)

    def _begin_watch(self, params: Json) -> None:
        keys = (
            frozenset(texts(params, "keys")) if params.get("keys") is not None else frozenset[str]()
        )
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._start(tell_changes(self._told(), self._connection, keys))

    def _told(self) -> api.Broker:
        """The broker as this client may see it."""
        return ElsewhereBroker(self._host.broker) if self._forwarded else self._host.broker
