"""What gateways' sentences mean, where no code or type says it: one table, read from the top.

Patterns run over at most `signs.LONGEST_MESSAGE` characters in lower case, and every gap in them
is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..domain.failure import FailureKind
from .signs import Signs

EXPIRED = re.compile(
    r"\b(?:token|key|jwt|credentials?|session|grant)\b.{0,30}\b(?:has |is |was |are )?expired"
    r"|expired.{0,10}\b(?:token|key|jwt|api key|credentials?|session)\b|signature has expired"
    r"|^token expired$|expired_?token"
)
NO_SUFFIX = re.compile(
    r"suffix.{0,40}not.{0,20}support|unsupported param\w*:? ?.{0,3}suffix"
    r"|not supported in the v1/completions|does not support (?:insert|suffix|infill|fim)"
    r"|infill is not supported|suffix.{0,20}(?:not permitted|unexpected|unrecognized|extra)"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence's sign, and the answers in which it counts.

    Attributes:
        kind: what it means.
        pattern: searched in the message in lower case.
        lowest: the lowest status it counts in, and `highest` the highest. A status that is not
            known always counts.
        never: statuses it does not count in.
    """

    kind: FailureKind
    pattern: re.Pattern[str]
    lowest: int = 400
    highest: int = 599
    never: tuple[int, ...] = ()

    def fits(self, seen: Signs) -> bool:
        status = seen.status
        counts = status is None or (
            self.lowest <= status <= self.highest and status not in self.never
        )
        return counts and self.pattern.search(seen.message) is not None


def _wording(
    kind: FailureKind,
    *patterns: str,
    lowest: int = 400,
    highest: int = 599,
    never: tuple[int, ...] = (),
) -> Wording:
    return Wording(kind, re.compile("|".join(patterns)), lowest, highest, never)


K = FailureKind
_MODEL = r"\bmodels?\b"
_SCANNER = (
    r"(?:presidio|guardrails?|moderation|content[ -](?:safety|filter|scann\w+|inspection)|\bpii\b"
    r"|\bdlp\b|lakera|model armor|comprehend|llm[ -]?guard)"
)

