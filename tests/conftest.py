"""The habits every test keeps: quiet logs, no way out to the network, nothing left running.

Each habit lives in its own file in tests/habits; the fixtures below apply them to every test.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from habits import leftovers, logs, network, second_runs
from sidelight_client.setting_table import SETTINGS

RUN = uuid.uuid4().hex
"""Marks every process this test run starts, however often it is forked and detached."""

CLEARED = (
    # Set on many machines; each hides a trust store that is not asked for.
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)

RealPart = Callable[[str, object, str], None]

FIGURES = pytest.StashKey[list[str]]()
FAILED = pytest.StashKey[bool]()
"""Set on a test whose call failed: what it left behind is then a consequence, and not told."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = report.failed or (report.when != "setup" and item.stash.get(FAILED, False))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    second_runs.note(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if second_runs.too_many() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def real_part() -> RealPart:
    """`real_part(name, found, why)`: skip loudly where a real part is missing; in CI, fail."""

    def need(name: str, found: object, why: str) -> None:
        if found:
            return
        sentence = f"{name} is missing: {why}"
        if os.environ.get("SIDELIGHT_REQUIRE_REAL_PARTS") == "1":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)

    return need


@pytest.fixture(scope="session")
def figure(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Tell a measured figure, and what it has to be; all are printed at the end of the run."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    figures = config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("figures, measured and to hold")
        for line in figures:
            terminalreporter.write_line(line)
    again = second_runs.told()
    if again:
        terminalreporter.section("failed at first, and passed when run again")
        for line in again:
            terminalreporter.write_line(line)


def pytest_runtestloop() -> None:
    # What is there once all tests are collected stays to the end; the collection after each test
    # would otherwise go through thousands of tests that have not run yet.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _nothing_outlives_the_run() -> Generator[None]:
    os.environ["SIDELIGHT_TEST_RUN"] = RUN
    leftovers.count_started_processes()
    yield
    left = leftovers.gone_in_time(lambda: leftovers.processes_with("SIDELIGHT_TEST_RUN", RUN))
    if left:
        pytest.fail(f"processes outlive the test run: {leftovers.end(left)}", pytrace=False)


@pytest.fixture(autouse=True)
def private_home(monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """A SIDELIGHT_HOME of this test's own, and an environment that is the same everywhere.

    Its path is short, because a Unix socket's path may have 108 characters at most (104 on macOS).
    """
    for name in (*CLEARED, *(setting.environment_name for setting in SETTINGS.values())):
        monkeypatch.delenv(name, raising=False)
    # A test must not meet the keyring of the person who runs it.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    home = Path(tempfile.mkdtemp(prefix="sl-"))
    monkeypatch.setenv("SIDELIGHT_HOME", str(home))
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(request: pytest.FixtureRequest, private_home: Path) -> Generator[None]:
    before = leftovers.snapshot()
    yield
    left = leftovers.left_since(before, str(private_home))
    if left and not request.node.stash.get(FAILED, False):
        pytest.fail("the test left behind: " + "; ".join(left), pytrace=False)


@pytest.fixture(autouse=True)
def expected_logs(request: pytest.FixtureRequest) -> Generator[list[str]]:
    """Fail on an unexpected WARNING; append a regular expression to allow one.

    `@pytest.mark.expects_log("regex")` is the stricter form: the line must also appear.
    """
    required = [
        str(pattern)
        for marker in request.node.iter_markers("expects_log")
        for pattern in marker.args
    ]
    allowed = [*required, *logs.ALLOWED]
    with logs.recorded() as lines:
        yield allowed
        if request.node.get_closest_marker("anyio"):
            gc.collect()  # A task nobody awaited tells of its exception when it is collected.
    unexpected = [line for line in lines if not any(re.search(p, line) for p in allowed)]
    if unexpected:
        pytest.fail("unexpected log lines:\n" + "\n".join(unexpected), pytrace=False)
    missing = [p for p in required if not any(re.search(p, line) for line in lines)]
    if missing:
        pytest.fail(f"expected log lines did not appear: {missing}", pytrace=False)


@pytest.fixture(autouse=True)
def _quiet_qt() -> Generator[None]:
    """A Qt warning fails the test, where PySide6 is in use at all."""
    qt = sys.modules.get("PySide6.QtCore")
    if qt is None:
        yield
        return
    with logs.recorded_from_qt(qt) as lines:
        yield
    if lines:
        pytest.fail("unexpected Qt messages:\n" + "\n".join(lines), pytrace=False)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    tried = network.refuse_the_outside(monkeypatch)
    yield
    if tried:
        pytest.fail(f"the test tried to leave this machine: {sorted(set(tried))}", pytrace=False)
