"""The cards about what is sent: what the largest requests were cut down to, and what becomes of the code."""

from __future__ import annotations

from ..face import phrases
from ..face.acts import Act, Action, Tone
from ..heard.view import DataUse, Decision, Trim, View
from .content import Card, Item, Note, Row, Span

TRIMS_SHOWN = 3

_WHY = {
    "budget": "no room in a request of this tier",
    "size": "files too large to look through",
    "age": "edits from long ago",
}


def trims_card(view: View, now: float) -> Card:
    """The requests of which most was left out, the largest of each language and tier."""
    largest: dict[tuple[str, str], tuple[Trim, Decision]] = {}
    for decision in view.decisions:
        trim, kind = decision.trim, (decision.language, decision.tier)
        if trim is not None and (kind not in largest or _cut(trim) > _cut(largest[kind][0])):
            largest[kind] = (trim, decision)
    ordered = sorted(largest.values(), key=lambda one: _cut(one[0]), reverse=True)[:TRIMS_SHOWN]
    if not ordered:
        note = Note("Nothing was left out of the latest requests for want of room.")
        return Card("trims", "Largest context trims", (note,))
    rows: list[Item] = [_trim_row(*one, now) for one in ordered]
    reasons = dict.fromkeys(_WHY.get(trim.why, trim.why) for trim, _ in ordered)
    because = ", ".join(reason for reason in reasons if reason)
    if because:
        rows.append(Row(Span(f"left out: {because}", Tone.MUTED), small=True))
    heading = (Span("found, then sent", Tone.MUTED),)
    return Card("trims", "Largest context trims", tuple(rows), right=heading)


def _cut(trim: Trim) -> float:
    return trim.whole - trim.sent


def _trim_row(trim: Trim, decision: Decision, now: float) -> Row:
    kind = " ".join(word for word in (phrases.language(decision.language), decision.tier) if word)
    said = (kind, phrases.clock(decision.at, now))
    return Row(
        Span(" · ".join(part for part in said if part)),
        (
            Span(f"{phrases.tokens(trim.whole)} →", Tone.MUTED),
            Span(f"{phrases.tokens(trim.sent)} tokens", strong=True),
        ),
    )


def code_card(view: View) -> Card:
    """Where code goes, how long it is kept and whether it is trained on, by the policy's word."""
    use = view.data_use or DataUse()
    rows: list[Item] = [
        Row(Span("Answered in", Tone.MUTED), (Span(use.processed_in or phrases.DASH),)),
        Row(Span("Kept", Tone.MUTED), (_kept(use),)),
        Row(Span("Trained on", Tone.MUTED), (_trained(use),)),
    ]
    if use == DataUse():
        rows.append(Note("Your gateway's policy does not say what becomes of code."))
    link = Action(Act.POLICY_PAGE, "Read more", use.url) if use.url else None
    return Card("code", "Where your code goes", tuple(rows), link=link)


def _kept(use: DataUse) -> Span:
    if use.kept_days is None:
        return Span(phrases.DASH, Tone.MUTED)
    if use.kept_days == 0:
        return Span("not after the answer", Tone.GOOD)
    if use.kept_days < 1:
        return Span(f"for {phrases.lasting(use.kept_days * phrases.DAY_S)}")
    days = phrases.count(use.kept_days)
    return Span("for 1 day" if days == "1" else f"for {days} days")


def _trained(use: DataUse) -> Span:
    if use.trained_on is None:
        return Span(phrases.DASH, Tone.MUTED)
    return Span("yes", Tone.WARN, strong=True) if use.trained_on else Span("no", Tone.GOOD)
