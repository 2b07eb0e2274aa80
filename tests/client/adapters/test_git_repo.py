"""Repositories as git really writes them, and folders that only look like one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.git_repo import canonical_remote
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.domain.place import Document


def make(folder: Path, *remotes: tuple[str, str]) -> Path:
    """A repository with the config file git would have written."""
    (folder / ".git").mkdir(parents=True)
    lines = ["[core]\n\tbare = false\n"]
    lines += [f'[remote "{name}"]\n\turl = {url}\n\tfetch = +x\n' for name, url in remotes]
    (folder / ".git" / "config").write_text("".join(lines))
    return folder


def look(path: Path) -> tuple[str | None, str]:
    document, inside = WorkspacePlaces().document(path.as_uri(), "python")
    return document.repository, inside


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://git.example/team/shop.git", "git.example/team/shop"),
        ("https://ada:tok-en@git.example:8443/Team/Shop/", "git.example/team/shop"),
        ("ssh://git@git.example:22/team/shop.git", "git.example/team/shop"),
        ("git@git.example:team/shop.git", "git.example/team/shop"),
        ("git.example:team/sub/shop", "git.example/team/sub/shop"),
        ("git://git.example/shop", "git.example/shop"),
        ('"https://git.example/team/shop"', "git.example/team/shop"),
        ("/srv/git/shop.git", None),
        ("file:///srv/git/shop.git", None),
        ("../shop", None),
        ("C:\\repos\\shop", None),
        ("C:/repos/shop", None),
        ("https://[::1/shop", None),
        ("https://git.example/", None),
        ("", None),
    ],
)
def test_a_remote_is_named_without_its_credentials(url: str, canonical: str | None) -> None:
    assert canonical_remote(url) == canonical


def test_a_file_knows_its_repository_and_its_path_inside(tmp_path: Path) -> None:
    repo = make(tmp_path / "shop", ("up", "https://u/x/y"), ("origin", "https://t@git.example/a/b"))
    assert look(repo / "src" / "my file.py") == ("git.example/a/b", "src/my file.py")


def test_without_origin_the_first_remote_counts_and_without_any_none(tmp_path: Path) -> None:
    one = make(tmp_path / "one", ("up", "https://git.example/x/y"), ("other", "https://z/z"))
    none = make(tmp_path / "none")
    assert look(one / "a.py") == ("git.example/x/y", "a.py")
    assert look(none / "a.py") == (None, "a.py")


def test_the_innermost_repository_counts(tmp_path: Path) -> None:
    make(tmp_path, ("origin", "https://git.example/outer/r"))
    inner = make(tmp_path / "vendor" / "lib", ("origin", "https://git.example/inner/r"))
    assert look(inner / "a.py")[0] == "git.example/inner/r"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is missing: nothing to compare with")
def test_real_worktrees_and_submodules_are_found(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }

    def git(folder: Path, *words: str) -> None:
        subprocess.run(["git", *words], cwd=folder, env=environ, check=True, capture_output=True)

    for name in ("lib", "shop"):
        (tmp_path / name).mkdir()
        git(tmp_path / name, "init")
        git(tmp_path / name, "commit", "--allow-empty", "-m", "x")
    shop = tmp_path / "shop"
    git(shop, "remote", "add", "origin", "git@git.example:team/shop.git")
    git(shop, "-c", "protocol.file.allow=always", "submodule", "add", str(tmp_path / "lib"), "sub")
    git(shop / "sub", "remote", "set-url", "origin", "https://git.example/team/lib")
    git(shop, "worktree", "add", str(tmp_path / "tree"), "-b", "side")
    assert look(shop / "a.py") == ("git.example/team/shop", "a.py")
    assert look(shop / "sub" / "x" / "b.py") == ("git.example/team/lib", "x/b.py")
    assert look(tmp_path / "tree" / "c.py") == ("git.example/team/shop", "c.py")


def test_what_is_no_repository_is_none(tmp_path: Path) -> None:
    (tmp_path / "a" / ".git").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".git").write_text("gitdir: /nowhere/at/all\n")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / ".git").write_bytes(b"\xff" * 1000)
    for name in "abc":
        assert look(tmp_path / name / "x.py")[0] is None


@pytest.mark.parametrize(
    "uri",
    ["untitled:Untitled-1", "file://[::1/x", "file://other-host/x", "", "file:///a%00b/c", "::"],
)
def test_a_document_that_is_no_local_file_has_no_repository(uri: str) -> None:
    document, _ = WorkspacePlaces().document(uri, "python")
    assert document == Document(uri, "python", None)


def test_a_folder_is_looked_at_once_and_what_is_kept_is_bounded(tmp_path: Path) -> None:
    repo = make(tmp_path / "shop", ("origin", "https://git.example/a/b"))
    known = WorkspacePlaces()
    known.document((repo / "a.py").as_uri(), "python")
    shutil.rmtree(repo / ".git")
    assert known.document((repo / "a.py").as_uri(), "python")[0].repository == "git.example/a/b"
    for number in range(2_000):
        known.document((tmp_path / f"{number}" / "a.py").as_uri(), "python")
    for kept in (known._around, known._about, known._places):
        assert len(kept._values) <= 1_024
    known.forget()
    assert known.document((repo / "a.py").as_uri(), "python")[0].repository is None


@given(st.text(max_size=60), st.text(alphabet="abc:/@[]%\x00", max_size=30))
def test_any_text_is_a_remote_and_a_uri_or_none(url: str, uri: str) -> None:
    canonical_remote(url)
    canonical_remote(f"https://{uri}")
    WorkspacePlaces().document(f"file:{uri}", "python")
