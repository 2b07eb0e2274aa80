"""Which files the completer learns from, when it notices a change, and that the loop stays free."""

from __future__ import annotations

import os

import pytest

from sidelight_client.embedded.completer import Completer
from sidelight_client.embedded.workspace_reader import WorkspaceReader, find_files, may_be_read

pytestmark = pytest.mark.anyio

LINE = "total_price = compute_total(basket)\n"


@pytest.fixture
async def read(anyio_backend, clock, tmp_path):
    """A reader of `tmp_path`; call it to look again and get what a completion says."""
    del anyio_backend
    reader = WorkspaceReader(100_000, lambda text: "AKIA" in text, clock.monotonic)
    await reader.start()
    reader.add_folder(tmp_path)

    async def look(prompt: str = "total_price = comp") -> str:
        await clock.advance(10)
        reader.refresh_soon()
        await reader.settled()
        return Completer(reader.index).complete(prompt, max_lines=1).text

    look.reader = reader
    yield look
    await reader.stop()


async def test_source_is_learnt_and_a_changed_or_deleted_file_is_noticed(read, tmp_path):
    file = tmp_path / "shop.py"
    file.write_text(LINE)
    assert await read() == "ute_total(basket)"
    file.write_text("total_price = compare(all_baskets)\n")
    assert await read() == "are(all_baskets)"
    file.unlink()
    assert await read() == ""


async def test_a_look_again_waits_ten_seconds(read, tmp_path, clock):
    assert await read() == ""
    (tmp_path / "shop.py").write_text(LINE)
    await clock.advance(9)
    read.reader.refresh_soon()
    await read.reader.settled()
    assert len(read.reader.index) == 1
    assert await read() == "ute_total(basket)"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".env", LINE),
        ("prod.env", LINE),
        ("server.pem", LINE),
        ("id_rsa", LINE),
        ("credentials.json", LINE),
        ("terraform.tfvars", LINE),
        (".git/hooks/pre-commit", LINE),
        ("node_modules/x/index.js", LINE),
        (".venv/lib/x.py", LINE),
        ("__pycache__/x.py", LINE),
        ("uv.lock", LINE),
        ("big.py", LINE * 20_000),
        ("minified.js", LINE.replace("\n", ";") * 100),
        ("binary.py", LINE + "\0"),
        ("latin.py", LINE.encode() + b"\xe9\n"),
        ("aws.py", LINE + "key = 'AKIA'\n"),
        ("empty.py", ""),
    ],
)
async def test_secrets_dependencies_binaries_and_giants_are_not_learnt(
    read, tmp_path, name, content
):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert await read() == ""


async def test_links_and_pipes_are_not_followed(read, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "shop.py").write_text(LINE)
    (tmp_path / "linked").symlink_to(outside)
    (tmp_path / "linked.py").symlink_to(outside / "shop.py")
    os.mkfifo(tmp_path / "pipe.py")
    assert await read() == ""


async def test_the_newest_files_come_first_and_the_cap_holds(clock, tmp_path):
    for i in range(10):
        path = tmp_path / f"m{i}.py"
        path.write_text(f"value_{i} = make_{i}(x)\n" + "#" * 300 + "\n")
        os.utime(path, (1_000 + i, 1_000 + i))
    reader = WorkspaceReader(1_000, lambda _: False, clock.monotonic)
    await reader.start()
    reader.add_folder(tmp_path)
    await reader.settled()
    await reader.stop()
    assert reader.index.chars <= 1_000
    assert Completer(reader.index).complete("value_9 = ma").text == "ke_9(x)"
    assert Completer(reader.index).complete("value_0 = ma").text == ""


async def test_an_index_of_mostly_forgotten_files_is_built_anew(clock, tmp_path):
    reader = WorkspaceReader(1_000, lambda _: False, clock.monotonic)
    await reader.start()
    reader.add_folder(tmp_path)
    for i in range(12):
        (tmp_path / "shop.py").write_text(LINE * 10 + f"# {i}\n")
        await clock.advance(10)
        reader.refresh_soon()
        await reader.settled()
        assert reader.index.chars <= 2_000
    assert Completer(reader.index).complete("total_price = comp").text
    await reader.stop()


async def test_no_megabytes_means_nothing_is_read(clock, tmp_path):
    (tmp_path / "shop.py").write_text(LINE)
    reader = WorkspaceReader(0, lambda _: False, clock.monotonic)
    await reader.start()
    reader.add_folder(tmp_path)
    await reader.settled()
    assert len(reader.index) == 1
    await reader.stop()


async def test_a_folder_that_is_not_there_is_no_problem(read, tmp_path):
    read.reader.add_folder(tmp_path / "gone")
    assert await read() == ""


def test_labels_are_relative_to_the_folder(workspace):
    assert [file.label for file in find_files([workspace])] == ["shop/basket.py"]


@pytest.mark.parametrize(
    "name", ["secret.py", "keys.py", "tokens.py", "env.py", "pem.py", "README"]
)
def test_ordinary_names_are_read(name):
    assert may_be_read(name)


CLOSES_ALL = '[[place]]\npath = "**"\nmode = "off"\n'


@pytest.mark.parametrize(
    ("rules", "learnt"),
    [
        (CLOSES_ALL, ["open.py"]),
        ('[[place]]\nmode = "off"\n', ["open.py"]),
        ("[[place]\n", ["open.py"]),
        ('[[place]]\npath = "keys/**"\nmode = "off"\n', ["open.py", "pay/card.py"]),
        ('[[place]]\npath = "door.py"\nmode = "off"\n', ["open.py", "pay/card.py"]),
        ('[[place]]\nmode = "review_label"\n', ["open.py", "pay/card.py", "pay/keys/door.py"]),
    ],
    ids=["all", "without a path", "cannot be read", "a folder", "a name", "only a label"],
)
def test_what_a_workspace_closes_is_not_learnt(tmp_path, rules, learnt):
    (tmp_path / "pay" / "keys").mkdir(parents=True)
    for name in ("open.py", "pay/card.py", "pay/keys/door.py"):
        (tmp_path / name).write_text(LINE)
    (tmp_path / "pay" / ".sidelight.toml").write_text(rules)
    found = {file.path for file in find_files([tmp_path])} - {tmp_path / "pay" / ".sidelight.toml"}
    assert sorted(file.relative_to(tmp_path).as_posix() for file in found) == learnt


@pytest.mark.parametrize(("repository", "learnt"), [(".", 0), ("pay", 1), ("", 0)])
def test_a_part_of_a_closed_work_tree_is_closed_when_a_window_is_opened_on_it(
    tmp_path, repository, learnt
):
    """A repository inside of the closed folder has rules of its own."""
    (tmp_path / "pay" / "keys").mkdir(parents=True)
    (tmp_path / "pay" / "keys" / "door.py").write_text(LINE)
    (tmp_path / ".sidelight.toml").write_text('[[place]]\npath = "pay/**"\nmode = "off"\n')
    if repository:
        (tmp_path / repository / ".git").mkdir()
    assert len(find_files([tmp_path / "pay" / "keys"])) == learnt


async def test_what_was_learnt_is_forgotten_when_its_workspace_closes_it(read, tmp_path):
    (tmp_path / "shop.py").write_text(LINE)
    assert await read() == "ute_total(basket)"
    (tmp_path / ".sidelight.toml").write_text(CLOSES_ALL)
    assert await read() == ""