WORDINGS: tuple[Wording, ...] = (
    _wording(
        K.POLICY_UNAVAILABLE,
        r"^(?!.*(?:blocked|violat|detected|not allowed)).*"
        + _SCANNER
        + r".{0,80}(?:failed|unavailable|unreachable|timed? ?out|not (?:be )?(?:respond"
        r"|reach|available)\w*|connection (?:error|refused|reset)|cannot connect|internal error"
        r"|error occurred|is down|exception)",
        lowest=500,
    ),
    # LiteLLM names its exceptions; they are more certain than the words around them.
    _wording(K.CONTEXT_EXCEEDED, r"contextwindowexceedederror"),
    _wording(
        K.POLICY_BLOCKED,
        r"contentpolicyviolationerror|guardrailraisedexception|blockedpiientityerror"
        r"|guardrailintervention",
    ),
    _wording(K.UPSTREAM_TIMEOUT, r"litellm\.(?:exceptions\.)?timeout|apitimeouterror"),
    _wording(K.CAPABILITY_MISSING, r"unsupportedparamserror"),
    Wording(K.CAPABILITY_MISSING, NO_SUFFIX, never=(401, 429)),
    _wording(
        K.BUDGET_EXCEEDED,
        r"budget.{0,60}(?:exceed|exhaust|reached|spent|used up|depleted)",
        r"exceed(?:ed|s|ing)?.{0,40}budget|over.?budget|out of (?:budget|credits?)",
        r"insufficient.{0,12}(?:credit|balance|fund|quota)|credit balance is too low",
        r"exceeded your current quota|check your plan and billing|billing hard limit",
        r"spend(?:ing)? limit|out of call volume quota|payment required|usage cap\b",
    ),
    _wording(
        K.BUDGET_EXCEEDED,
        r"quota.{0,40}(?:exceed|exhaust|reached|used up|replenish)|exceed.{0,40}quota",
        never=(429,),
    ),
    _wording(
        K.CONTEXT_EXCEEDED,
        r"context.?(?:window|length|size|limit).{0,60}(?:exceed|too (?:long|large|small)|overflow)",
        r"exceed\w*.{0,60}context|maximum context (?:length|window|size)|max input tokens=",
        r"(?:prompt|input|request|message\w*).{0,24}(?:is|are|was)? ?too (?:long|large|many tokens)",
        r"input length.{0,30}exceed|too many (?:input |prompt )?tokens|longer than.{0,30}(?:context|model)",
        r"(?:input|prompt) tokens?.{0,40}exceed|exceed\w*.{0,50}(?:max\w*|limit).{0,30}tokens?",
        r"tokens? (?:limit|count).{0,30}exceed|reduce (?:the length|your prompt|your input)",
        never=(401, 403, 429),
    ),
    _wording(
        K.POLICY_BLOCKED,
        r"(?:content|prompt|request|response|input|message|text|entit\w+|query)s?\b.{0,60}"
        r"\b(?:blocked|flagged|filtered|rejected|disallowed|denied|refused)\b.{0,80}"
        r"(?:guardrail|polic|filter|pii|securit|safety|moderation|sensitive|pattern|keyword"
        r"|secret|configuration|detect)",
        r"(?:content|prompt|request|response) (?:is |was |has been )?blocked",
        r"blocked entity detected|blocked by.{0,30}(?:guardrail|polic|filter|firewall|shield|rule)",
        r"guardrail.{0,80}(?:violat|block|interven|trigger|denied|tripped|not pass|reject)",
        r"violat\w*.{0,60}(?:guardrail|content|polic|rule|safety)",
        r"(?:polic\w+|rule) violation|content[ _]management[ _]policy|content[ _]filter|responsible ?ai",
        r"content safety|(?:pii|sensitive (?:data|info\w*|content)|secrets?|personal data|credential\w*)"
        r".{0,30}(?:detected|found|blocked|not allowed|leak)",
        r"(?:detected|contains?|found).{0,30}(?:\bpii\b|sensitive|personal (?:data|info)|secrets?\b)",
        r"prompt injection|jailbreak|prompt[ -]guard|prompt pattern is blocked",
        never=(401, 429),
    ),
    Wording(K.AUTH_EXPIRED, EXPIRED, 400, 403),
    _wording(
        K.AUTH_MODEL_DENIED,
        _MODEL
        + r".{0,100}\bnot (?:available|allowed|permitted|authori[sz]ed|found|enabled|accessible"
        r"|configured|exist|recogni[sz]ed|in (?:the )?allow)",
        _MODEL + r".{0,60}(?:does ?n.t exist|does not exist|access denied|is invalid|is blocked"
        r"|is restricted|is disabled|unknown)",
        r"(?:not allowed|no access|not authori[sz]ed|not permitted|n.t have access|not have access"
        r"|denied access|access denied|permission).{0,60}" + _MODEL,
        r"(?:invalid|unknown|unrecogni[sz]ed|no such|unsupported) model|cannot use own model",
        r"no (?:provider|deployment|route|backend)s? (?:found )?(?:available )?for model",
        lowest=400,
        highest=404,
    ),
    _wording(
        K.CAPABILITY_MISSING,
        r"not (?:currently |yet )?supported|unsupported|not implemented|does not support"
        r"|no such (?:route|endpoint|path)|unknown (?:route|endpoint)|method not allowed"
        r"|this endpoint (?:needs|requires) a database|database not (?:connected|initialized)"
        r"|db not connected|no route matched",
        never=(401, 408, 429, 502, 503, 504),
    ),
    _wording(
        K.AUTH_INVALID,
        r"(?:invalid|incorrect|unknown|missing|malformed|wrong|bad|no|unrecogni[sz]ed|revoked|disabled)"
        r".{0,30}(?:api[ -]?key|\btokens?\b|\bjwt\b|credential|subscription key|authori[sz]ation header"
        r"|authentication|bearer|virtual key)",
        r"(?:api[ -]?key|token|jwt|credential\w*|virtual key|subscription key).{0,60}(?:not found|not exist"
        r"|invalid|not valid|missing|required|not recogni[sz]ed|revoked|verification fails|not provided)",
        r"unable to find token|authentication (?:error|failed|required)|not authenticated|unauthenticated",
        lowest=400,
        highest=403,
    ),
    _wording(
        K.UPSTREAM_TIMEOUT,
        r"timed[ -]?out|time-?out|deadline exceeded|took too long",
        never=(401, 402, 403, 404, 413, 422, 429),
    ),
    _wording(
        K.UPSTREAM_DOWN,
        r"overloaded|service unavailable|temporarily unavailable|bad gateway|upstream connect error"
        r"|no healthy upstream|connection (?:refused|error|reset)|internal server error"
        r"|api ?connection ?error|loading model",
        never=(401, 402, 403, 404, 413, 422, 429),
    ),
)
"""Read from the top; the first that fits decides."""


def meant(table: Iterable[Wording], seen: Signs) -> FailureKind | None:
    """What the message says, by the first wording that fits; None where none does."""
    if seen.page or not seen.message:
        return None
    return next((wording.kind for wording in table if wording.fits(seen)), None)
