"""The outside world as the broker sees it: one protocol for each thing that acts or remembers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from .domain.completion import CompletionRequest, Source, Tier, TokenUse
from .domain.content.marks import ContentPlace, MarksFile
from .domain.content.sources import RuleChoice
from .domain.failure import Failure
from .domain.feedback import Feedback, FeedbackResult
from .domain.identity.grant import Grant
from .domain.identity.session_events import RenewalFailure
from .domain.models.model_facts import ModelFacts
from .domain.place import Document
from .domain.policy.organisation import Policy, PolicyTrouble
from .domain.policy.place_policy import DocumentPlace
from .domain.provenance import Provenance
from .domain.service.incidents import Service
from .domain.service.uptime import Uptime
from .domain.snapshot import DecisionView
from .domain.spending.budget import Budget, Reading
from .domain.spending.usage_view import UsageView


class Clock(Protocol):
    """Time. `now` is wall-clock seconds since the epoch; it may jump, because laptops sleep."""

    def now(self) -> float: ...

    def monotonic(self) -> float:
        """Seconds that never go back; for durations within one process."""
        ...

    async def sleep(self, seconds: float) -> None: ...


# --- gateway ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text; `choice` is which of its alternatives it belongs to."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Finish:
    """The answer is complete."""

    source: Source
    tokens: TokenUse = TokenUse()
    model: str = ""
    readings: tuple[Reading, ...] = ()
    """Limits the response headers told of."""
    notes: tuple[str, ...] = ()
    """The gateway's reservations about its answer: `policy.warned`, `degraded`."""


