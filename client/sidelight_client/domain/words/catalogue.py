"""Every sentence a person can read, once, with its code: what happened, what it means, what to do.

A new code here needs its line in docs/explanations.md, which is generated from this table.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from .answers import ANSWERS
from .content import CONTENT
from .doctor import DOCTOR
from .explaining import EXPLAINING
from .incidents import INCIDENTS
from .installing import INSTALLING
from .login import LOGIN
from .models import MODELS
from .notices import NOTICES
from .pauses import PAUSES
from .policy import POLICY
from .provenance import PROVENANCE
from .remote import REMOTE
from .routing import ROUTING
from .settings import SETTING_WORDS
from .tray import TRAY
from .trigger import TRIGGER


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence as it is written: `{facts}` are filled in when it is said."""

    title: str
    what: str
    means: str
    do: str


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence as it is said."""

    code: str
    title: str
    what: str
    means: str
    do: str

    @property
    def text(self) -> str:
        """The whole, as one paragraph."""
        return " ".join(part for part in (self.what, self.means, self.do) if part)


_CATALOGUE: dict[str, Words] = {
    # Conditions
    "network.offline": Words(
        "Offline",
        "This machine cannot reach the network.",
        "Suggestions pause; your session is kept.",
        "Nothing to do: Sidelight carries on by itself when the network is back.",
    ),
    "identity.unreachable": Words(
        "Sign-in service not reachable",
        "The sign-in service at {issuer} does not answer.",
        "Your session is kept and renewed as soon as it answers.",
        "Nothing to do; `sidelight doctor` shows what was tried.",
    ),
    "identity.no_seat": Words(
        "No access yet",
        "Your account has not been given access here ({reason}).",
        "You are signed in as yourself, but no suggestion can be fetched.",
        "Ask your administrator for a seat, then sign in again.",
    ),
    "identity.wrong_group": Words(
        "Account not allowed",
        "The account you signed in with is not in a group that may use this gateway ({reason}).",
        "No suggestion can be fetched with this account.",
        "Sign in with your work account, or ask your administrator to add you to the group.",
    ),
    "identity.conditional_access": Words(
        "More proof wanted",
        "Your organisation asks for more before it lets you in ({reason}): a second factor, "
        "a managed device or another network.",
        "Suggestions pause until that is settled.",
        "Sign in again from a device and network your organisation accepts.",
    ),
    "identity.misconfigured": Words(
        "Sign-in set up wrongly",
        "The sign-in service does not accept how Sidelight is registered there ({reason}).",
        "Signing in again does not help.",
        "Show this to your administrator: the client id, redirect address or scopes are off.",
    ),
    "session.signed_out": Words(
        "Not signed in",
        "You are not signed in to the gateway.",
        "No suggestion can be fetched.",
        "Run `sidelight login`, or choose Sign in in your editor.",
    ),
    "session.needs_person": Words(
        "Please sign in again",
        "The sign-in service ended this session ({reason}).",
        "Suggestions stop when the current token ends.",
        "Run `sidelight login`, or choose Sign in in your editor.",
    ),
    "session.renewing": Words(
        "Renewing the session",
        "Your session is being renewed.",
        "Suggestions start again in a moment.",
        "Nothing to do.",
    ),
    "vault.locked": Words(
        "Keyring locked",
        "The system keyring is locked.",
        "This session lives in memory until the keyring is unlocked.",
        "Unlock your keyring when it suits you; Sidelight notices.",
    ),
    "vault.memory": Words(
        "Session in memory only",
        "There is no system keyring on this machine.",
        "You will sign in again after the next restart of Sidelight.",
        'Set up a keyring, or allow a protected file with vault = "file".',
    ),
    "gateway.unreachable": Words(
        "Gateway not reachable",
        "The gateway {name} does not answer.",
        "Suggestions pause until {retry_at}; nothing you typed is lost.",
        "Nothing to do; the next try is automatic.",
    ),
    "gateway.slow": Words(
        "Gateway slow",
        "The gateway's answers take longer than the tier allows.",
        "Some suggestions are dropped because they would come too late.",
        "Nothing to do; `sidelight status` shows the times.",
    ),
    "gateway.unreadable": Words(
        "Unexpected answer",
        "The gateway answered with status {status}, which this version cannot read.",
        "This suggestion was dropped.",
        "If it goes on, show the trace id {trace_id} to whoever runs the gateway.",
    ),
    "gateway.scanner_down": Words(
        "Content scanner down",
        "The gateway's content scanner is not working.",
        "The gateway refuses requests until it is; your code was not objected to.",
        "Tell whoever runs the gateway; the trace id is {trace_id}.",
    ),
    "gateway.key_unknown": Words(
        "Key not known",
        "The gateway does not know the key or session it was sent.",
        "No suggestion can be fetched.",
        "Sign in again with `sidelight login`; if that does not help, ask for access.",
    ),
    "gateway.model_denied": Words(
        "Model not allowed",
        "Your access does not include the model {model}.",
        "Requests for this tier are refused.",
        "Choose another model, or ask for access to this one.",
    ),
    "limit.reached": Words(
        "Limit reached",
        "The {scope} limit of {limit} {unit} is used up.",
        "Suggestions pause until {resets_at}.",
        "Nothing to do; explicit requests wait as well.",
    ),
    "limit.vendor": Words(
        "Model vendor throttles",
        "The model vendor is throttling your organisation, not you.",
        "Suggestions pause until {retry_at}.",
        "Nothing to do; the next try is automatic.",
    ),
    "completions.paused": Words(
        "Paused",
        "You paused suggestions until {until}.",
        "Nothing is sent.",
        "Run `sidelight pause off` to go on now.",
    ),
    "settings.invalid": Words(
        "Setting not understood",
        "The setting {key} in {source} is not valid: {problem}.",
        "Its default is used.",
        "`sidelight config explain {key}` shows what is allowed.",
    ),
    "storage.unwritable": Words(
        "Cannot write",
        "Sidelight cannot write to {folder} ({problem}).",
        "Nothing is lost, but what it learns is forgotten at the next start.",
        "Free space or give your user write access to that folder.",
    ),
    "broker.environment_differs": Words(
        "Editor environment differs",
        "{client} was started with other proxy or certificate settings ({names}) than the broker.",
        "The broker's own settings are used.",
        "Put them in the configuration file, or restart Sidelight from that environment.",
    ),
    # Outcomes that are not conditions
    "policy.blocked": Words(
        "Blocked: {title}",
        "The gateway's rule {rule} objects to this text, so the request was refused.",
        "{why}",
        "Take it out and go on. If the rule should not apply here, ask {contact}.",
    ),
    "policy.place": Words(
        "AI is off here",
        "A rule of your organisation ({rule}) switches AI off for this file.",
        "{why} Nothing of it is sent.",
        "Ask {contact} if you think it should not apply.",
    ),
    "completion.deadline": Words(
        "Too slow",
        "The answer did not come within {deadline_ms} ms.",
        "It was dropped, so that it does not appear while you are already elsewhere.",
        "Ask explicitly for a completion to wait longer.",
    ),
    "completion.switched_off": Words(
        "Switched off",
        "Suggestions are switched off in the settings.",
        "Nothing is sent.",
        "Change completions.enabled to switch them on.",
    ),
    "completion.language_off": Words(
        "Language switched off",
        "Suggestions are switched off for {language}.",
        "Nothing is sent from these files.",
        "Change completions.languages_off to switch them on.",
    ),
    "completion.context_too_large": Words(
        "Context too large",
        "The request had {got} tokens; the model takes {limit}.",
        "The gateway refused it, so there is no suggestion here.",
        "Lower context.prefix_chars and context.suffix_chars, or choose a model with more room.",
    ),
    # Errors of commands and processes
    "broker.unreachable": Words(
        "Broker not reachable",
        "The Sidelight broker could not be started or reached ({problem}).",
        "The command could not be carried out.",
        "Look at {log}; `sidelight lsp --in-process` works without a broker.",
    ),
    "broker.runtime_unsafe": Words(
        "Runtime folder refused",
        "The runtime folder {folder} {problem}.",
        "Another user could listen in, so Sidelight does not use it.",
        "Remove the folder, or point SIDELIGHT_HOME at one of your own.",
    ),
    "broker.incompatible": Words(
        "Versions differ",
        "A broker of another version ({theirs}) is running; this is {ours}.",
        "They do not speak the same protocol.",
        "Close editors that still use the older version, or restart them.",
    ),
    "wire.oversized": Words(
        "Message too large",
        "A message of more than {limit} bytes arrived on the local socket.",
        "The connection was closed; the broker goes on.",
        "Report this if it happens with an editor.",
    ),
    "wire.malformed": Words(
        "Message not understood",
        "A message on the local socket was not valid ({problem}).",
        "It was refused; the broker goes on.",
        "Report this if it happens with an editor.",
    ),
    "file.unreadable": Words(
        "File not readable",
        "{path} could not be read ({problem}).",
        "Nothing was sent.",
        "Check the path and its permissions.",
    ),
    "position.invalid": Words(
        "No such place",
        "{place} is not a place in a file.",
        "Nothing was sent.",
        "Write FILE:LINE:COL, counted from 1.",
    ),
    "gateway.cannot_serve": Words(
        "Gateway not started",
        "The embedded gateway cannot be served: {problem}.",
        "Nothing was started.",
        "Choose another port or upstream; an upstream must be on this machine.",
    ),
    "demo.nothing_seen": Words(
        "Demonstration incomplete",
        "The demonstration saw no {what} where it should have.",
        "Something in this installation does not work.",
        "Run the tests; the log of the demonstration's broker may say more.",
    ),
    "pause.unknown_length": Words(
        "No such pause",
        "{given} is not a length of a pause.",
        "Nothing was changed.",
        "Write 30m, 2h, tomorrow or off.",
    ),
    # What a recorded exchange, or a gateway that is looked at, came to
    "exchange.ok": Words(
        "Answered",
        "The gateway answered the request.",
        "There is nothing to explain.",
        "Nothing to do.",
    ),
    "exchange.warned": Words(
        "Answered with a warning",
        "The gateway answered, and its rule {rule} noticed something.",
        "The suggestion is shown as it came.",
        "Nothing to do; the rule may block the same text another time.",
    ),
    "exchange.degraded": Words(
        "Answered by another model",
        "The gateway answered with a model that stood in for the one that was asked.",
        "The suggestion may be of another quality.",
        "Nothing to do; the gateway goes back by itself.",
    ),
    "exchange.unreadable": Words(
        "No recorded exchange",
        "{path} is not a recorded exchange ({problem}).",
        "There is nothing to explain.",
        "Give a JSON file with `request` and `response`, the latter with `status`, `headers` and `body`.",
    ),
    "budget.spent": Words(
        "Budget spent",
        "The {scope} budget of {limit} is spent; {used} has been used.",
        "The gateway refuses requests until it is renewed or raised.",
        "Ask whoever looks after the budget at your gateway.",
    ),
    "upstream.late": Words(
        "Model too slow",
        "The model behind the gateway did not answer in time.",
        "This suggestion was dropped.",
        "Nothing to do; ask again, or choose a faster tier.",
    ),
    "upstream.broken": Words(
        "Model not available",
        "The gateway, or the model behind it, is not working at the moment.",
        "Suggestions pause until {retry_at}; nothing you typed is lost.",
        "Nothing to do; the next try is automatic.",
    ),
    "capability.absent": Words(
        "Not offered",
        "The gateway or the model does not offer what it was asked for.",
        "Sidelight asks in another way from now on.",
        "Nothing to do.",
    ),
    "profile.unknown": Words(
        "No such profile",
        "There is no gateway profile called {given}.",
        "Nothing was done.",
        "Write auto, or one of {known}.",
    ),
    "gateway.no_address": Words(
        "No address",
        "{given} is not the address of a gateway.",
        "Nothing was asked.",
        "Write one that begins with https:// or, on this machine, http://.",
    ),
    "settings.unknown": Words(
        "No such setting",
        "There is no setting called {key}.",
        "Nothing was changed.",
        "`sidelight config show` lists them all.",
    ),
    **{code: Words(*parts) for code, parts in CONTENT.items()},
    **{code: Words(*parts) for code, parts in DOCTOR.items()},
    **{code: Words(*parts) for code, parts in EXPLAINING.items()},
    **{code: Words(*parts) for code, parts in LOGIN.items()},
    **{code: Words(*parts) for code, parts in INCIDENTS.items()},
    **{code: Words(*parts) for code, parts in INSTALLING.items()},
    **{code: Words(*parts) for code, parts in MODELS.items()},
    **{code: Words(*parts) for code, parts in NOTICES.items()},
    **{code: Words(*parts) for code, parts in PAUSES.items()},
    **{code: Words(*parts) for code, parts in POLICY.items()},
    **{code: Words(*parts) for code, parts in PROVENANCE.items()},
    **{code: Words(*parts) for code, parts in REMOTE.items()},
    **{code: Words(*parts) for code, parts in ROUTING.items()},
    **{code: Words(*parts) for code, parts in ANSWERS.items()},
    **{code: Words(*parts) for code, parts in SETTING_WORDS.items()},
    **{code: Words(*parts) for code, parts in TRAY.items()},
    **{code: Words(*parts) for code, parts in TRIGGER.items()},
}

CODES = tuple(_CATALOGUE)
"""Every code, in the order of the catalogue."""

_MOMENTS = frozenset({"retry_at", "resets_at", "until"})


def words(code: str) -> Words:
    """The sentence as written. Raises KeyError for a code that does not exist."""
    return _CATALOGUE[code]


def facts_of(code: str) -> frozenset[str]:
    """The facts a sentence needs."""
    entry = _CATALOGUE[code]
    text = f"{entry.title} {entry.what} {entry.means} {entry.do}"
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


def say(code: str, facts: Mapping[str, str | float | None] | None = None) -> Message:
    """The sentence with its facts; a fact that is not known reads "–".

    Moments (`retry_at`, `resets_at`, `until`) are given as wall-clock seconds and are shown as the
    local time of day.
    """
    entry = _CATALOGUE[code]
    known = {name: _shown(name, (facts or {}).get(name)) for name in facts_of(code)}
    return Message(
        code,
        *(part.format(**known) for part in (entry.title, entry.what, entry.means, entry.do)),
    )


def _shown(name: str, value: str | float | None) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        return value
    if name in _MOMENTS:
        return time.strftime("%H:%M", time.localtime(value))
    return f"{value:g}"
