"""Whether a completion request may be answered: the checks every request passes, cheapest first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from ..adapters.re2_rules import Match, RuleSet
from ..domain.failure import FailureKind
from ..domain.policy.organisation import Action
from ..domain.spending.budget import Purse, Scope, Unit
from ..ports import Clock
from .discovery import PASSED_ON_MODEL, WORKSPACE_MODEL
from .faults import Dialect, Faults
from .http import Headers, Response
from .limits import Meter, throttled
from .policy_document import OWNER
from .question import Question
from .replies import failure, json_reply

BLOCK_FAULT_RULE = "fault_block"

_LONG_TEXT_CHARS = 50_000
"""Longer texts are scanned in a worker thread: RE2 reads some 40 characters a microsecond."""

_BAD_GATEWAY_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


def outage(faults: Faults) -> Response | None:
    """The answer of a gateway that is not there at all; it comes before anything is looked at."""
    if faults.bad_gateway_html:
        return Response(HTTPStatus.BAD_GATEWAY, (("content-type", "text/html"),), _BAD_GATEWAY_PAGE)
    if faults.outage:
        message = "The gateway has an outage. See the status page."
        return failure(FailureKind.UPSTREAM_DOWN, message, headers=(("retry-after", "30"),))
    return None


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal and the word the audit keeps for it."""

    response: Response
    outcome: str


class Admission:
    """Checks admitted persons' questions; counting against the limits happens here."""

    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        meter: Meter,
        rules: RuleSet,
        *,
        passes_on: bool,
        max_input_tokens: int,
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._meter = meter
        self._rules = rules
        self._passes_on = passes_on
        self._max_input_tokens = max_input_tokens

    async def refuse(self, question: Question) -> Refused | None:
        """Why `question` is not answered, or None."""
        return (
            self._model_denied(question)
            or self._too_long(question)
            or self._throttle_fault()
            or self._limited()
            or await self._objected(question)
        )

    def _model_denied(self, question: Question) -> Refused | None:
        model = question.model or WORKSPACE_MODEL
        known = self._passes_on or model in (WORKSPACE_MODEL, PASSED_ON_MODEL)
        if known and not self._faults.model_denied:
            return None
        facts = {"model": model[:100]}
        return self._failed(
            FailureKind.AUTH_MODEL_DENIED, "You have no access to this model.", facts
        )

    def _too_long(self, question: Question) -> Refused | None:
        limit, got = self._max_input_tokens, question.prompt_tokens
        if self._faults.context_limit:
            limit = min(limit, self._faults.context_limit)
        if got <= limit:
            return None
        # OpenAI's own words: a proxy in front of a model keeps the sentence and drops the code.
        message = f"This model's maximum context length is {limit} tokens; the request has {got}."
        facts = {"limit": limit, "got": got, "unit": "tokens"}
        return self._failed(FailureKind.CONTEXT_EXCEEDED, message, facts)

    def _throttle_fault(self) -> Refused | None:
        if self._faults.throttle:
            delay_s = self._faults.throttle_delay_s
            user = next((p for p in self._meter.purses if p.scope is Scope.USER), None)
            limit = user.limit if user is not None else 0
            resets_at = self._clock.now() + delay_s
            purse = Purse(Scope.USER, Unit.REQUESTS, limit, 3600.0, used=limit, resets_at=resets_at)
            return _throttled(Dialect(self._faults.throttle), purse, delay_s)
        if self._faults.budget:
            # No month here ends at a known moment: the switch says when there is money again.
            spent = Purse(
                Scope.USER,
                Unit.COST,
                20,
                2_592_000.0,
                used=20,
                resets_at=self._clock.now() + 86_400,
            )
            facts = {
                "limit": spent.limit,
                "used": spent.used,
                "unit": spent.unit.value,
                "scope": spent.scope.value,
                "resets_at": spent.resets_at,
                "contact": OWNER,
            }
            message = "The budget of this month is spent."
            return self._failed(FailureKind.BUDGET_EXCEEDED, message, facts)
        return None

    def _limited(self) -> Refused | None:
        purse = self._meter.take()
        if purse is None:
            return None
        delay_s = max((purse.resets_at or 0.0) - self._clock.now(), 0.0)
        return _throttled(Dialect.NEUTRAL, purse, delay_s)

    async def _objected(self, question: Question) -> Refused | None:
        """What the content rules say to everything that was sent."""
        if self._faults.scanner_down:
            return self._unscanned()
        if self._faults.block:
            start = question.prompt.rstrip().rfind("\n") + 1
            finding = _finding(BLOCK_FAULT_RULE, "prefix", start, len(question.prompt))
            title = "Blocked on purpose"
            why = "The block switch of the embedded gateway is on."
            return self._blocked([finding], title, why, "")
        findings: list[dict[str, Any]] = []
        first: Match | None = None
        for part, text in (
            ("prefix", question.prompt),
            ("suffix", question.suffix),
            *(("", other) for other in question.others),
        ):
            scan = (
                await asyncio.to_thread(self._rules.scan, text)
                if len(text) > _LONG_TEXT_CHARS
                else self._rules.scan(text)
            )
            for match in scan.matches:
                if match.rule.action is Action.BLOCK:
                    first = first or match
                    if part:
                        findings.append(_finding(match.rule.id, part, match.start, match.end))
            if not scan.complete and first is None:
                return self._unscanned()
        if first is None:
            return None
        rule = first.rule
        return self._blocked(findings, rule.title, rule.explain, rule.appeal_url, rule.id)

    def _blocked(
        self,
        findings: list[dict[str, Any]],
        title: str,
        why: str,
        appeal_url: str,
        rule: str = BLOCK_FAULT_RULE,
    ) -> Refused:
        facts = {
            "findings": findings,
            "rule": rule,
            "title": title,
            "why": why,
            "contact": OWNER,
            "appeal_url": appeal_url,
        }
        message = f"A content rule objects to the text: {title}."
        return self._failed(FailureKind.POLICY_BLOCKED, message, facts)

    def _unscanned(self) -> Refused:
        message = "The content scanner is not working, so nothing may pass."
        return self._failed(FailureKind.POLICY_UNAVAILABLE, message)

    def _failed(
        self, kind: FailureKind, message: str, facts: dict[str, Any] | None = None
    ) -> Refused:
        return Refused(failure(kind, message, facts), kind.value)


def _throttled(dialect: Dialect, purse: Purse, delay_s: float) -> Refused:
    headers: Headers
    headers, error = throttled(dialect, purse, delay_s)
    body: dict[str, Any] = {"error": error}
    if dialect is Dialect.KONG:
        body = {"message": error["message"]}
    response = json_reply(HTTPStatus.TOO_MANY_REQUESTS, body, headers)
    return Refused(response, f"limit.{purse.scope.value}")


def _finding(rule: str, part: str, start: int, end: int) -> dict[str, Any]:
    return {"rule": rule, "part": part, "start": start, "end": end}
