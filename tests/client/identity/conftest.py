"""Every token issued in these tests is searched for in everything they left behind."""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path

import pytest

from support.secrets_watch import Recorder, Secrets


@pytest.fixture(autouse=True)
def secrets_watch(tmp_path: Path) -> Generator[Secrets]:
    watch = Secrets()
    recorder = Recorder()
    root = logging.getLogger()
    level = root.level
    root.addHandler(recorder)
    root.setLevel(logging.DEBUG)
    try:
        yield watch
    finally:
        root.removeHandler(recorder)
        root.setLevel(level)
    texts = [*recorder.lines, *watch.texts]
    texts += [p.read_bytes().decode("latin-1") for p in tmp_path.rglob("*") if p.is_file()]
    found = watch.found_in("\n".join(texts))
    assert not found, f"{len(found)} tokens were left in a log or a file"
