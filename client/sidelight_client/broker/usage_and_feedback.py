"""What a person asks the broker beside completions: what they used today, and to pass a message on."""

from __future__ import annotations

from collections.abc import Callable

from ..domain.completion import Trigger
from ..domain.content.marks import ContentPlace
from ..domain.content.preview import ContentPreview
from ..domain.content.verdict import Answer
from ..domain.feedback import (
    LIMITS,
    Failed,
    Feedback,
    FeedbackResult,
    Problem,
    Subject,
    feedback,
    form_address,
)
from ..domain.spending.usage_view import UsageView, day_of
from ..ports import Clock, Gateway, UsageToday
from .facts import BrokerFacts
from .session_side import SessionSide


class UsageAndFeedback:
    """Answers from the ledger, and hands messages to the gateway."""

    def __init__(
        self,
        clock: Clock,
        gateway: Gateway,
        facts: BrokerFacts,
        session: SessionSide,
        *,
        usage_today: UsageToday | None,
        preview: Callable[[], ContentPreview | None],
    ) -> None:
        """`usage_today` is None where no ledger is kept; `preview` tells the content rules in force."""
        self._clock = clock
        self._gateway = gateway
        self._facts = facts
        self._session = session
        self._usage_today = usage_today
        self._preview = preview

    async def usage(self) -> UsageView:
        """Today's usage; where nothing is counted it says so, which is not zero."""
        if self._usage_today is None:
            now = self._clock.now()
            return UsageView(now, day_of(now)[0], problem="no ledger is kept")
        return await self._usage_today(self._facts.budget, self._facts.info)

    async def feedback(
        self, subject: Subject, rule: str, trace_id: str, reason: str, form_url: str = ""
    ) -> FeedbackResult:
        """See `api.Broker.feedback`."""
        said = feedback(subject, rule, trace_id, reason)
        if isinstance(said, Failed):
            return said
        if self._objects(said):
            return Failed(Problem.HAS_FINDING)
        keeper = self._session.keeper
        grant = await self._session.grant(Trigger.INVOKED)
        if keeper is not None and grant is None:
            return Failed(Problem.SIGNED_OUT)
        info = self._facts.info
        if info is not None and subject in LIMITS:
            form_url = form_url or form_address(info.limits_form, rule, trace_id)
        return await self._gateway.feedback(said, grant, form_url)

    def _objects(self, said: Feedback) -> bool:
        """Whether a content rule finds something in the person's words, or could not look at them."""
        preview = self._preview()
        if preview is None:
            return False
        findings, searched = preview.scan([said.reason], ContentPlace())
        meant = (f for f in findings if f.would_block is Answer.YES or f.real is not Answer.NO)
        return any(meant) or not searched
