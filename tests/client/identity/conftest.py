"""Every token issued in these tests is searched for in everything they left behind."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from support.secrets_watch import Secrets, watching_secrets


@pytest.fixture(autouse=True)
def secrets_watch(tmp_path: Path) -> Generator[Secrets]:
    with watching_secrets(tmp_path) as watch:
        yield watch
