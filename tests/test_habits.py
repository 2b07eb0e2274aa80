"""The habits in tests/conftest.py bite: each surprise, planted in a small suite, fails it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

HERE = Path(__file__).parent

CONFIGURATION = """
[pytest]
pythonpath = .
addopts = -p no:cacheprovider --import-mode=importlib
filterwarnings = error
markers =
    expects_log(regex): log lines that must appear
"""


SURPRISES = {
    "a warning in the log": (
        "import logging\ndef test(): logging.getLogger('x').warning('oh')",
        "unexpected log lines:\nx WARNING oh",
    ),
    "a task nobody looked at": (
        (
            "import asyncio, pytest\n"
            "async def fail(): raise ValueError('lost')\n"
            "@pytest.mark.anyio\n"
            "async def test():\n"
            "    asyncio.create_task(fail())\n"
            "    await asyncio.sleep(0.01)\n"
        ),
        "ValueError: lost",
    ),
    "an expected line that does not come": (
        "import pytest\n@pytest.mark.expects_log('oh')\ndef test(): pass",
        "expected log lines did not appear: ['oh']",
    ),
    "a Python warning": (
        "import warnings\ndef test(): warnings.warn('old', DeprecationWarning)",
        "DeprecationWarning: old",
    ),
    "a connection to elsewhere": (
        (
            "import socket\n"
            "def test():\n"
            "    with socket.socket() as s:\n"
            "        assert s.connect_ex(('192.0.2.1', 80)) != 0\n"
        ),
        "tried to leave this machine: ['connect 192.0.2.1']",
    ),
    "a look-up of a real name": (
        (
            "import socket, contextlib\n"
            "def test():\n"
            "    with contextlib.suppress(OSError): socket.getaddrinfo('sidelight.dev', 443)\n"
        ),
        "tried to leave this machine: ['look up sidelight.dev']",
    ),
    "a socket left open": (
        "import socket\nkept = []\ndef test(): kept.extend(socket.socketpair())",
        "the test left behind: ",
    ),
    "a child left running": (
        (
            "import subprocess, sys\nkept = []\n"
            "def test():\n"
            "    kept.append(subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1))\n"
        ),
        "the test left behind: processes",
    ),
    "a child that detached itself": (
        (
            "import subprocess, sys\n"
            "DETACH = '''\n"
            "import subprocess, sys\n"
            "quiet = dict(stdin=-3, stdout=-3, stderr=-3)\n"
            "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],\n"
            "                 start_new_session=True, **quiet)\n"
            "'''\n"
            "def test(): subprocess.run([sys.executable, '-c', DETACH], check=True)\n"
        ),
        "the test left behind: processes",
    ),
}

GOOD = """
import logging, os, pytest, socket, subprocess, sys

@pytest.mark.expects_log("^x WARNING oh$")
def test_an_announced_line(): logging.getLogger("x").warning("oh")

def test_an_allowed_line(expected_logs):
    expected_logs.append("oh")
    logging.getLogger("x").error("oh")

def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_example_names():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("idp.example", 443)

def test_a_process_that_ends(): subprocess.run([sys.executable, "-c", ""], check=True)

def test_the_environment(private_home):
    assert os.environ["SIDELIGHT_HOME"] == str(private_home)
    assert "SSL_CERT_FILE" not in os.environ
    assert "SIDELIGHT_GATEWAY" not in os.environ

@pytest.fixture
def gong(real_part):
    real_part("gong", None, "the bell is rung")

def test_a_missing_part(gong): pass
"""


def run(folder: Path, files: dict[str, str], **environ: str) -> dict[str, str]:
    """Run a small suite under the same conftest: how each test ended, and what was said."""
    conftest = (HERE / "conftest.py").read_text()
    (folder / "conftest.py").write_text(f"{conftest}\nleftovers.PATIENCE_S = 0.5\n")
    shutil.copytree(HERE / "habits", folder / "habits")
    (folder / "pytest.ini").write_text(CONFIGURATION)
    for name, source in files.items():
        (folder / name).write_text(source)
    words = [
        "-q",
        f"--rootdir={folder}",
        f"-c{folder}/pytest.ini",
        f"--junit-xml={folder}/told.xml",
    ]
    subprocess.run(
        [sys.executable, "-m", "pytest", *words, str(folder)],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
        check=False,
    )
    # The file was written a moment ago by our own pytest.
    cases = ET.parse(folder / "told.xml").iter("testcase")
    return {
        f"{case.get('classname')}.{case.get('name')}": " ".join(
            f"{ending.tag} {ending.get('message')} {ending.text}" for ending in case
        )
        or "passed"
        for case in cases
    }


@pytest.fixture(scope="module")
def surprised(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    files = {f"test_{i}.py": source for i, (source, _) in enumerate(SURPRISES.values())}
    return run(tmp_path_factory.mktemp("surprises"), files)


@pytest.mark.slow
@pytest.mark.parametrize("surprise", SURPRISES)
def test_a_surprise_fails_the_test(surprised: dict[str, str], surprise: str) -> None:
    told = SURPRISES[surprise][1]
    if "left behind" in told and not Path("/proc/self/fd").exists():
        pytest.skip("leftovers are found through /proc")
    ending = surprised[f"test_{list(SURPRISES).index(surprise)}.test"]
    assert ending.startswith(("failure", "error"))
    assert told in ending


@pytest.mark.slow
@pytest.mark.parametrize(("required", "ending"), [("", "skipped"), ("1", "error")])
def test_what_was_announced_and_put_away_passes_and_a_missing_part_is_told(
    tmp_path: Path, required: str, ending: str
) -> None:
    endings = run(
        tmp_path,
        {"test_good.py": GOOD},
        SSL_CERT_FILE="/nowhere",
        SIDELIGHT_GATEWAY="https://gateway.example",
        SIDELIGHT_REQUIRE_REAL_PARTS=required,
    )
    missing = endings.pop("test_good.test_a_missing_part")
    assert missing.startswith(ending)
    assert "gong is missing: the bell is rung" in missing
    assert len(endings) == 6
    assert set(endings.values()) == {"passed"}


SHAKY = """
import pytest
ran = set()

@pytest.mark.parametrize("number", range({shaky}))
def test(number):
    again = number in ran
    ran.add(number)
    assert again, f"the first try of {{number}}"
"""


@pytest.mark.slow
@pytest.mark.parametrize(("shaky", "code"), [(3, 0), (4, 1)])
def test_a_test_that_passes_at_its_second_run_is_named_and_only_a_few_may(
    tmp_path: Path, shaky: int, code: int
) -> None:
    (tmp_path / "conftest.py").write_text((HERE / "conftest.py").read_text())
    shutil.copytree(HERE / "habits", tmp_path / "habits")
    (tmp_path / "pytest.ini").write_text(CONFIGURATION)
    (tmp_path / "test_shaky.py").write_text(SHAKY.format(shaky=shaky))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--reruns=1", f"-c{tmp_path}/pytest.ini", str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == code
    assert "failed at first, and passed when run again" in done.stdout
    assert done.stdout.count("AssertionError: the first try of ") == shaky
