"""The broker as a session sees it whose editor, and whose files, are on another machine.

Architecture invariant: a `file` address of that machine is never looked up on this one, where
another file may lie at the same path. Each goes to the broker as what it is, the address of a file
on another host (RFC 8089, section 2), which has no path here; rules about what cannot be seen there
count (`domain.policy.place_policy`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from .. import api
from ..domain.window.parts import Window

HOST = "elsewhere.invalid"
"""No host has this name (RFC 2606, section 2), so no path of this machine can be meant."""

_LOCAL_HOSTS = ("", "localhost")


def elsewhere(uri: str) -> str:
    """The address of a file on another machine, of what that machine calls its own."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri  # No address at all, so nothing can be looked up by it.
    if parts.scheme != "file" or parts.netloc.lower() not in _LOCAL_HOSTS:
        return uri
    return parts._replace(netloc=HOST).geturl()


class ElsewhereBroker:
    """An `api.Broker` for one session; what has to do with no file is passed on as it is."""

    def __init__(self, broker: api.Broker) -> None:
        self._broker = broker

    # --- what has to do with files ---------------------------------------------------------------

    async def complete(
        self, request: api.CompletionRequest, so_far: Callable[[str], None] | None = None
    ) -> api.Outcome:
        told, names = _sent_elsewhere(request)
        return _returned(await self._broker.complete(told, so_far), names)

    def weighed(self, request: api.CompletionRequest) -> api.Outcome | None:
        told, names = _sent_elsewhere(request)
        outcome = self._broker.weighed(told)
        return None if outcome is None else _returned(outcome, names)

    def document(self, uri: str, language: str) -> api.Document:
        return replace(self._broker.document(elsewhere(uri), language), uri=uri)

    def may_leave(self, uri: str, language: str) -> bool:
        return self._broker.may_leave(elsewhere(uri), language)

    def content_place(self, uri: str) -> api.ContentPlace:
        return self._broker.content_place(elsewhere(uri))

    def marks_file(self, uri: str) -> api.MarksFile | None:
        return self._broker.marks_file(elsewhere(uri))

    def workspace_opened(self, folder: Path) -> api.Subscription:
        """Tell nobody: the embedded gateway would read a folder of this machine."""
        del folder
        return _nothing

    @property
    def scratch(self) -> Path | None:
        """None: the editor could not open a file of this machine."""
        return None

    def explains(
        self, explain: Callable[[str, api.Position | None], api.Explained | None]
    ) -> api.Subscription:
        """Tell nobody: who asks here means a file of this machine."""
        del explain
        return _nothing

    def explanation(self, uri: str, at: api.Position | None) -> api.Explained | None:
        return self._broker.explanation(elsewhere(uri), at)

    def editor_connected(self, name: str) -> api.Subscription:
        return self._broker.editor_connected(f"{name} (remote)")

    async def sign_in(
        self, show: Callable[[api.SignInPrompt], None], *, device: bool = False
    ) -> api.SignInFailed | None:
        """Sign in by a code: the other way ends at an address of this machine, not of the editor's."""
        del device
        return await self._broker.sign_in(show, device=True)

    # --- what has not ----------------------------------------------------------------------------

    @property
    def clock(self) -> api.Clock:
        return self._broker.clock

    @property
    def settings(self) -> api.Settings:
        return self._broker.settings

    @property
    def preview(self) -> api.ContentPreview | None:
        return self._broker.preview

    @property
    def attention(self) -> api.Attention:
        return self._broker.attention

    def snapshot(self) -> api.Snapshot:
        return self._broker.snapshot().without_places()

    def diagnosis(self) -> api.SessionSeen:
        return self._broker.diagnosis()

    def subscribe(self, changed: Callable[[api.Snapshot], None]) -> api.Subscription:
        return self._broker.subscribe(lambda snapshot: changed(snapshot.without_places()))

    async def sign_out(self) -> None:
        await self._broker.sign_out()

    def asks_person(self, ask: Callable[[api.Message, str], None]) -> api.Subscription:
        return self._broker.asks_person(ask)

    def sent(self, trace_id: str) -> api.SentText | None:
        return self._broker.sent(trace_id)

    def completions_expected(self) -> None:
        self._broker.completions_expected()

    def pause(self, until: float | None, language: str = "") -> None:
        self._broker.pause(until, language)

    def retry_now(self) -> None:
        self._broker.retry_now()

    async def usage(self) -> api.UsageView:
        return await self._broker.usage()

    async def feedback(
        self, subject: api.Subject, rule: str, trace_id: str, reason: str, form_url: str = ""
    ) -> api.FeedbackResult:
        return await self._broker.feedback(subject, rule, trace_id, reason, form_url)

    def accepted(self, trace_id: str) -> None:
        self._broker.accepted(trace_id)

    def note_provenance(self, known: api.Provenance) -> None:
        self._broker.note_provenance(known)


def _sent_elsewhere(
    request: api.CompletionRequest,
) -> tuple[api.CompletionRequest, Mapping[str, str]]:
    """The request with every address as another machine's, and what each was before."""
    window = request.window
    uris = {request.document.uri, *(part.uri for part in window.parts)}
    there = {uri: elsewhere(uri) for uri in uris | {cut.uri for cut in window.cuts}}
    moved: Window = replace(
        window,
        parts=tuple(replace(part, uri=there[part.uri]) for part in window.parts),
        cuts=tuple(replace(cut, uri=there[cut.uri]) for cut in window.cuts),
    )
    document = replace(request.document, uri=there[request.document.uri])
    names = {mapped: uri for uri, mapped in there.items()}
    return replace(request, document=document, window=moved), names


def _returned(outcome: api.Outcome, names: Mapping[str, str]) -> api.Outcome:
    """The outcome in the editor's own addresses."""
    if not isinstance(outcome, api.Blocked):
        return outcome
    findings = (replace(one, uri=names.get(one.uri, one.uri)) for one in outcome.findings)
    return replace(outcome, findings=tuple(findings))


def _nothing() -> None:
    """There is nothing to undo."""
