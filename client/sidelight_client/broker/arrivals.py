"""A completion's way in: what must be known first is waited for, and it is seen as the disk shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..domain.completion import CompletionRequest, Outcome, Trigger
from ..domain.policy.organisation import Verdict
from ..domain.window.context import without_places
from ..ports import Clock, RepoFacts
from .completions import Completions
from .connect_ahead import ConnectAhead
from .places import Places
from .session_side import GRANT_WAIT_S, SessionSide
from .upkeep import Upkeep
from .workspaces import Workspaces


class Arrivals:
    """Prepares requests for `Completions`."""

    def __init__(
        self,
        clock: Clock,
        repositories: RepoFacts,
        *,
        session: SessionSide,
        workspaces: Workspaces,
        upkeep: Upkeep,
        places: Places,
        completions: Completions,
        connecting: ConnectAhead,
    ) -> None:
        self._clock = clock
        self._repositories = repositories
        self._session = session
        self._workspaces = workspaces
        self._upkeep = upkeep
        self._places = places
        self._completions = completions
        self._connecting = connecting

    async def complete(
        self, request: CompletionRequest, so_far: Callable[[str], None] | None = None
    ) -> Outcome:
        """See `api.Broker.complete`."""
        began = self._clock.monotonic()
        self._connecting.used()
        self._upkeep.discover_if_due()
        self._upkeep.refresh_if_due()
        if request.trigger is Trigger.INVOKED:
            # Who asks explicitly, such as the command line, may have no editor that told the folder.
            folder = self._repositories.folder(request.document.uri)
            await self._workspaces.learned(folder, GRANT_WAIT_S[request.trigger])
            # Whether anybody must sign in is what the gateway says.
            await self._upkeep.asked_once(GRANT_WAIT_S[request.trigger])
            # A gateway shows its rules to who is signed in, and without them nothing is sent.
            await self._session.grant(request.trigger)
        await self._upkeep.rules_read(GRANT_WAIT_S[request.trigger])
        # Which repository it is decides what may be sent, so a client's word for it does not count.
        request, verdict = self._placed(request)
        return await self._completions.complete(request, verdict, began, so_far)

    def weighed(self, request: CompletionRequest) -> Outcome | None:
        return self._completions.weighed(*self._placed(request))

    def _placed(self, request: CompletionRequest) -> tuple[CompletionRequest, Verdict]:
        """The request as the disk and the rules see it, without what must not go along."""
        uri, language = request.document.uri, request.document.language
        self._places.look_again({uri, *(part.uri for part in request.window.parts)})
        document = self._repositories.document(uri, language)[0]
        verdict = self._places.verdict(uri, language, request.window.parts)
        window = without_places(request.window, self._places.kept_out(request.window, document))
        return replace(request, document=document, window=window), verdict
