"""The client's side of the local socket: connect-or-spawn, then questions, answers and a watch."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

from .. import __version__
from ..adapters.folders import Folders
from ..domain.completion import CompletionRequest, Outcome
from ..domain.explaining.explained import Explained
from ..domain.feedback import FeedbackResult, Subject
from ..domain.identity.diagnosis_session import SessionSeen
from ..domain.place import Position
from ..domain.snapshot import Snapshot
from ..domain.words.catalogue import Message
from ..errors import BrokerUnreachableError, SidelightError
from ..ports import SignInFailed, SignInPrompt
from .greeting import FRAME_LIMIT
from .light_socket import as_socket
from .reach import START_WAIT_S, Reached, reach
from .spawn import reap_in_background
from .wire import (
    Json,
    WireError,
    decode,
    encode,
    flag,
    malformed,
    outcome_from_json,
    prompt_from_json,
    request_to_json,
    section,
    snapshot_from_json,
    text,
)
from .wire_diagnosis import session_from_json
from .wire_explained import explained_from_json, message_from_json, place_to_json
from .wire_feedback import feedback_result_from_json


class BrokerRefusalError(SidelightError):
    """The broker refused a question; the sentence is the broker's own."""

    def __init__(self, message: Message) -> None:
        Exception.__init__(self, message.text)
        self.message = message


async def dial(
    folders: Folders,
    *,
    client: str = "sidelight",
    version: str = __version__,
    environ: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
    start: bool = True,
    start_wait_s: float = START_WAIT_S,
) -> BrokerClient:
    """Connect to this person's broker; start one when there is none.

    Args:
        folders: where its socket lies.
        client: our name, for the broker's log.
        version: our version; an older broker retires for us.
        environ: the environment of a broker that is started; None for this process's own.
        command: starts a broker; None for the usual command.
        start: whether one may be started.
        start_wait_s: how long a broker may take to open its door, in seconds.

    Raises:
        BrokerUnreachableError: `broker.unreachable`, `broker.incompatible`,
            `broker.runtime_unsafe` or `storage.unwritable`.
    """
    reaching = asyncio.ensure_future(
        asyncio.to_thread(
            reach,
            str(folders.runtime),
            version,
            client,
            os.environ if environ is None else environ,
            command=command,
            start=start,
            start_wait_s=start_wait_s,
        )
    )
    try:
        reached = await asyncio.shield(reaching)
    except asyncio.CancelledError:
        reaching.add_done_callback(
            _hang_up
        )  # The thread cannot be stopped, but what it brings can.
        raise
    if reached.process is not None:
        reap_in_background(reached.process)
    link = as_socket(reached.line.link)
    link.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=link, limit=FRAME_LIMIT)
    return BrokerClient(reader, writer, reached, str(folders.log_file))


