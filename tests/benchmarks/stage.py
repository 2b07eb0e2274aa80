"""Where the suites measure: a home of its own, the stub gateway, a signed-in broker, files of three sizes."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidelight_client.adapters.folders import folders

from .driver import Driver, inline, items_of
from .processes import with_environment

TESTS = Path(__file__).parent.parent
SIZES = (300, 4_200, 20_000)
SOURCES = ("argparse.py", "tarfile.py", "inspect.py", "shutil.py", "typing.py", "doctest.py")
SCRIPT = "import sys; from sidelight_client.__main__ import main; sys.exit(main())"
"""What pip and uv write into the script of an entry point; `-m` would load `runpy` and its like.

Both left `re` out of it in 2025 (https://github.com/pypa/pip/pull/13166,
https://github.com/astral-sh/uv/pull/10627); a script of an older pip takes 9 ms more.
"""
READY_S = 30.0
SIGN_IN_S = 30.0


@dataclass
class Stub:
    """The stub gateway's process, as seen from here."""

    process: subprocess.Popen[bytes]
    url: str
    issuer: str
    key: str

    def oracle(self, **model: Any) -> None:
        """Say what the model knows; counts start again."""
        self._ask("/oracle", model)

    def counts(self) -> dict[str, Any]:
        """What was asked since."""
        return self._ask("/counts", {})

    def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        asked = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            said: dict[str, Any] = json.load(answer)
            return said


@dataclass
class Stage:
    """One person's installation, signed in to the stub."""

    root: Path
    stub: Stub
    environment: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def command(self) -> list[str]:
        """As `bin/sidelight lsp` of the wheel starts: its script is these two lines."""
        return [sys.executable, "-P", "-c", SCRIPT, "lsp"]

    def editor(self, **options: Any) -> Driver:
        """An editor window, initialized."""
        driver = Driver.start(self.command, self.environment, self.workspace)
        driver.initialize(self.workspace, {"sidelight": options})
        return driver

    def brokers(self) -> list[int]:
        return with_environment(f"SIDELIGHT_HOME={self.environment['SIDELIGHT_HOME']}")

    def end_brokers(self, number: int = signal.SIGTERM) -> None:
        """End our brokers by process id and wait until they are gone."""
        for pid in self.brokers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        ends = time.monotonic() + READY_S
        while self.brokers():
            if time.monotonic() > ends:
                raise TimeoutError("a broker does not leave")
            time.sleep(0.01)

    def warm_up(self) -> None:
        """Sign in and fetch one completion, so that nothing is left to be learned."""
        driver = self.editor()
        driver.browser = _visit
        try:
            signed_in = driver.send("workspace/executeCommand", {"command": "sidelight.signIn"})
            driver.wait(signed_in, SIGN_IN_S)
            uri = (self.workspace / "warm.py").as_uri()
            driver.open(uri, "x = 1\n")
            first_text(driver, uri, 1, 0)
        finally:
            driver.close()


def first_text(driver: Driver, uri: str, line: int, character: int) -> float:
    """When the first suggestion came (perf_counter); asked again until there is one.

    Raises TimeoutError.
    """
    ends = time.perf_counter() + READY_S
    while time.perf_counter() < ends:
        answer = driver.request(
            "textDocument/inlineCompletion", inline(uri, line, character, invoked=True)
        )
        if any(items_of(answer)):
            return answer.at
        time.sleep(0.005)
    raise TimeoutError("no suggestion came")


def _visit(url: str) -> None:
    """What the person's browser does; the address carries the key that only its owner can read."""
    with urllib.request.urlopen(url, timeout=10) as page:
        page.read()


@contextmanager
def staged(**settings: str) -> Generator[Stage]:
    """A signed-in person with a running broker and the stub gateway; all of it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="sidelight-bench-") as folder, stub_gateway() as stub:
        root = Path(folder)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SIDELIGHT_")
        } | {
            "SIDELIGHT_HOME": str(root / "home"),
            "SIDELIGHT_VAULT": "file",
        }
        # Compiled code is what a person runs; the first start of the stage writes it.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(root / "pyc")
        environment["PYTHONPATH"] = os.pathsep.join(_where_ours_is())
        stage = Stage(root, stub, environment)
        stage.workspace.mkdir()
        places = folders(environment)
        places.config.mkdir(parents=True)
        rows = {"gateway": stub.url, **settings}
        places.config_file.write_text(
            "".join(f"{key} = {json.dumps(value)}\n" for key, value in rows.items()), "utf-8"
        )
        places.runtime.mkdir(parents=True, mode=0o700)
        key = places.runtime / f"gateway-{stub.url.rpartition(':')[2]}.key"
        key.touch(0o600)
        key.write_text(stub.key, "ascii")
        try:
            yield stage
        finally:
            stage.end_brokers()


@contextmanager
def stub_gateway() -> Generator[Stub]:
    """The stub in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stub_gateway"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        yield Stub(process, said["url"], said["issuer"], said["key"])
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def _where_ours_is() -> list[str]:
    """The folders this process has our packages from: the installed ones, or a tree's."""
    found = [importlib.util.find_spec(name) for name in ("sidelight_client", "sidelight_lsp")]
    origins = [spec.origin for spec in found if spec is not None and spec.origin]
    return [str(Path(origin).parent.parent) for origin in origins]


def source(lines: int) -> str:
    """Real source of that many lines."""
    library = Path(sysconfig.get_paths()["stdlib"])
    text = "".join((library / name).read_text("utf-8") for name in SOURCES)
    rows = text.splitlines(keepends=True)
    while len(rows) < lines:
        rows += rows
    return "".join(rows[:lines])
