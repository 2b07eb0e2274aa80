"""What a broker consists of, put together: a part knows of the others only what it is given here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..domain.content.marks import ContentPlace
from ..keeper import SessionKeeper
from ..ports import Clock, Gateway, Ledger, RepoFacts, UsageToday
from ..settings import Settings
from .arrivals import Arrivals
from .attention import Attention, KeepPauses
from .canary import Canary
from .completions import Completions
from .connect_ahead import ConnectAhead
from .content import Compile, ContentGuard
from .exchange import GatewayExchange
from .facts import BrokerFacts, gateway_name
from .places import Places
from .process_conditions import ProcessConditions
from .session_side import SessionSide
from .shown import Shown
from .upkeep import Upkeep
from .usage_and_feedback import UsageAndFeedback
from .workspaces import Learn, Workspaces


@dataclass(frozen=True, slots=True)
class Outside:
    """The outside world as a broker is given it; `Broker` says what may be missing."""

    clock: Clock
    gateway: Gateway
    keeper: SessionKeeper | None
    repositories: RepoFacts
    ledger: Ledger | None
    learn: Learn | None
    usage_today: UsageToday | None
    compile_rules: Compile | None
    keep_pauses: KeepPauses | None


class Parts:
    """The parts of one broker."""

    def __init__(
        self,
        outside: Outside,
        facts: BrokerFacts,
        *,
        settings: Callable[[], Settings],
        changed: Callable[[], None],
        begun: Callable[[], None],
        content_place: Callable[[str], ContentPlace],
    ) -> None:
        """The parts, put together.

        Args:
            outside: the world around the broker.
            facts: what all of them know.
            settings: those in force.
            changed: tells everybody.
            begun: tells everybody of what has begun, unless it is over in a moment.
            content_place: knows marks.
        """
        clock, gateway = outside.clock, outside.gateway
        self.workspaces = Workspaces(clock, outside.learn)
        self.places = Places(outside.repositories, facts, settings)
        self.session = SessionSide(clock, outside.keeper, facts, changed)
        self.shown = Shown(clock, facts, self.session, settings=settings, changed=changed)
        self.process = ProcessConditions(clock, facts, changed)
        self.attention = Attention(clock, facts, changed, outside.keep_pauses)
        self.asked = UsageAndFeedback(
            *(clock, gateway, facts, self.session),
            usage_today=outside.usage_today,
            preview=lambda: facts.preview,
        )
        self.canary = Canary(clock, gateway, facts, changed)
        self.connecting = ConnectAhead(clock, gateway, lambda: facts.info is not None)
        self.content = ContentGuard(clock, facts, changed, outside.compile_rules, content_place)
        self.upkeep = Upkeep(
            *(clock, gateway, facts),
            keeper=lambda: self.session.keeper,
            name=lambda: gateway_name(facts, settings()),
            prepare=self.places.prepare,
            changed=changed,
        )
        exchange = GatewayExchange(
            *(clock, gateway, facts),
            settings=settings,
            changed=changed,
            begun=begun,
            alive=self.canary.run_if_due,
            sending=self.content.remember,
        )
        completions = Completions(
            *(clock, facts, self.session, exchange, outside.ledger),
            content=self.content,
            settings=settings,
            changed=changed,
            path_of=lambda uri: outside.repositories.document(uri, "")[1],
        )
        self.arrivals = Arrivals(
            clock,
            outside.repositories,
            session=self.session,
            workspaces=self.workspaces,
            upkeep=self.upkeep,
            places=self.places,
            completions=completions,
            connecting=self.connecting,
        )
