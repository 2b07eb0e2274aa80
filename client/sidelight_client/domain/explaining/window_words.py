"""What went along and what did not, and which stage was slow, as sentences."""

from __future__ import annotations

from urllib.parse import unquote

from ..completion import Tier, Timings
from ..window import CutReason
from ..window.ledger import WindowLedger
from ..words.catalogue import Message, say

MOST_NAMED = 6
"""Files named in one sentence; of further ones the number."""
MOSTLY_CUT = 0.5
"""Less than this share of a file is worth a hint."""
SLOW_SHARE = 0.8
"""From this share of the tier's target on an answer counts as slow: it is about to be missed."""

_CUT = {
    CutReason.POLICY: "policy",
    CutReason.SIZE: "too large",
    CutReason.AGE: "not looked at lately",
    CutReason.SCOPE: "other repository",
    CutReason.UNRELATED: "nothing like this place",
}


def ledger_message(ledger: WindowLedger, budget_tokens: int, tier: Tier) -> Message:
    """What was sent and left out, such as "Sent 1,480 of 2,048 tokens: 96 lines before, 20 after"."""
    about = "about " if ledger.estimated else ""
    most = f" of {budget_tokens:,}" if budget_tokens >= ledger.tokens else ""
    parts = [f"{_lines(ledger.lines_before)} before", f"{ledger.lines_after:,} after"]
    inside = ledger.entries_lines_elsewhere
    if inside:
        parts.append(f"{_lines(inside)} from elsewhere in this file")
    files = len(ledger.other_files)
    if files:
        parts.append(f"{files} open file{'' if files == 1 else 's'}")
    facts: dict[str, str | float | None] = {
        "tokens": f"{about}{ledger.tokens:,}{most}",
        "parts": ", ".join(parts),
    }
    left_out = _left_out(ledger, tier)
    if not left_out:
        return say("context.whole", facts)
    return say("context.sent", {**facts, "left_out": ", ".join(left_out)})


def _left_out(ledger: WindowLedger, tier: Tier) -> list[str]:
    found: list[str] = []
    if ledger.cut_lines:
        found.append(f"{_lines(ledger.cut_lines)} of this file ({tier.value} tier)")
    others = ledger.left_out
    for uri, why in others[:MOST_NAMED]:
        found.append(f"{file_name(uri)} ({_CUT.get(why, f'{tier.value} tier')})")
    if len(others) > MOST_NAMED:
        found.append(f"{len(others) - MOST_NAMED} more files")
    return found


def mostly_cut(ledger: WindowLedger, tier: Tier) -> Message | None:
    """The hint that most of the file was left out; None where it was not."""
    share = ledger.share_sent
    if not ledger.cut_lines or share >= MOSTLY_CUT:
        return None
    return say("context.mostly_cut", {"share": f"{share * 100:.0f}", "tier": tier.value})


def slow_stage(
    timings: Timings, context_s: float, target_ms: float, tier: Tier
) -> tuple[str, Message] | None:
    """The stage an answer lost most of its time in, and what to do; None where it was not slow."""
    first_s = timings.first_s if timings.first_s is not None else timings.gateway_s
    took_ms = (context_s + timings.total_s) * 1000
    if not target_ms or took_ms < target_ms * SLOW_SHARE:
        return None
    stages = {
        "queue": timings.queue_s,
        "context": context_s,
        "gateway": first_s,
        "model": max(timings.gateway_s - first_s, 0.0),
    }
    stage = max(stages, key=lambda name: stages[name])
    facts: dict[str, str | float | None] = {
        "took_ms": f"{took_ms:,.0f}",
        "stage_ms": f"{stages[stage] * 1000:,.0f}",
        "target_ms": f"{target_ms:,.0f}",
        "tier": tier.value,
    }
    return stage, say(f"slow.{stage}", facts)


def file_name(uri: str) -> str:
    """The last piece of a uri, as a person knows the file."""
    return unquote(uri.rstrip("/").rpartition("/")[2]) or uri


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"
