"""A whole Sidelight for one test: its own home, a workspace, a gateway, and an editor at its stdin."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters.folders import Folders, folders
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.testing.fake_editor import FakeEditor

SOURCE = '''"""Totals of a ledger."""


def total_of_entries(entries: list[int]) -> int:
    running_total = 0
    for entry in entries:
        running_total += entry
    return running_total
'''


@dataclass
class Sidelight:
    """One person's installation, in a home of its own."""

    home: Path
    workspace: Path
    in_process: bool
    environment: dict[str, str]
    started: list[int] = field(default_factory=list)

    @property
    def places(self) -> Folders:
        return folders(self.environment)

    @property
    def command(self) -> list[str]:
        argv = [sys.executable, "-m", "sidelight_client", "lsp"]
        return [*argv, "--in-process"] if self.in_process else argv

    def configure(self, **settings: object) -> None:
        self.places.config.mkdir(parents=True, exist_ok=True)
        lines = [f'{key} = "{value}"' for key, value in settings.items()]
        self.places.config_file.write_text("\n".join(lines) + "\n", "utf-8")

    @asynccontextmanager
    async def editor(self, name: str = "fake-editor", **options: Any) -> AsyncIterator[FakeEditor]:
        editor = await FakeEditor.start(self.command, env=self.environment, cwd=self.workspace)
        try:
            await editor.initialize(
                folder=self.workspace,
                capabilities={"window": {"showDocument": {"support": True}}},
                options={"sidelight": {"messages": True, **options}},
                client_name=name,
            )
            yield editor
        finally:
            await editor.close()

    async def run(self, *arguments: str, within_s: float = 30.0) -> tuple[int, str, str]:
        """Run `sidelight ARGUMENTS`: its exit code, output and errors."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sidelight_client", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
            cwd=self.workspace,
        )
        async with asyncio.timeout(within_s):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    def brokers(self) -> list[int]:
        """The process ids of the brokers of this home."""
        mark = f"SIDELIGHT_HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                argv = (entry / "cmdline").read_bytes().split(b"\0")
                if b"broker" in argv and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def end_brokers(self) -> None:
        """End what this test started, by process id, and wait until it is gone."""
        for pid in self.brokers():
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while self.brokers() and time.monotonic() < deadline:
            time.sleep(0.02)
        for pid in self.brokers():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(params=["broker", "in-process"])
def sidelight(
    request: pytest.FixtureRequest, private_home: Path, tmp_path: Path
) -> Iterator[Sidelight]:
    """Both process modes run the same tests."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "ledger.py").write_text(SOURCE, "utf-8")
    environment = {
        **os.environ,
        "SIDELIGHT_HOME": str(private_home),
        "SIDELIGHT_VAULT": "memory",
        "SIDELIGHT_LOG_LEVEL": "debug",
    }
    installed = Sidelight(private_home, workspace, request.param == "in-process", environment)
    try:
        yield installed
    finally:
        installed.end_brokers()


@pytest.fixture
async def gateway(sidelight: Sidelight) -> AsyncIterator[EmbeddedGateway]:
    """A gateway of its own on loopback, whose faults a test can switch; not signed in to."""
    served = EmbeddedGateway(EmbeddedSettings(workspaces=(sidelight.workspace,)))
    await served.start()
    await served.workspace_ready()
    sidelight.configure(gateway=served.url)
    sidelight.places.runtime.mkdir(parents=True, mode=0o700, exist_ok=True)
    key = sidelight.places.runtime / f"gateway-{served.url.rpartition(':')[2]}.key"
    key.touch(0o600)
    key.write_text(served.key.reveal(), "ascii")
    try:
        yield served
    finally:
        await served.stop()
