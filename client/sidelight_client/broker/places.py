"""Judges documents by the rules in force: the gateway's, the organisation's own, and the workspace's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import is_

from ..domain.place import Document
from ..domain.policy.code_category import code_categories
from ..domain.policy.infrastructure import file_kinds
from ..domain.policy.organisation import Mode, Policy, PolicyTrouble, Verdict
from ..domain.policy.place_policy import DocumentPlace, PlacePolicy, closed
from ..domain.window import CutReason, Part, Window
from ..domain.window.context import kept_out
from ..ports import RepoFacts
from ..settings import Settings
from .facts import BrokerFacts

Sources = tuple[Policy, Policy, Settings]
"""The gateway's rules, the organisation's own, and the settings."""

JUDGED_KEPT = 256
"""Documents whose answer is kept: asked for at each key, it changes with the rules or the place only."""

MANY_RULES = 500
"""Making more than that ready would hold the loop for milliseconds."""


class Places:
    """The rules, made ready anew whenever one of their sources is another one."""

    def __init__(
        self, repositories: RepoFacts, facts: BrokerFacts, settings: Callable[[], Settings]
    ) -> None:
        self._repositories = repositories
        self._facts = facts
        self._settings = settings
        self._made_of: Sources | None = None
        self._prepared: tuple[Sources, PlacePolicy] | None = None
        self._rules = PlacePolicy(Policy())
        self._judged: dict[tuple[str, str], tuple[PlacePolicy, DocumentPlace, Verdict]] = {}
        self._own_read = False

    def may_leave(self, uri: str, language: str) -> bool:
        """Whether text of the document may be sent, from what is known at once."""
        rules, place = self._current(), self._repositories.place(uri)
        known = self._judged.get((uri, language))
        if known is not None and known[0] is rules and known[1] is place:
            return known[2].allows(local=self.local)
        verdict = rules.judge(_with_language(place, uri, language))
        if len(self._judged) >= JUDGED_KEPT:
            self._judged.clear()
        self._judged[uri, language] = rules, place, verdict
        return verdict.allows(local=self.local)

    def verdict(self, uri: str, language: str, parts: Iterable[Part]) -> Verdict:
        """The verdict on a document of which `parts` are about to be sent.

        What is being written may be something else than what was saved last.
        """
        rules = self._current()
        place = _with_language(self._repositories.place(uri), uri, language)
        if not rules.reads_code:
            return rules.judge(place)
        lines = _text_of(uri, parts).splitlines()
        name = place.levels[0].path
        return rules.judge(
            replace(
                place,
                kinds=place.kinds | file_kinds(name, lines),
                categories=place.categories | code_categories(name, lines),
            )
        )

    def look_again(self, uris: Iterable[str]) -> None:
        """Find out on the disk whether anything about these documents changed."""
        self._current()
        self._repositories.look_again(uris)

    def organisation(self, found: Policy | PolicyTrouble) -> None:
        """Take over the rules of the organisation's file; what cannot be read closes at first."""
        if isinstance(found, Policy):
            self._own_read = True
            self._facts.organisation = found
        elif not self._own_read:
            self._facts.organisation = closed(found)

    def kept_out(self, window: Window, document: Document) -> dict[str, CutReason]:
        """The documents a client put into the window of `document` that must not go along."""
        found: dict[str, CutReason] = {}
        for uri in {part.uri for part in window.parts} - {document.uri}:
            there, _ = self._repositories.document(uri, "")
            verdict = self.verdict(uri, "", window.parts)
            reason = kept_out(document, there, allowed=verdict.allows(local=self.local))
            if reason is not None:
                found[uri] = reason
        return found

    @property
    def local(self) -> bool:
        """Whether the gateway runs on this machine, so that nothing leaves it."""
        info = self._facts.info
        return info is not None and info.embedded

    async def prepare(self, policy: Policy) -> None:
        """Make rules the gateway is about to have ready, in a thread where they are many."""
        if len(policy.place_rules) > MANY_RULES:
            sources = (policy, self._facts.organisation, self._settings())
            self._prepared = sources, await asyncio.to_thread(_made, *sources)

    def _current(self) -> PlacePolicy:
        facts, settings, made_of = self._facts, self._settings(), self._made_of
        # Asked at each key, and nearly always of the same.
        if (
            made_of is None
            or made_of[0] is not facts.policy
            or made_of[1] is not facts.organisation
            or made_of[2] is not settings
        ):
            sources = (facts.policy, facts.organisation, settings)
            prepared, self._prepared = self._prepared, None
            ready = prepared is not None and all(map(is_, sources, prepared[0]))
            self._rules = prepared[1] if ready and prepared is not None else _made(*sources)
            self._made_of = sources
            self._repositories.look_for(self._rules.markers)
        return self._rules


def _made(gateways: Policy, organisations: Policy, settings: Settings) -> PlacePolicy:
    default = Mode(settings.text("policy.unknown_remote"))
    return PlacePolicy(organisations.joined(gateways), default)


def _text_of(uri: str, parts: Iterable[Part]) -> str:
    """What is sent of a document, in its order; the cursor may stand in the middle of a line."""
    text, end = "", None
    for part in sorted((p for p in parts if p.uri == uri), key=lambda part: part.range.start):
        text += part.text if end in (None, part.range.start) else f"\n{part.text}"
        end = part.range.end
    return text


def _with_language(place: DocumentPlace, uri: str, language: str) -> DocumentPlace:
    """What an editor takes a document for counts as well: an unsaved one has no other sign."""
    if not language or not (kinds := file_kinds(uri, (), language) - place.kinds):
        return place
    return replace(place, kinds=place.kinds | kinds)
