"""`sidelight gateway explain EXCHANGE.json`: what one recorded exchange means, and what follows."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from ..domain.failure import Failure, FailureKind
from ..domain.routing.reaction import DOES, about
from ..domain.words.catalogue import Message, say
from ..errors import ExitCode, UsageError
from ..gateways.profile import Profile
from ..gateways.recorded import LARGEST_FILE, Recording, RecordingError, recording
from ..gateways.registry import PROFILES, profile_called
from ..gateways.verdict import Success, SuccessKind, verdict

AUTO = "auto"

_SUCCESS_CODES = {
    SuccessKind.OK: "exchange.ok",
    SuccessKind.WARNED: "exchange.warned",
    SuccessKind.DEGRADED: "exchange.degraded",
}
_SUCCESS_DOES = {
    SuccessKind.OK: "Shows the suggestion.",
    SuccessKind.WARNED: "Shows the suggestion and notes the finding.",
    SuccessKind.DEGRADED: "Shows the suggestion and notes that another model answered.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One exchange, explained.

    Attributes:
        profile: whose words it was read in.
        sign: what the gateway was recognised by; empty when it was not, or was told.
        kind: as in the taxonomy, or `ok`, `policy.warned`, `degraded`.
        scope: whose limit, or None.
        retry_delay_s: how long the gateway asks to wait, or None.
        message: the sentence.
        does: what Sidelight does by itself.
    """

    profile: str
    sign: str
    kind: str
    scope: str | None
    retry_delay_s: float | None
    message: Message
    does: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exchange", type=Path, metavar="EXCHANGE.json")
    parser.add_argument("--profile", default=AUTO, help="auto, or the gateway's profile")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> ExitCode:
    profile = named_profile(arguments.profile)
    found = explain(read(arguments.exchange), profile)
    print(as_json(found) if arguments.json else as_text(found))
    return ExitCode.OK


def named_profile(name: str) -> Profile | None:
    """The profile called `name`, None for `auto`. Raises UsageError."""
    profile = None if name == AUTO else profile_called(name)
    if profile is None and name != AUTO:
        raise UsageError("profile.unknown", given=name, known=", ".join(PROFILES))
    return profile


def read(path: Path) -> Recording:
    """The exchange in the file at `path`. Raises UsageError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise RecordingError("it is over 8 MB")
        return recording(content)
    except OSError as error:
        problem = error.strerror or "it cannot be read"
        raise UsageError("exchange.unreadable", path=str(path), problem=problem) from error
    except RecordingError as error:
        raise UsageError("exchange.unreadable", path=str(path), problem=str(error)) from error


def explain(recorded: Recording, profile: Profile | None = None) -> Explanation:
    """What `recorded` means; without a `profile` the one its answer shows."""
    now = recorded.at if recorded.at is not None else time.time()
    chosen = profile or recorded.profile
    sign = recorded.recognised.sign if recorded.recognised and profile is None else ""
    found = verdict(chosen, recorded.exchange, now)
    match found:
        case Success(kind, facts):
            message = say(_SUCCESS_CODES[kind], dict(facts))
            return Explanation(
                chosen.name, sign, kind.value, None, None, message, _SUCCESS_DOES[kind]
            )
        case Failure():
            return Explanation(
                chosen.name,
                sign,
                found.kind.value,
                scope_of(found),
                found.retry_delay_s,
                about(found, now),
                DOES[found.kind],
            )
        case _:
            assert_never(found)


def scope_of(failure: Failure) -> str | None:
    """Whose limit or budget is used up; None for what is neither."""
    if failure.kind is FailureKind.BUDGET_EXCEEDED:
        return str(failure.facts.get("scope", "user"))
    head, _, scope = failure.kind.value.partition(".")
    return scope if head == "limit" else None


def as_json(found: Explanation) -> str:
    """One JSON object; `text` is the whole paragraph."""
    return json.dumps(
        {
            "profile": found.profile,
            "kind": found.kind,
            "scope": found.scope,
            "retry_delay_s": found.retry_delay_s,
            "title": found.message.title,
            "text": found.message.text,
            "does": found.does,
        },
        ensure_ascii=False,
    )


def as_text(found: Explanation) -> str:
    """The same for a person."""
    by = f", recognised by {found.sign}" if found.sign else ""
    delay = "–" if found.retry_delay_s is None else f"{found.retry_delay_s:g} s"
    lines = [
        f"{found.kind}: {found.message.title}",
        f"  {found.message.text}",
        f"  profile   {found.profile}{by}",
        f"  scope     {found.scope or '–'}",
        f"  retry in  {delay}",
        f"  Sidelight {found.does[0].lower()}{found.does[1:]}",
    ]
    return "\n".join(lines)