GatewayEvent = Delta | Finish | Failure
"""What a gateway's stream consists of; exactly one `Finish` or `Failure`, and it is the last."""


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """What discovery found out about the gateway."""

    name: str
    url: str
    profile: str
    embedded: bool = False
    issuer: str = ""
    client_id: str = "sidelight"
    scopes: tuple[str, ...] = ("openid", "profile", "offline_access")
    audience: str = ""
    auth_kind: str = "oidc"
    """`oidc`, `exchange`, `virtual_key` or `none`."""
    exchange_url: str = ""
    """Where the sign-in's token becomes the gateway's own, for `exchange`; else empty."""
    exchange_form: str = "token_exchange"
    """`token_exchange` (RFC 8693) or `virtual_key`."""
    dpop: bool = False
    """The gateway takes tokens that are bound to a key (RFC 9449)."""
    limits: tuple[Reading, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    """Model by tier name."""
    deadlines_s: Mapping[str, float] = field(default_factory=dict[str, float])
    """Deadline by tier name, where the gateway states one."""
    model_facts: Mapping[str, ModelFacts] = field(default_factory=dict[str, ModelFacts])
    """What the gateway says of its models, by their names."""
    status_url: str = ""
    """A status page in Statuspage's shape; no token is ever sent to it."""
    contacts: tuple[str, ...] = ()
    """Whom to ask, in the gateway's own words."""
    endpoints: tuple[str, ...] = ()
    """Every address it is reached at, preferred ones first; empty where `url` is the only one."""
    has_policy: bool = False
    """There are rules of its own: nothing may be sent before they are read."""
    takes_messages: bool = False
    """It announces an address for a person's messages."""
    limits_form: str = ""
    """Where a person may ask for more of a limit where it takes no messages; https, or empty."""


class Gateway(Protocol):
    """One gateway, spoken to through its profile, at one or several addresses."""

    async def discover(self) -> GatewayInfo | Failure: ...

    def complete(
        self,
        request: CompletionRequest,
        grant: Grant | None,
        deadline_s: float,
        endpoint: str = "",
    ) -> AsyncGenerator[GatewayEvent]:
        """Stream the answer. Closing the iterator aborts the request up to the gateway's socket.

        It never raises for anything the gateway does.

        Args:
            request: what to complete.
            grant: whose session to use, where the gateway asks for one.
            deadline_s: seconds to the first text.
            endpoint: which of the gateway's addresses to ask; empty is its first.
        """
        ...

    def unproven(self, tier: Tier, endpoint: str = "") -> bool:
        """Whether `prove` would find out how the tier's model is best asked. No I/O."""
        ...

    async def prove(self, tier: Tier, grant: Grant | None, endpoint: str = "") -> Finish | Failure:
        """Ask the tier's model one short question of our own, and remember what its answer shows.

        Nothing in it is a person's. It is one request to the gateway, and counted as one there.
        """
        ...

    async def policy(self, grant: Grant | None) -> Policy | PolicyTrouble | None:
        """The rules, why they cannot be had, or None when there are none or they have not changed."""
        ...

    async def guardrails(self, grant: Grant | None) -> RuleChoice | None:
        """The content rules a gateway lists by itself, where it has no policy document; else None."""
        ...

    async def usage(self, grant: Grant | None) -> tuple[Reading, ...]: ...

    async def described(self, grant: Grant | None) -> GatewayInfo | None:
        """What discovery found, with the models as the gateway describes them; None before it did."""
        ...

    async def feedback(
        self, said: Feedback, grant: Grant | None, form_url: str = ""
    ) -> FeedbackResult:
        """Hand a person's message over, once. `form_url` is told where the gateway takes none."""
        ...

    def connect_ahead(self) -> None:
        """Open a connection in the background where none is being opened; it returns at once."""
        ...

    async def drop_pool(self) -> None:
        """Forget pooled connections without waiting for them to close."""
        ...

    async def close(self) -> None: ...


class ContentMarks(Protocol):
    """What people marked as made up in the workspaces."""

    def place(self, uri: str, path: str) -> ContentPlace:
        """The place of the document with a uri, whose path inside its repository is `path`."""
        ...

    def file(self, uri: str) -> MarksFile | None:
        """Where a mark for the document would be written; None for what is no file."""
        ...


# --- identity --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignInPrompt:
    """What a person must do to sign in: open `url`, and for a device code type `user_code`."""

    url: str
    user_code: str = ""
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class SignInFailed:
    """The sign-in did not finish. `code` is the provider's own error or one of ours."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RenewalRefused:
    """A renewal that brought nothing; what it says about the refresh token is in `failure`."""

    failure: RenewalFailure
    reason: str = ""
    retry_delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class HalfRenewed:
    """The first of two stages is done: save `grant`, then ask again for the second.

    Its refresh token may exist nowhere else; its access token is the one there was before.
    """

    grant: Grant


class IdentityProvider(Protocol):
    """The sign-in service. Nothing here opens a browser: `show` tells the person where to go."""

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        """Authorization code with PKCE on a loopback redirect (RFC 8252)."""
        ...

    async def sign_in_with_device(
        self, show: Callable[[SignInPrompt], None]
    ) -> Grant | SignInFailed:
        """Device authorization (RFC 8628)."""
        ...

    async def renew(self, grant: Grant) -> Grant | HalfRenewed | RenewalRefused: ...

    async def renew_with_claims(
        self, grant: Grant, claims: str
    ) -> Grant | HalfRenewed | RenewalRefused:
        """The one silent attempt to get what the gateway challenged for; `claims` is JSON."""
        ...

    async def revoke(self, grant: Grant) -> None:
        """Revoke the refresh token (RFC 7009); silent when it cannot be done."""
        ...

    async def drop_pool(self) -> None: ...

    async def close(self) -> None: ...


class VaultState(StrEnum):
    """What a vault can do at the moment. In every state but READY it keeps the record in memory."""

    READY = "ready"
    LOCKED = "locked"
    """The keyring is locked or does not answer; it may be usable later."""
    ABSENT = "absent"
    """There is no keyring that may be used."""
    UNWRITABLE = "unwritable"
    """The folder cannot be written to: read-only, full or not ours."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a vault holds: the outcome of the latest sign-in, renewal, rejection or sign-out.

    Attributes:
        generation: of the grant; after a sign-out, of the last grant there was.
        saved_at: wall-clock seconds when it was made.
        grant: None after a sign-out, so that other processes learn of it.
        rejected: why the provider rejected `grant`, so that nobody sends it again; else empty.
    """

    generation: int
    saved_at: float
    grant: Grant | None
    rejected: str = ""


class Vault(Protocol):
    """Where the record outlives the process, shared by every process of the person."""

    @property
    def mode(self) -> str:
        """`keyring`, `memory` or `file`: where the record is kept at the moment."""
        ...

    @property
    def state(self) -> VaultState:
        """What is known from the last call; no I/O."""
        ...

    @property
    def place(self) -> str:
        """The folder, for a person to read; empty for a vault in memory."""
        ...

    def exclusive(self, wait_s: float) -> AbstractAsyncContextManager[None]:
        """Keep every other process and task out between reading the record and saving the next.

        The operating system ends it when the holder dies. Entering raises TimeoutError when
        somebody else was in for `wait_s` seconds.
        """
        ...

    async def load(self) -> Record | None:
        """The record as it is now. What cannot be read is absent, never an error."""
        ...

    async def save(self, record: Record) -> VaultState:
        """Replace the record atomically; in a state other than READY it is kept in memory."""
        ...

    def watching(self, changed: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """Call `changed` on the loop after anybody may have replaced the stored record.

        It costs no wake-up meanwhile. Where nothing can be watched, nothing is told.
        """
        ...

    async def reopen(self) -> VaultState:
        """Look again whether the durable store can be used, without prompting anybody."""
        ...


# --- the rest --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slept:
    """The machine woke after about `slept_s`."""

    slept_s: float


@dataclass(frozen=True, slots=True)
class GoingToSleep:
    """The machine will sleep. Asking for the next event says that it may."""


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """The network may be usable again."""


PowerEvent = Slept | GoingToSleep | NetworkChanged


class PowerSignals(Protocol):
    """Sleep, wake and network hints of the operating system."""

    def events(self) -> AsyncIterator[PowerEvent]: ...


class RepoFacts(Protocol):
    """What is known about the repository a file lies in; answers from memory, never blocks."""

    def document(self, uri: str, language: str) -> tuple[Document, str]:
        """The document with its repository, and its path inside it."""
        ...

    def folder(self, uri: str) -> Path | None:
        """The root of the repository the document lies in; None where there is none."""
        ...

    def place(self, uri: str) -> DocumentPlace:
        """What the document is judged by."""
        ...

    def look_for(self, markers: Iterable[str]) -> None:
        """Look for files of these names from now on."""
        ...

    def look_again(self, uris: Iterable[str]) -> None:
        """Find out at once whether anything about these documents changed: some file look-ups each."""
        ...


class ServiceHealth(Protocol):
    """How the gateway is, by its status page and by what is seen here; answers from memory."""

    @property
    def service(self) -> Service: ...

    @property
    def uptime(self) -> Uptime | None: ...

    def woke(self) -> None:
        """The network or the clock is another one: look again at once."""
        ...


UsageToday = Callable[[Budget, "GatewayInfo | None"], Awaitable[UsageView]]
"""What was used today and what of each limit is left, as the ledger counts it; never raises."""


class Ledger(Protocol):
    """The record of decisions: numbers and ids, never content."""

    def record(self, decision: DecisionView) -> None:
        """Take note of it. Returns at once and never raises, whatever becomes of the disk."""
        ...

    def note_provenance(self, known: Provenance) -> None:
        """Take note of where a suggestion went, in place of what was known of it; as `record`."""
        ...
