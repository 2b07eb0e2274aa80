"""One question to the gateway: asked at the address that is best now, read, and learned from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from ..domain.answers.answer import distinct, offered, showable
from ..domain.answers.surroundings import around_of
from ..domain.completion import Completed, CompletionRequest, Tier, Timings, Trigger
from ..domain.content.redaction import Restorer
from ..domain.explaining.sent_text import SentText
from ..domain.failure import Failure, FailureKind
from ..domain.identity.grant import Grant
from ..domain.routing import aftermath, breaker
from ..domain.routing.aftermath import Exchange, Lessons
from ..domain.routing.endpoints import MOST
from ..domain.routing.resend import Resend, Tries, resend
from ..domain.routing.shrink import fitting_chars, shrink, size
from ..domain.spending.budget import spend
from ..ports import Clock, Delta, Finish, Gateway
from ..settings import Settings
from .content import Cleared
from .facts import Asked, BrokerFacts, gateway_name

SHRUNK = "context.shrunk"
"""The note of an answer for which less was sent than the window held."""
REDACTED = "content.redacted"
"""The note of an answer for which values were replaced before sending."""
UNSEARCHED = "content.unsearched"
"""The note of an answer for which something was sent that could not be looked at completely."""


@dataclass(slots=True)
class _Question:
    """One request while it is tried.

    Attributes:
        original: as the person's editor sent it, with what was replaced in `request`.
        ends_at: monotonic seconds by which the first text must be there.
        so_far: hears of an answer that is still coming.
        tried: the addresses it was sent to.
    """

    request: CompletionRequest
    original: CompletionRequest
    cleared: Cleared
    grant: Grant | None
    began: float
    ends_at: float
    so_far: Callable[[str], None] | None = None
    tried: list[str] = field(default_factory=list[str])
    shrunk: bool = False


@dataclass(frozen=True, slots=True)
class _Said:
    """One answer, as it was read: at least one text, which may be empty."""

    end: Finish | Failure
    texts: tuple[str, ...]
    sent_at: float
    first_s: float | None


class _Text:
    """One text of an answer, with what was replaced in the question put back."""

    def __init__(self, restorer: Restorer) -> None:
        self._restorer = restorer
        self.text = ""

    def feed(self, piece: str) -> bool:
        """Take in a piece; whether it completed a line."""
        more = self._restorer.feed(piece)
        self.text += more
        return "\n" in more

    def end(self) -> str:
        self.text += self._restorer.end()
        return self.text


class GatewayExchange:
    """Asks the gateway and writes into the broker's facts what came of it."""

    def __init__(
        self,
        clock: Clock,
        gateway: Gateway,
        facts: BrokerFacts,
        *,
        settings: Callable[[], Settings],
        changed: Callable[[], None],
        begun: Callable[[], None],
        alive: Callable[[Tier, str, Grant | None], None],
        sending: Callable[[SentText], None],
    ) -> None:
        """`begun` and `sending` are called before each try, `changed` after it.

        `alive` is called after each answer, with where it came from.
        """
        self._clock = clock
        self._gateway = gateway
        self._facts = facts
        self._settings = settings
        self._changed = changed
        self._begun = begun
        self._alive = alive
        self._note_sent = sending

    async def run(
        self,
        original: CompletionRequest,
        cleared: Cleared,
        grant: Grant | None,
        began: float,
        so_far: Callable[[str], None] | None = None,
    ) -> Completed | Failure:
        """One request to the gateway; what it teaches is kept whatever comes back.

        It is sent again only where that cannot do harm (`domain.routing.resend`), within its own deadline
        and while few requests are (`domain.routing.retry_budget`).

        Args:
            original: what the person's editor asked.
            cleared: what of it may be sent.
            grant: whose session to use.
            began: monotonic seconds when the request arrived.
            so_far: hears of an answer that is still coming; see `api.Broker.complete`.
        """
        request = cleared.request
        facts, now = self._facts, self._clock.now()
        ends_at = self._clock.monotonic() + self._deadline_s(request)
        asked = _Question(request, original, cleared, grant, began, ends_at, so_far)
        fits = facts.fits.get(request.tier)
        if fits is not None and size(request.window) > fits:
            asked.request = replace(request, window=shrink(request.window, fits))
        facts.retries = facts.retries.deposited(now)
        may_probe = request.trigger is Trigger.AUTOMATIC
        url = facts.endpoints.choose(request.tier, now, may_probe=may_probe)
        answer: Completed | Failure = Failure(FailureKind.UPSTREAM_DOWN)
        for _ in range(MOST + 1):
            if url is None:
                break
            answer = await self._once(asked, url)
            if not isinstance(answer, Failure):
                break
            url = self._next(asked, answer, url)
        return answer

    def _next(self, asked: _Question, failure: Failure, url: str) -> str | None:
        """Where to send it again, and with what; None when that would be no use or too much."""
        facts, now = self._facts, self._clock.now()
        elsewhere = facts.endpoints.choose(asked.request.tier, now, tried=asked.tried)
        left_s = asked.ends_at - self._clock.monotonic()
        how = resend(failure, Tries(left_s, elsewhere is not None, asked.shrunk))
        retries = facts.retries.withdrawn(now) if how is not Resend.NO else None
        if retries is None:
            return None
        facts.retries = retries
        facts.counts = replace(facts.counts, resent=facts.counts.resent + 1)
        if how is Resend.SHRUNK:
            chars = fitting_chars(failure, asked.request.window)
            facts.fits[asked.request.tier] = chars
            asked.shrunk = True
            asked.request = replace(asked.request, window=shrink(asked.request.window, chars))
            return url
        return url if how is Resend.OTHERWISE else elsewhere

    async def _once(self, asked: _Question, url: str) -> Completed | Failure:
        request, facts, clock = asked.request, self._facts, self._clock
        asked.tried.append(url)
        self._sending(asked, url)
        try:
            said = await self._read(asked, url)
        except asyncio.CancelledError:
            known = facts.endpoints.breaker(url, request.tier)
            facts.endpoints = facts.endpoints.learned(url, request.tier, breaker.abandoned(known))
            raise
        finally:
            facts.in_flight -= 1
            self._changed()
        took_s = clock.monotonic() - said.sent_at
        self._learn(asked, url, said.end, took_s)
        if isinstance(said.end, Failure):
            return said.end
        self._alive(request.tier, url, asked.grant)
        facts.latencies = facts.latencies.with_one(took_s)
        facts.counts = replace(facts.counts, completed=facts.counts.completed + 1)
        around = around_of(asked.original.window, request.document.language)
        first, *others = said.texts
        offers = [
            offered(text, around, request.max_lines)
            for text in (first, *filter(None, others))  # Fewer may come than were asked for.
        ]
        return Completed(
            request.trace_id,
            distinct(offers),
            said.end.source,
            request.tier,
            Timings(
                queue_s=said.sent_at - asked.began,
                gateway_s=took_s,
                first_s=said.first_s,
                total_s=clock.monotonic() - asked.began,
            ),
            said.end.tokens,
            said.end.model,
            (*said.end.notes, *_own_notes(asked)),
            offers[0].reason,
            request.tier_reasons,
        )

    async def _read(self, asked: _Question, url: str) -> _Said:
        sent_at = self._clock.monotonic()
        first_s: float | None = None
        end: Finish | Failure = Failure(FailureKind.UPSTREAM_DOWN)
        redacted = asked.cleared.redacted
        originals: Mapping[str, str] = redacted.originals if redacted is not None else {}
        texts = [_Text(Restorer(originals)) for _ in range(asked.request.alternatives)]
        answer = self._gateway.complete(asked.request, asked.grant, asked.ends_at - sent_at, url)
        async with aclosing(answer) as events:
            async for event in events:
                if not isinstance(event, Delta):
                    end = event
                    break
                if first_s is None:
                    first_s = self._clock.monotonic() - sent_at
                if event.choice < len(texts) and texts[event.choice].feed(event.text):
                    _tell_so_far(asked, texts[0].text)
        return _Said(end, tuple(text.end() for text in texts), sent_at, first_s)

    def _sending(self, asked: _Question, url: str) -> None:
        facts, now, request = self._facts, self._clock.now(), asked.request
        redacted = asked.cleared.redacted
        self._note_sent(
            SentText(
                request.trace_id,
                now,
                url,
                request.window,
                tuple(redacted.originals) if redacted is not None else (),
                searched=asked.cleared.searched is not False,
                shrunk=asked.shrunk,
            )
        )
        known = facts.endpoints.breaker(url, request.tier)
        facts.endpoints = facts.endpoints.learned(url, request.tier, breaker.sent(known, now))
        facts.budget = spend(facts.budget, now)
        facts.counts = replace(facts.counts, requests=facts.counts.requests + 1)
        sends = facts.asked.get(request.trace_id, Asked()).sends
        facts.asked[request.trace_id] = Asked(sends + 1, url)
        facts.in_flight += 1
        self._begun()

    def _deadline_s(self, request: CompletionRequest) -> float:
        """The time to the first text. Who asks explicitly is willing to wait for longer.

        A gateway that states a shorter one is not waited for after that: it has given up by then.
        """
        tier = request.tier
        if tier is Tier.FAST and request.trigger is Trigger.INVOKED:
            tier = Tier.STANDARD
        deadline_s = self._settings().number(f"tiers.{tier.value}.deadline_ms") / 1000
        info = self._facts.info
        return (
            deadline_s if info is None else min(deadline_s, info.deadlines_s.get(tier, deadline_s))
        )

    def _learn(self, asked: _Question, url: str, end: Finish | Failure, took_s: float) -> None:
        facts, now, tier = self._facts, self._clock.now(), asked.request.tier
        elsewhere = facts.endpoints.choose(tier, now, tried=asked.tried) is not None
        lessons = aftermath.learn(
            Lessons(facts.endpoints.breaker(url, tier), facts.budget, facts.conditions),
            Exchange(
                failure=end if isinstance(end, Failure) else None,
                took_s=took_s,
                name=gateway_name(facts, self._settings()),
                trace_id=asked.request.trace_id,
                readings=end.readings if isinstance(end, Finish) else (),
                notes=end.notes if isinstance(end, Finish) else (),
                elsewhere=elsewhere,
            ),
            now,
        )
        facts.endpoints = facts.endpoints.learned(url, tier, lessons.breaker)
        facts.budget, facts.conditions = lessons.budget, lessons.conditions
        self._changed()


def _tell_so_far(asked: _Question, text: str) -> None:
    """Tell what may be shown of an answer whose beginning is `text`, if anything may be yet."""
    if asked.so_far is None:
        return
    around = around_of(asked.original.window, asked.request.document.language)
    shown = showable(text, around, asked.request.max_lines)
    if shown:
        asked.so_far(shown)


def _own_notes(asked: _Question) -> tuple[str, ...]:
    """What is to be said about what was sent, beside what the gateway says."""
    said = (
        (asked.shrunk, SHRUNK),
        (asked.cleared.redacted is not None, REDACTED),
        (asked.cleared.searched is False, UNSEARCHED),
    )
    return tuple(note for true, note in said if true)
