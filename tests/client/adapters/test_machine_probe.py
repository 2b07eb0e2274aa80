"""What the doctor sees of this machine: folders, certificate variables, the lock's last holder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sidelight_client.adapters.file_lock import FileLock
from sidelight_client.adapters.folders import folders
from sidelight_client.adapters.machine_probe import (
    folder_seen,
    folders_seen,
    lock_seen,
    trust_seen,
    versions,
)
from sidelight_client.domain.identity.diagnosis import LockSeen

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")


def test_looking_at_the_folders_makes_none_of_them() -> None:
    places = folders()
    seen = folders_seen(places)
    assert [folder.name for folder in seen] == ["config", "state", "cache", "runtime"]
    assert all(folder.problem == folder.mode == "" for folder in seen)
    assert not places.runtime.exists()


@posix_only
@pytest.mark.parametrize(
    ("mode", "private", "problem"),
    [
        (0o700, True, ""),
        (0o750, True, "can be entered by other users"),
        (0o755, False, ""),
        (0o777, False, "can be written to by other users"),
    ],
)
def test_a_folder_that_others_may_use_is_told(
    tmp_path: Path, mode: int, private: bool, problem: str
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(mode)
    seen = folder_seen("runtime", folder, private=private)
    assert (seen.mode, seen.problem) == (f"{mode:04o}", problem)


@posix_only
def test_a_link_or_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    assert folder_seen("runtime", tmp_path / "link", private=True).problem == "is a symbolic link"
    assert folder_seen("config", tmp_path / "link", private=False).problem == ""
    assert folder_seen("config", tmp_path / "file", private=False).problem == "is no folder"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="OpenSSL's variables on Linux")
def test_each_certificate_variable_is_told_with_what_it_means(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    seen = trust_seen(
        {
            "SSL_CERT_FILE": str(tmp_path / "gone.pem"),
            "SSL_CERT_DIR": str(tmp_path),
            "REQUESTS_CA_BUNDLE": str(bundle),
            "CURL_CA_BUNDLE": "",
        }
    )
    assert [name for name, _ in seen.variables] == [
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
    ]
    assert seen.missing == ("SSL_CERT_FILE",)
    assert seen.ignored == ("REQUESTS_CA_BUNDLE",)
    assert seen.store


def test_the_locks_last_holder_is_named_and_whether_it_still_runs(tmp_path: Path) -> None:
    assert lock_seen(tmp_path) == LockSeen(None)
    lock = FileLock(tmp_path / "session.lock")
    assert lock.try_acquire()
    lock.release()
    assert lock_seen(tmp_path) == LockSeen(os.getpid(), True if os.name == "posix" else None)
    # The highest process id there can be is one more than nobody's (proc(5), pid_max).
    (tmp_path / "session.lock").write_text("4194305\n")
    assert lock_seen(tmp_path) == LockSeen(4194305, False if os.name == "posix" else None)


def test_the_versions_name_what_matters_for_a_ticket() -> None:
    named = dict(versions())
    assert named["sidelight"]
    assert named["openssl"].startswith("OpenSSL")
    assert {"python", "system", "httpx", "keyring"} <= set(named)