class BrokerClient:
    """One connection to the broker. When it breaks, every question ends with BrokerUnreachableError;
    dialling again is the caller's choice.

    Architecture invariant: no token travels here.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        reached: Reached,
        log_file: str,
    ) -> None:
        self.version = reached.version
        """The broker's version."""
        self.pid = reached.pid
        """The broker's process id."""
        self._reader = reader
        self._writer = writer
        self._log_file = log_file
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._prompts: dict[int, Callable[[SignInPrompt], None]] = {}
        self._told: Json | None = None
        self._changed = asyncio.Event()
        self._ended = False
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def complete(self, request: CompletionRequest) -> Outcome:
        """Answer one completion. Cancelling it aborts it in the broker, too."""
        return outcome_from_json(await self._ask("complete", request_to_json(request)))

    async def weighed(self, request: CompletionRequest) -> Outcome | None:
        """What stands in the way of a request; nothing is sent for it."""
        answer = await self._ask("weigh", request_to_json(request))
        return None if answer.get("nothing") is True else outcome_from_json(answer)

    async def explanation(self, uri: str, at: Position | None) -> Explained | None:
        """Why there was nothing at a place, from the editor that has the document open."""
        return explained_from_json(await self._ask("explain", place_to_json(uri, at)))

    async def status(self) -> Snapshot:
        """The snapshot as it is now."""
        return snapshot_from_json(await self._ask("status"))

    async def diagnosis(self) -> SessionSeen:
        """What only the broker knows of the session, for `sidelight doctor`."""
        return session_from_json(await self._ask("diagnose"))

    async def usage(self) -> Json:
        """Today's usage, in the public format of `wire_usage`."""
        return await self._ask("usage")

    async def feedback(
        self, subject: Subject, rule: str, trace_id: str, reason: str, form_url: str = ""
    ) -> FeedbackResult:
        """Send a person's words to whoever owns a rule or a limit."""
        told = {"subject": subject.value, "rule": rule, "trace_id": trace_id, "reason": reason}
        answer = await self._ask("feedback", {**told, "form_url": form_url})
        return feedback_result_from_json(answer)

    async def watch(self, keys: Iterable[str] = ()) -> AsyncIterator[Snapshot]:
        """The snapshot, then the newest one after each change; those in between are skipped.

        Args:
            keys: the top-level keys of the snapshot's JSON whose changes matter; none means all.

        Raises:
            BrokerUnreachableError: the connection ended.
        """
        self._told = None
        wanted = list(keys)
        await self._ask("watch", {"keys": wanted} if wanted else {})
        while True:
            await self._changed.wait()
            self._changed.clear()
            told = self._newest()
            if told is not None:
                yield snapshot_from_json(told)
            if self._ended:
                raise self._lost()

    def _newest(self) -> Json | None:
        return self._told

    async def login(
        self, show: Callable[[SignInPrompt], None], *, device: bool = False
    ) -> SignInFailed | None:
        """Sign a person in; `show` is told where they must go. None when it worked."""
        number = next(self._numbers)
        self._prompts[number] = show
        try:
            result = await self._ask("login", {"device": device}, number)
        finally:
            del self._prompts[number]
        if flag(result, "signed_in"):
            return None
        return SignInFailed(text(result, "code"), text(result, "detail", ""))

    async def logout(self) -> None:
        """Sign out."""
        await self._ask("logout")

    async def pause(self, until: float | None) -> None:
        """Send nothing until `until` (seconds since the epoch); None goes on at once."""
        await self._ask("pause", {"until": until})

    async def pause_language(self, language: str, until: float | None) -> None:
        """Send nothing in one language until `until`; None goes on at once."""
        await self._ask("pause_language", {"language": language, "until": until})

    async def retry(self) -> None:
        """Let the next request try the gateway whatever the breaker says."""
        await self._ask("retry")

    async def accepted(self, trace_id: str) -> None:
        """A person accepted the suggestion of `trace_id`."""
        await self._ask("accepted", {"trace_id": trace_id})

    async def retire(self) -> None:
        """Ask the broker to leave."""
        await self._ask("retire")

    async def ping(self) -> None:
        """Come back when the broker has answered."""
        await self._ask("ping")

    async def close(self) -> None:
        """Hang up; the broker stays."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _ask(
        self, method: str, params: Mapping[str, Any] | None = None, number: int | None = None
    ) -> Json:
        if self._ended:
            raise self._lost()
        number = next(self._numbers) if number is None else number
        line = encode({"id": number, "method": method, "params": params or {}})
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            # Not drained: what waits here is bounded by the questions that wait for answers.
            self._writer.write(line)
            return await answer
        except asyncio.CancelledError:
            if not self._ended:
                self._writer.write(encode({"method": "cancel", "params": {"id": number}}))
            raise
        finally:
            del self._waiting[number]

    async def _listen(self) -> None:
        try:
            while True:
                self._heard(decode(await self._reader.readuntil()))
        except (OSError, EOFError, asyncio.LimitOverrunError, WireError):
            pass  # Whatever it was, this connection is of no further use.
        finally:
            self._ended = True
            self._changed.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(self._lost())

    def _heard(self, message: Json) -> None:
        if "event" in message:
            self._heard_event(text(message, "event"), section(message, "data"))
            return
        answer = self._waiting.get(message.get("id", 0))
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(BrokerRefusalError(message_from_json(section(message, "error"))))
        else:
            answer.set_result(section(message, "result"))

    def _heard_event(self, name: str, data: Json) -> None:
        match name:
            case "snapshot":
                self._told = data
                self._changed.set()
            case "delta":
                if self._told is None:
                    raise malformed("a delta came before the snapshot")
                self._told = {**self._told, **data}
                self._changed.set()
            case "prompt":
                show = self._prompts.get(data.get("id", 0))
                if show is not None:
                    show(prompt_from_json(data))
            case _:
                pass  # A newer broker may tell more than we know.

    def _lost(self) -> BrokerUnreachableError:
        return BrokerUnreachableError(
            "broker.unreachable", problem="the connection ended", log=self._log_file
        )


def _hang_up(reaching: asyncio.Future[Reached]) -> None:
    if not reaching.cancelled() and reaching.exception() is None:
        reached = reaching.result()
        reached.line.link.close()
        if reached.process is not None:
            reap_in_background(reached.process)
