"""The content rules in force, and what of a request may be sent by them; what was sent, for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from ..domain.completion import (
    Blocked,
    CompletionRequest,
    Finding,
    Unavailable,
    UnavailableReason,
)
from ..domain.content.marks import ContentPlace
from ..domain.content.preview import (
    ContentPreview,
    MaySend,
    NotRedactable,
    Passage,
    Replaced,
    Stopped,
)
from ..domain.content.redaction import Redacted
from ..domain.content.sources import RuleChoice
from ..domain.explaining.explain import NOT_REDACTABLE
from ..domain.explaining.sent_text import SentText
from ..domain.policy.organisation import ContentRule, RedactionMode
from ..ports import Clock
from ..waiting import at_most
from .facts import BrokerFacts
from .session_side import GRANT_WAIT_S

log = logging.getLogger("sidelight.broker")

Compile = Callable[[Sequence[ContentRule], RuleChoice | None, RedactionMode], ContentPreview]
"""Compiles rules; called in a thread, because that may take half a second."""

PlaceOf = Callable[[str], ContentPlace]
"""What is known of the document with a uri: its path, and the marks of its workspace."""

SENT_KEPT = 32
SENT_KEPT_CHARS = 400_000
"""What was sent is kept in memory only, for whoever asks what it was."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """A request that may be sent.

    Attributes:
        request: with what leaves.
        redacted: restores the answer; None where nothing was replaced.
        searched: False where not all of it could be looked at: unknown is not clean. None where
            nobody is to look.
    """

    request: CompletionRequest
    redacted: Redacted | None
    searched: bool | None


class ContentGuard:
    """Lets the text of requests pass, stops it, or replaces what may not leave.

    Without `compile_rules` nothing is looked at, and the gateway alone decides.
    """

    def __init__(
        self,
        clock: Clock,
        facts: BrokerFacts,
        changed: Callable[[], None],
        compile_rules: Compile | None,
        place_of: PlaceOf,
    ) -> None:
        self._clock = clock
        self._facts = facts
        self._changed = changed
        self._compile = compile_rules
        self.place_of = place_of
        self._wanted: tuple[Sequence[ContentRule], RuleChoice | None, RedactionMode] | None = None
        self._compiling: asyncio.Task[None] | None = None
        self._sent: dict[str, SentText] = {}
        """By trace id, the oldest first."""
        self._sent_chars = 0

    def refresh(self) -> None:
        """Compile the rules in the background if they are others than those in force."""
        policy = self._facts.policy
        wanted = (policy.content_rules, self._facts.listed, policy.redaction)
        if self._compile is None or wanted == self._wanted:
            return
        self._wanted = wanted
        if self._compiling is None or self._compiling.done():
            self._compiling = asyncio.get_running_loop().create_task(self._compiled(self._compile))

    async def stop(self) -> None:
        """End what runs; a thread that compiles is waited for, because nothing else could end it."""
        if self._compiling is not None:
            self._compile = None
            await asyncio.wait([self._compiling])

    async def passage(self, request: CompletionRequest) -> Cleared | Blocked | Unavailable:
        """What of `request` may be sent; where it is stopped, why and at which characters."""
        self.refresh()
        if self._compiling is not None and not self._compiling.done():
            wait_s = GRANT_WAIT_S[request.trigger]
            await at_most(self._clock, wait_s, asyncio.shield(self._compiling))
        # Only now: the rules may have become others meanwhile.
        forced = self._facts.policy.redaction is RedactionMode.FORCE
        preview = self._facts.preview
        if self._compile is None:
            return Cleared(request, None, searched=None)
        if preview is None or (forced and preview.redaction is not RedactionMode.FORCE):
            if forced:
                return Unavailable(request.trace_id, UnavailableReason.RULES_NOT_READY)
            return Cleared(request, None, searched=False)
        if forced or request.redact:
            passed = await asyncio.to_thread(self._look, preview, request)
        else:
            passed = self._look(preview, request)
        return self._judged(request, passed)

    def weighed(self, request: CompletionRequest) -> Blocked | None:
        """What would stop `request` here, from the rules that are ready; nothing is replaced."""
        preview = self._facts.preview
        if preview is None or preview.redaction is RedactionMode.FORCE or request.redact:
            return None
        judged = self._judged(request, self._look(preview, request))
        return judged if isinstance(judged, Blocked) else None

    def remember(self, sent: SentText) -> None:
        """Keep what was sent; of a request that is sent again, the latest."""
        before = self._sent.pop(sent.trace_id, None)
        self._sent_chars += sent.size - (before.size if before is not None else 0)
        self._sent[sent.trace_id] = sent
        while len(self._sent) > 1 and (
            len(self._sent) > SENT_KEPT or self._sent_chars > SENT_KEPT_CHARS
        ):
            oldest = next(iter(self._sent))
            self._sent_chars -= self._sent.pop(oldest).size

    def sent(self, trace_id: str) -> SentText | None:
        """What was sent for a request, while it is kept."""
        return self._sent.get(trace_id)

    def _look(self, preview: ContentPreview, request: CompletionRequest) -> Passage:
        return preview.before_sending(
            request.window,
            self.place_of,
            asked_to_redact=request.redact,
            file=request.file,
        )

    @staticmethod
    def _judged(request: CompletionRequest, passed: Passage) -> Cleared | Blocked:
        match passed:
            case MaySend(complete):
                return Cleared(replace(request, file=""), None, complete)
            case Stopped(rule, findings):
                return Blocked(
                    request.trace_id,
                    rule.id,
                    rule.content.title,
                    rule.content.explain,
                    _first_of(rule.id, findings),
                    appeal_url=rule.content.appeal_url,
                    by_gateway=False,
                )
            case Replaced(window, redacted):
                return Cleared(replace(request, window=window, file=""), redacted, searched=True)
            case NotRedactable(findings):
                return Blocked(
                    request.trace_id,
                    NOT_REDACTABLE,
                    "Cannot be redacted",
                    "",
                    findings,
                    by_gateway=False,
                )
            case _:
                assert_never(passed)

    async def _compiled(self, compile_rules: Compile) -> None:
        done: object = None
        while self._wanted is not None and done is not self._wanted and self._compile is not None:
            done = wanted = self._wanted
            try:
                made = await asyncio.to_thread(compile_rules, *wanted)
            except Exception as error:
                # The type only: an exception's text may quote a rule, which may quote a value.
                log.error("the content rules could not be compiled: %s", type(error).__name__)  # noqa: TRY400
                return
            if wanted is self._wanted:
                self._facts.preview = made
                self._changed()


def _first_of(rule: str, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings, those of the rule that decides before the others."""
    return tuple(sorted(findings, key=lambda found: found.rule != rule))
