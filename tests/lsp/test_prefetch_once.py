"""What follows a suggestion is fetched once, also where nothing comes of it."""

from __future__ import annotations

from sidelight_client.api import UNLIMITED, Position, Source, SourceKind, Tier, Trigger, take
from sidelight_lsp.completing.through import Suggestion, anchor_of
from sidelight_lsp.deciding.document_policy import DocumentPolicy, ahead
from sidelight_lsp.deciding.policy import Reuse
from sidelight_lsp.documents.document import TextDocument

TEXT = "total = compute(first)"


def prefetches() -> int:
    """How often what follows is fetched while `TEXT` is typed, where each fetch brings nothing."""
    policy, document = DocumentPolicy(), TextDocument("file:///a.py", "python", 1, "")
    at, fetched = Position(0, 0), 0

    anchor = anchor_of(take(document.lines, at, document.uri), "", ())
    source = Source(SourceKind.MODEL, "m")
    policy.landed(Suggestion(anchor, (TEXT,), "first", source, Tier.FAST), 0.1, 0)
    for number, key in enumerate(TEXT, 1):
        edit = document.replace(at, at, key)
        at = edit.new_end
        policy.edited(document, edit, number * 0.1)
        decision = policy.decide(
            document,
            at,
            trigger=Trigger.AUTOMATIC,
            joinable=False,
            prefetching=False,
            refused=None,
            pace=UNLIMITED,
            now_s=number * 0.1,
            shortest_rest_s=0.0,
        )
        if isinstance(decision, Reuse) and decision.prefetch:
            fetched += 1
            policy.landed(None, 0.1, 0)
    return fetched


def test_what_follows_a_suggestion_is_asked_once_when_the_model_has_nothing_to_add() -> None:
    assert prefetches() == 1


def test_what_follows_is_asked_as_if_the_suggestion_had_been_accepted_with_the_closers_it_brings() -> (
    None
):
    document = TextDocument("file:///a.py", "python", 1, "f(g())\n")
    later, at = ahead(document, Position(0, 4), "x)) + 1")
    assert later.lines[0].rstrip() == "f(g(x)) + 1"
    assert at == Position(0, 11)
    assert document.lines[0].rstrip() == "f(g())"


def test_who_steps_over_a_closer_goes_on_typing_and_has_not_gone_elsewhere() -> None:
    policy, document = DocumentPolicy(), TextDocument("file:///a.py", "python", 1, "")
    edit = document.replace(Position(0, 0), Position(0, 0), "f()")
    policy.edited(document, edit, 1.0)

    def asks(column: int) -> None:
        policy.decide(
            document,
            Position(0, column),
            trigger=Trigger.AUTOMATIC,
            joinable=False,
            prefetching=False,
            refused=None,
            pace=UNLIMITED,
            now_s=2.0,
            shortest_rest_s=0.0,
        )

    policy.edited(document, document.replace(Position(0, 2), Position(0, 2), "x"), 1.5)
    asks(3)
    asks(4)
    assert not policy.state.moved
    asks(0)
    assert policy.state.moved
