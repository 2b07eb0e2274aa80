"""Puts a broker together from its parts: settings, gateway, session, vault, repositories, signals."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..adapters.clock import SystemClock
from ..adapters.config_files import (
    organisation_policy_file,
    read_organisation_rules,
    read_settings,
)
from ..adapters.discovered_identity import DiscoveredProvider
from ..adapters.file_vault import FileVault
from ..adapters.folders import Folders
from ..adapters.gateway_given import GatewayGiven
from ..adapters.gateway_http import HttpGateway
from ..adapters.gateway_ways import FILE_NAME as MODELS_FILE
from ..adapters.http import HttpClient
from ..adapters.keyring_vault import KeyringVault
from ..adapters.memory_vault import MemoryVault
from ..adapters.nearby_marks import nearby_marks
from ..adapters.pauses_file import FILE_NAME as PAUSES_FILE
from ..adapters.pauses_file import PausesFile
from ..adapters.place_facts import WorkspacePlaces
from ..adapters.process_heap import give_back
from ..adapters.sealed_vault import session_folder
from ..adapters.usage_ledger import FILE_NAME, UsageLedger
from ..adapters.usage_query import usage_today
from ..adapters.watch_files import watching, watching_path
from ..broker import Broker
from ..broker.content import Compile
from ..broker.workspaces import Learn
from ..domain.content.preview import ContentPreview
from ..domain.content.sources import RuleChoice
from ..domain.policy.organisation import ContentRule, RedactionMode
from ..domain.spending.budget import Budget
from ..domain.spending.usage_view import UsageView
from ..keeper import SessionKeeper
from ..ports import (
    Clock,
    ContentMarks,
    GatewayInfo,
    UsageToday,
    Vault,
)
from ..settings import Settings
from .gateway_key import read_key
from .notifying import notifying
from .power import told_of_power
from .service_watch import service_watched

if TYPE_CHECKING:
    from ..embedded.gateway import EmbeddedGateway

log = logging.getLogger("sidelight.broker")

SCRATCH = "sent"
"""In the cache folder: what was sent, as long as a person looks at it."""
_MOST_LEFT = 1_000


@asynccontextmanager
async def assembled(
    places: Folders, environ: Mapping[str, str], settings: Settings
) -> AsyncGenerator[Broker]:
    """A running broker, and everything it needs; all of it ends with the block.

    `settings` are the ones in force at the start; changes of the files are noticed from then on.
    """
    clock = SystemClock()
    async with AsyncExitStack() as parts:
        embedded = None
        if not settings.text("gateway"):
            # In a thread: what only people without a gateway need takes a tenth of a second.
            await asyncio.to_thread(importlib.import_module, ".embedded", __package__)
            from .embedded import embedded_gateway

            embedded = await parts.enter_async_context(embedded_gateway(places, settings, clock))
        ledger = UsageLedger(places.state / FILE_NAME)
        parts.push_async_callback(asyncio.to_thread, ledger.close)

        def marks_changed() -> None:
            broker.marks_changed()

        marks = await parts.enter_async_context(nearby_marks(marks_changed))
        broker, keeper = _broker(
            parts, places, settings, clock, embedded, ledger=ledger, marks=marks
        )
        policy_file = organisation_policy_file()
        broker.update_organisation_policy(read_organisation_rules(policy_file, clock.now()))
        await broker.start()
        parts.push_async_callback(broker.stop)
        if embedded is not None:
            from .embedded import signed_in_to

            parts.enter_context(signed_in_to(embedded, keeper, broker))
        told = notifying(
            clock,
            environ,
            str(places.log_file),
            settings=lambda: broker.settings,
            snapshot=broker.snapshot,
            subscribe=broker.subscribe,
            attention=broker.attention,
        )
        notifier = await parts.enter_async_context(told)
        await parts.enter_async_context(told_of_power(broker, keeper, clock, notifier.woke))
        http = HttpClient(embedded.socket_path if embedded is not None else None)
        parts.push_async_callback(http.close)
        watched = service_watched(
            clock,
            http,
            ledger,
            places.state / FILE_NAME,
            info=lambda: broker.gateway_info,
            subscribe=broker.subscribe,
            changed=broker.service_changed,
        )
        broker.watch_service(await parts.enter_async_context(watched))

        def reread() -> None:
            broker.update_settings(read_settings(places, environ))

        names = frozenset({places.config_file.name})
        await parts.enter_async_context(watching(places.config, names, reread))

        def reread_policy() -> None:
            reread()
            broker.update_organisation_policy(read_organisation_rules(policy_file, clock.now()))

        await parts.enter_async_context(watching_path(policy_file, reread_policy))
        yield broker


def _broker(
    parts: AsyncExitStack,
    places: Folders,
    settings: Settings,
    clock: Clock,
    embedded: EmbeddedGateway | None,
    *,
    ledger: UsageLedger,
    marks: ContentMarks,
) -> tuple[Broker, SessionKeeper]:
    """The broker with its gateway and its session, not started."""
    socket = embedded.socket_path if embedded is not None else None
    url = embedded.url if embedded is not None else settings.text("gateway")
    given = None if embedded is not None else _given(settings)
    gateway = HttpGateway(
        (embedded.url,) if embedded is not None else settings.texts("gateway"),
        HttpClient(socket),
        clock=clock,
        embedded=embedded is not None,
        memory=None if embedded is not None else places.cache / MODELS_FILE,
        given=given,
        policy_key="" if embedded is not None else settings.text("policy.public_key"),
    )
    parts.push_async_callback(gateway.close)

    def key_of_a_gateway_of_ours() -> Mapping[str, str]:
        """A gateway this person serves on this machine approves whoever can read its key."""
        key = embedded.key if embedded is not None else read_key(places, url)
        return {"sidelight_key": key.reveal()} if key is not None else {}

    provider = DiscoveredProvider(
        gateway.discover,
        HttpClient(socket),
        clock,
        None if embedded is not None else places.cache,
        issuer=settings.text("auth.issuer"),
        client_id=settings.text("auth.client_id"),
        kind=settings.text("auth.provider"),
        redirect_ports=tuple(int(port) for port in settings.items("auth.redirect_ports")),
        extra_authorize=key_of_a_gateway_of_ours if embedded is None else dict,
    )
    parts.push_async_callback(provider.close)
    # The embedded gateway's sessions end with it; what outlives it would only be refused.
    vault = MemoryVault() if embedded is not None else _vault(settings, places, url)

    def died(reason: str) -> None:
        broker.session_died(reason)

    keeper = SessionKeeper(
        clock=clock,
        provider=provider,
        vault=vault,
        ask=died,
    )
    pauses = PausesFile(places.state / PAUSES_FILE)
    parts.push_async_callback(pauses.close)
    broker = Broker(
        clock=clock,
        settings=settings,
        gateway=gateway,
        keeper=keeper,
        repositories=WorkspacePlaces(),
        ledger=ledger,
        version=__version__,
        learn=_learner(embedded),
        usage_today=_usage_counter(places, clock),
        compile_rules=_compiler(),
        marks=marks,
        scratch=_emptied(places.cache / SCRATCH),
        pauses=pauses.read(clock.now()),
        keep_pauses=pauses.keep,
    )
    loop, folder = asyncio.get_running_loop(), str(places.state)
    ledger.on_problem(
        lambda problem: loop.call_soon_threadsafe(broker.process.storage_problem, folder, problem)
    )
    ledger.on_damaged(lambda aside: loop.call_soon_threadsafe(broker.process.ledger_damaged, aside))
    if given is not None:
        given.on_problem(broker.process.gateway_settings)
    return broker, keeper


def _learner(embedded: EmbeddedGateway | None) -> Learn | None:
    if embedded is None:
        return None
    from .embedded import learner

    return learner(embedded)


def _emptied(folder: Path) -> Path:
    """The folder without what a process that was killed left in it."""
    with contextlib.suppress(OSError):
        for left in list(folder.iterdir())[:_MOST_LEFT]:
            left.chmod(0o600)
            left.unlink()
    return folder


def _compiler() -> Compile:
    """Compiles content rules; the placeholders of this process differ from those of any other."""
    salt = secrets.token_bytes(16)

    def compiled(
        stated: Sequence[ContentRule], listed: RuleChoice | None, mode: RedactionMode
    ) -> ContentPreview:
        # Here, in the thread that compiles: loading the engine takes a while, and nobody waits for it.
        from ..adapters.content_previews import content_preview

        made = content_preview(stated, listed, salt, mode)
        give_back()
        return made

    return compiled


def _usage_counter(places: Folders, clock: Clock) -> UsageToday:
    async def count(budget: Budget, info: GatewayInfo | None) -> UsageView:
        return await usage_today(
            places.state / FILE_NAME,
            budget,
            clock.now(),
            endpoint=info.url if info is not None else "",
            zones=info.endpoints if info is not None else (),
            models=info.model_facts if info is not None else None,
        )

    return count


def _given(settings: Settings) -> GatewayGiven:
    document, headers = settings.text("gateway_document"), settings.items("gateway_headers")
    return GatewayGiven(document, headers, os.environ)


def _vault(settings: Settings, places: Folders, gateway_url: str) -> Vault:
    folder = session_folder(places.state, gateway_url)
    match settings.text("vault"):
        case "memory":
            return MemoryVault()
        case "file":
            return FileVault(folder)
        case _:
            return KeyringVault(folder)
