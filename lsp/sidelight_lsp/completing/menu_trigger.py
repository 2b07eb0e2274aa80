"""Whether a person asked for the menu or only typed: LSP's own word for it covers both."""

from __future__ import annotations

from sidelight_client.api import Trigger

INVOKED = 1
"""CompletionTriggerKind.Invoked (LSP 3.18): "typing an identifier, manual invocation or via API"."""

AFTER_S = 1.0
"""Editors ask by themselves within this time of a key: after 0.1 s (ALE), 0.2 s (company, corfu) or
0.25 s (Helix), as they are delivered."""

ASK_BY_THEMSELVES = frozenset({"helix"})
"""Editors that ask without a key as well: Helix does whenever insert mode begins."""


def menu_trigger(kind: int | None, client: str, rested_s: float) -> Trigger:
    """What made the editor ask for its completion menu.

    Args:
        kind: `triggerKind` of the request's context; None where there is none.
        client: the editor's name and version.
        rested_s: how long the document has not been edited.
    """
    by_itself = client.partition(" ")[0].lower() in ASK_BY_THEMSELVES
    explicit = kind == INVOKED and rested_s >= AFTER_S and not by_itself
    return Trigger.INVOKED if explicit else Trigger.AUTOMATIC
