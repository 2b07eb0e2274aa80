"""The errors a command can end with: a public sentence, a stable code, an exit code, a private cause.

SidelightError
├── UsageError            exit 2: the call's words are off
├── NotSignedInError      exit 3
├── GatewayUnreachableError  exit 4
├── LimitedError          exit 5
├── BrokerUnreachableError   exit 1
└── RefusedError          exit 1: a finding or a refusal
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .domain.words.catalogue import Message


class ExitCode(IntEnum):
    """What `sidelight` ends with; documented in docs/commands.md."""

    OK = 0
    FINDING = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    GATEWAY_UNREACHABLE = 4
    LIMITED = 5


class SidelightError(Exception):
    """An error with a sentence from the catalogue; `str()` is that sentence."""

    exit_code = ExitCode.FINDING

    def __init__(self, code: str, **facts: str | float | None) -> None:
        # Imported here because hardly any run of a program needs a sentence of its catalogue.
        from .domain.words.catalogue import say

        self.message: Message = say(code, facts)
        super().__init__(self.message.text)

    @property
    def code(self) -> str:
        return self.message.code


class UsageError(SidelightError):
    """The call's words are off."""

    exit_code = ExitCode.USAGE


class NotSignedInError(SidelightError):
    """The person must sign in first."""

    exit_code = ExitCode.NOT_SIGNED_IN


class GatewayUnreachableError(SidelightError):
    """The gateway does not answer."""

    exit_code = ExitCode.GATEWAY_UNREACHABLE


class LimitedError(SidelightError):
    """A limit is used up."""

    exit_code = ExitCode.LIMITED


class BrokerUnreachableError(SidelightError):
    """The broker cannot be reached or started."""


class RefusedError(SidelightError):
    """A finding or a refusal."""
