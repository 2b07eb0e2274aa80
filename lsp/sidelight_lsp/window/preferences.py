"""The settings of one editor window: the broker's, with the window's own `completions.*` on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidelight_client.api import Broker, Settings

SECTION = "completions"


class Preferences:
    """Values from initializationOptions, and over them from the workspace configuration.

    An empty section means unset: many clients answer `workspace/configuration` with `{}`.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._options: Mapping[str, Any] = {}
        self._configuration: Mapping[str, Any] = {}
        self._merged: tuple[Settings, Settings] | None = None

    def initialised(self, options: Mapping[str, Any]) -> None:
        """Take `initializationOptions.sidelight`."""
        self._options, self._merged = options, None

    def configured(self, section: Mapping[str, Any]) -> None:
        """Take the configuration section `sidelight`, which replaces the former one."""
        self._configuration, self._merged = section, None

    def settings(self) -> Settings:
        """What is in force for this window now."""
        base = self._broker.settings
        if self._merged is None or self._merged[0] is not base:
            merged = base.with_editor(self._options, SECTION)
            self._merged = base, merged.with_editor(self._configuration, SECTION)
        return self._merged[1]

    def max_lines(self) -> int:
        """How many lines are shown at once."""
        return self.settings().number("completions.max_lines")
