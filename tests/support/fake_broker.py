"""A broker that answers what a test tells it to, and counts: `api.Broker` without a gateway behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sidelight_client import api
from sidelight_client.adapters.clock import SystemClock
from sidelight_client.broker.attention import Attention
from sidelight_client.broker.facts import BrokerFacts
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.snapshot import EditorView, GatewayView, SessionView, Snapshot


def empty_snapshot(now: float = 1_700_000_000.0) -> Snapshot:
    return Snapshot(
        seq=1,
        as_of=now,
        version="0.1.0",
        session=SessionView(Phase.FRESH, account="ada@example.com"),
        gateway=GatewayView(name="Fake"),
    )


class FakeBroker:
    """Holds a snapshot that `change` replaces; `gate` keeps completions waiting while it is set."""

    def __init__(self, clock: api.Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.held = empty_snapshot(self._clock.now())
        self.asked: list[api.CompletionRequest] = []
        self.cancelled = 0
        self.gate: asyncio.Event | None = None
        self.texts: tuple[str, ...] = ("answer",)
        self.fails_with: Exception | None = None
        self.sign_in_ends: api.SignInFailed | None = None
        self.prompt = api.SignInPrompt("https://idp.example/device", "ABCD-EFGH", 1_700_000_600.0)
        self.session = api.SessionSeen("fresh", "keyring", "ready")
        self.used = api.UsageView(1_700_000_000.0, 1_699_920_000.0)
        self.feedback_ends: api.FeedbackResult | None = None
        self.calls: list[str] = []
        self.weighings: list[api.CompletionRequest] = []
        self.would: api.Outcome | None = None
        self.explained: api.Explained | None = None
        self._subscribers: list[Callable[[Snapshot], None]] = []
        self.facts = BrokerFacts("0.1.0")
        self.reached = Attention(self._clock, self.facts, lambda: None, None)

    @property
    def clock(self) -> api.Clock:
        return self._clock

    @property
    def settings(self) -> api.Settings:
        return api.Settings()

    @property
    def subscribers(self) -> int:
        return len(self._subscribers)

    def change(self, **values: object) -> None:
        """Replace fields of the snapshot and tell every subscriber."""
        self.held = replace(self.held, seq=self.held.seq + 1, **values)  # type: ignore[arg-type]
        for told in list(self._subscribers):
            told(self.held)

    async def complete(
        self, request: api.CompletionRequest, so_far: Callable[[str], None] | None = None
    ) -> api.Outcome:
        del so_far
        self.asked.append(request)
        if self.fails_with is not None:
            raise self.fails_with
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        source = api.Source(api.SourceKind.MODEL, "fake model")
        return api.Completed(
            request.trace_id, self.texts, source, request.tier, api.Timings(total_s=0.01)
        )

    def document(self, uri: str, language: str) -> api.Document:
        return api.Document(uri, language)

    def may_leave(self, uri: str, language: str) -> bool:
        return bool(uri and language)

    def snapshot(self) -> Snapshot:
        return self.held

    def diagnosis(self) -> api.SessionSeen:
        return self.session

    def subscribe(self, changed: Callable[[Snapshot], None]) -> api.Subscription:
        self._subscribers.append(changed)
        return lambda: self._subscribers.remove(changed)

    def editor_connected(self, name: str) -> api.Subscription:
        editor = EditorView(len(self.held.editors) + 1, name, self._clock.now())
        self.change(editors=(*self.held.editors, editor))
        return lambda: self.change(editors=tuple(e for e in self.held.editors if e != editor))

    def completions_expected(self) -> None:
        return None

    def workspace_opened(self, folder: Path) -> api.Subscription:
        self.calls.append(f"workspace {folder}")
        return lambda: None

    def asks_person(self, ask: Callable[[api.Message, str], None]) -> api.Subscription:
        self.calls.append("asks_person")
        del ask
        return lambda: None

    async def sign_in(
        self, show: Callable[[api.SignInPrompt], None], *, device: bool = False
    ) -> api.SignInFailed | None:
        self.calls.append(f"sign_in device={device}")
        show(self.prompt)
        return self.sign_in_ends

    async def sign_out(self) -> None:
        self.calls.append("sign_out")

    def pause(self, until: float | None, language: str = "") -> None:
        self.calls.append(f"pause {until} {language}".rstrip())
        if not language:
            self.change(paused_until=until)

    @property
    def attention(self) -> Attention:
        return self.reached

    def retry_now(self) -> None:
        self.calls.append("retry_now")

    @property
    def preview(self) -> api.ContentPreview | None:
        return None

    def content_place(self, uri: str) -> api.ContentPlace:
        return api.ContentPlace(uri)

    def marks_file(self, uri: str) -> api.MarksFile | None:
        self.calls.append(f"marks_file {uri}")
        return None

    @property
    def scratch(self) -> Path | None:
        return None

    def sent(self, trace_id: str) -> api.SentText | None:
        self.calls.append(f"sent {trace_id}")
        return None

    def weighed(self, request: api.CompletionRequest) -> api.Outcome | None:
        self.weighings.append(request)
        return self.would

    def explains(
        self, explain: Callable[[str, api.Position | None], api.Explained | None]
    ) -> api.Subscription:
        del explain
        return lambda: None

    def explanation(self, uri: str, at: api.Position | None) -> api.Explained | None:
        self.calls.append(f"explanation {uri} {at}")
        return self.explained

    async def usage(self) -> api.UsageView:
        self.calls.append("usage")
        return self.used

    async def feedback(
        self, subject: api.Subject, rule: str, trace_id: str, reason: str, form_url: str = ""
    ) -> api.FeedbackResult:
        self.calls.append(f"feedback {subject.value} {rule} {trace_id} {reason}")
        return api.NoEndpoint(form_url) if self.feedback_ends is None else self.feedback_ends

    def accepted(self, trace_id: str) -> None:
        self.calls.append(f"accepted {trace_id}")

    def note_provenance(self, known: api.Provenance) -> None:
        self.calls.append(f"provenance {known.trace_id}")


def as_broker(broker: FakeBroker) -> api.Broker:
    """For the type checker: the fake has everything the façade asks for."""
    return broker
