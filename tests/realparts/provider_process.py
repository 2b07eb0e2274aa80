"""The certified provider of tests/realparts/provider as a process, and a browser that signs in at it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

FOLDER = Path(__file__).parent / "provider"
INSTALL_MAX_S = 240
START_MAX_S = 30
NODE_MIN = 20
"""The provider asks for 22 and runs on 20; on 18 it cannot check a PKCE proof."""
_DIRECT = urllib.request.ProxyHandler({})


@dataclass(frozen=True, slots=True)
class Counters:
    """What the provider counted. `reused` are second uses that its grace let pass."""

    renewals: int
    revoked: int
    errors: int
    codes: int
    devices: int
    faults: int
    reused: int
    dropped: int

    def since(self, before: Counters) -> Counters:
        return Counters(*(getattr(self, n) - getattr(before, n) for n in self.__slots__))


@dataclass(frozen=True, slots=True)
class Provider:
    """The running provider. The calls block, so that nothing else happens meanwhile."""

    issuer: str
    origin: str
    pid: int

    def control(self, **asked: Any) -> dict[str, Any]:
        body = json.dumps(asked).encode()
        request = urllib.request.Request(f"{self.origin}/control", body, method="POST")
        with urllib.request.build_opener(_DIRECT).open(request, timeout=10) as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def advance(self, seconds: float) -> None:
        self.control(advance=seconds)

    def fault(self, kind: str, times: int = 1, **more: Any) -> None:
        self.control(fault={"kind": kind, "times": times, **more})

    def counters(self) -> Counters:
        return Counters(**self.control()["counters"])

    def issued(self) -> list[str]:
        url = f"{self.origin}/control?issued"
        with urllib.request.build_opener(_DIRECT).open(url, timeout=10) as answer:
            tokens: list[str] = json.load(answer)["issued"]
            return tokens


def missing() -> str:
    """Why the provider cannot run here, or ""; installs its packages the first time."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "node and npm are not installed"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = re.match(r"v(\d+)\.", version.stdout)
    if major is None or int(major[1]) < NODE_MIN:
        return f"node is older than {NODE_MIN}: {version.stdout.strip()}"
    return _install(npm)


def _install(npm: str) -> str:
    """The packages of the lock file, once; several test runs may start together."""
    marker = FOLDER / "node_modules" / ".installed"
    wanted = (FOLDER / "package-lock.json").read_bytes()
    with (FOLDER / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marker.exists() and marker.read_bytes() == wanted:
            return ""
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
        try:
            done = subprocess.run(
                command,
                cwd=FOLDER,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=INSTALL_MAX_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "npm ci did not end in time"
        if done.returncode != 0:
            return f"npm ci failed: {done.stderr.strip()[-300:]}"
        marker.write_bytes(wanted)
    return ""


@contextlib.contextmanager
def running_provider(**options: Any) -> Generator[Provider]:
    """Start the provider with the options at the top of provider.mjs; it ends with the block.

    It also ends with this process, because its stdin does.
    """
    node = shutil.which("node")
    assert node is not None
    process = subprocess.Popen(
        [node, "--no-warnings", str(FOLDER / "provider.mjs"), json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=FOLDER,
        env={"PATH": os.environ.get("PATH", ""), "NODE_ENV": "production"}
        | {k: v for k, v in os.environ.items() if k.startswith("SIDELIGHT_TEST_")},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], START_MAX_S)[0], "it did not start"
        # oidc-provider warns on stdout about the age of node.
        for line in process.stdout:
            if line.startswith(b'{"issuer"'):
                told = json.loads(line)
                break
        else:
            raise AssertionError("the provider ended before it listened")
        yield Provider(told["issuer"], told["origin"], told["pid"])
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        process.stdout.close()


class Browser:
    """Opens a page as a person's browser would: cookies, redirects, forms that submit themselves."""

    FORMS_MAX = 4

    def __init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(_DIRECT, jar)

    def open(self, url: str) -> str:
        """The text of the page where it ends. Raises urllib.error.HTTPError."""
        page, at = self._get(url, None)
        for _ in range(self.FORMS_MAX):
            form = _Form.of(page)
            if form is None:
                break
            page, at = self._get(urljoin(at, form.action), urlencode(form.fields).encode())
        return page

    def _get(self, url: str, body: bytes | None) -> tuple[str, str]:
        with self._opener.open(url, body, timeout=20) as answer:
            return answer.read(1_000_000).decode(), answer.geturl()


class _Form(HTMLParser):
    """The first form of a page and the fields it has already filled in."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str = ""
        self.found = False
        self.fields: dict[str, str] = {}

    @classmethod
    def of(cls, page: str) -> _Form | None:
        form = cls()
        form.feed(page)
        return form if form.found else None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.found:
            self.found, self.action = True, given.get("action", "")
        elif tag == "input" and given.get("name"):
            self.fields[given["name"]] = given.get("value", "")
