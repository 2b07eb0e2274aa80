"""The conditions that the process around the broker tells of: its clients, its folder, its files."""

from __future__ import annotations

from collections.abc import Callable

from ..domain.health import hold, release
from ..ports import Clock
from .facts import BrokerFacts


class ProcessConditions:
    """Holds each of them until it is told that it is over."""

    def __init__(self, clock: Clock, facts: BrokerFacts, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._facts = facts
        self._changed = changed

    def environment_differs(self, client: str, names: tuple[str, ...]) -> Callable[[], None]:
        """Tell that `client` runs with other proxy or certificate variables than this process."""
        code = "broker.environment_differs"
        self._hold(code, client=client or "an editor", names=", ".join(names))
        return lambda: self._release(code)

    def storage_problem(self, folder: str, problem: str) -> None:
        """Tell that `folder` cannot be written; an empty `problem` says that it can be again."""
        if problem:
            self._hold("storage.unwritable", folder=folder, problem=problem)
        else:
            self._release("storage.unwritable")

    def ledger_damaged(self, path: str) -> None:
        """Tell that the usage ledger was damaged and is kept at `path`; it holds until the end."""
        self._hold("ledger.damaged", path=path)

    def gateway_settings(self, problem: str) -> None:
        """Tell what of `gateway_document` or `gateway_headers` cannot be used; empty when all can."""
        if problem:
            self._hold("gateway.settings", problem=problem)
        else:
            self._release("gateway.settings")

    def policy_file(self, problem: str) -> None:
        """Tell why the organisation's policy file cannot be used; empty when it can."""
        if problem:
            self._hold("policy.file_unusable", problem=problem)
        else:
            self._release("policy.file_unusable")

    def _hold(self, code: str, **told: str | float) -> None:
        self._facts.conditions = hold(self._facts.conditions, code, self._clock.now(), None, **told)
        self._changed()

    def _release(self, code: str) -> None:
        if any(condition.code == code for condition in self._facts.conditions):
            self._facts.conditions = release(self._facts.conditions, code)
            self._changed()
