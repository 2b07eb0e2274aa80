"""A suggestion that a client says was closed makes the policy of its document buy less."""

from __future__ import annotations

from lsp.fakes import URI
from sidelight_client.api import Position, Source, SourceKind, Tier
from sidelight_lsp.completing.through import Anchor, Suggestion
from sidelight_lsp.deciding.document_policy import DocumentPolicy
from sidelight_lsp.documents.document import TextDocument


def test_suggestions_that_are_closed_again_and_again_make_the_next_one_worth_less() -> None:
    policy, document = DocumentPolicy(), TextDocument(URI, "python", 1, "x = \n")
    at = Position(0, 4)
    before = policy.state.usefulness
    anchor = Anchor(Position(0, 0), at, "x = ", "")
    for number in range(20):
        trace_id = f"{number:032x}"
        source = Source(SourceKind.MODEL, "model")
        policy.landed(Suggestion(anchor, ("1",), trace_id, source, Tier.FAST), 0.1, 4)
        assert policy.left(document, at) is not None
        policy.dismissed(trace_id)
        policy.dismissed(trace_id)
        policy.suggestions.forget(trace_id)
    assert policy.state.usefulness < before / 5
