"""`sidelight scan`: what it finds, how it says so, and what it says about what it did not look at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters import source_files
from sidelight_client.adapters.source_files import NotRead, Unread, files_below, read_text
from sidelight_client.adapters.workspace_marks import MarksError, find_marks, read_marks
from sidelight_client.cli import main, scan
from sidelight_client.domain.content.marks import Mark, as_toml

SSN = "219-45-1234"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose path says nothing of tests."""
    folder = tmp_path / "w"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(SSN)
    (folder / "app.py").write_text(f"import x\n\nssn = '{SSN}'\n")
    (folder / "clean.py").write_text("x = 1\n")
    monkeypatch.chdir(folder)
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["scan", *arguments])
    captured = capsys.readouterr()
    assert SSN not in captured.out + captured.err
    return code, captured.out, captured.err


def write_policy(folder: Path, **changes: object) -> Path:
    rule = {"id": "ssn", "title": "SSN", "kind": "re2", "pattern": r"\d{3}-\d{2}-\d{4}"} | changes
    path = folder.parent / "policy.json"
    path.write_text(json.dumps({"version": "1", "content_rules": [rule]}))
    return path


def test_a_finding_is_one_line_with_its_place(workspace, capsys) -> None:
    code, out, err = run(capsys, ".")
    assert code == 1
    assert out.startswith("app.py:3:8: US social security number (•••-••-••34) [us_ssn] ")
    assert "would be blocked: unknown, real: yes." in out
    assert "2 files, 1 findings, by guess rules" in err


def test_lines_are_counted_as_editors_count_them(workspace, capsys) -> None:
    (workspace / "app.py").write_bytes(f"a\fb\u2028c\r\rssn = '{SSN}'".encode())
    assert run(capsys, "app.py")[1].startswith("app.py:3:8: ")


def test_a_clean_file_ends_with_0(workspace, capsys) -> None:
    assert run(capsys, "clean.py")[:2] == (0, "")


def test_json_is_one_object_a_finding(workspace, capsys) -> None:
    code, out, _ = run(capsys, "--json", "app.py", "./app.py")
    assert code == 1
    assert json.loads(out) == {
        "path": "app.py",
        "line": 3,
        "column": 8,
        "end": {"line": 3, "column": 19},
        "rule": "us_ssn",
        "source": "guess",
        "title": "US social security number",
        "would_block": "unknown",
        "real": "yes",
        "why": "The number passes the check that real ones pass.",
        "masked": "•••-••-••34",
    }


def test_sarif_names_the_rule_and_the_region(workspace, capsys) -> None:
    code, out, _ = run(capsys, "--sarif", ".")
    assert code == 1
    log = json.loads(out)
    assert log["version"] == "2.1.0"
    (result,) = log["runs"][0]["results"]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "us_ssn"
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 8, "endLine": 3, "endColumn": 19}
    assert json.loads(run(capsys, "--sarif", "clean.py")[1])["runs"][0]["results"] == []


def test_with_the_organisations_policy_the_answer_is_known(workspace, capsys) -> None:
    (workspace / "app.py").write_text("ssn = '000-12-3456'\n")
    policy = write_policy(workspace)
    code, out, err = run(capsys, "--policy", str(policy), "--json", ".")
    told = json.loads(out)
    assert (code, told["would_block"], told["real"], told["source"]) == (1, "yes", "no", "policy")
    assert err == ""


def test_a_list_of_guardrails_serves_as_policy(workspace, capsys) -> None:
    path = workspace.parent / "guardrails.json"
    settings = {"mode": "pre_call", "patterns": [{"pattern_name": "us_ssn", "action": "BLOCK"}]}
    path.write_text(json.dumps({"guardrails": [{"litellm_params": settings}]}))
    assert json.loads(run(capsys, "--policy", str(path), "--json", ".")[1])["source"] == "listed"


def test_a_rule_that_cannot_be_used_is_said(workspace, capsys) -> None:
    code, _, err = run(capsys, "--policy", str(write_policy(workspace, pattern=r"(a)\1")), ".")
    assert code == 0
    assert "[rule.not_linear]" in err


@pytest.mark.parametrize("content", ["", "{", "[]", '{"content_rules": []}', '{"x": 1}'])
def test_what_is_no_policy_is_refused(workspace, capsys, content: str) -> None:
    path = workspace.parent / "policy.json"
    path.write_text(content)
    code, _, err = run(capsys, "--policy", str(path), ".")
    assert code == 2
    assert "[scan.policy_unreadable]" in err
    path.unlink()
    assert run(capsys, "--policy", str(path), ".")[0] == 2


def test_marks_settle_what_is_made_up(workspace, capsys) -> None:
    (workspace / ".sidelight.toml").write_text(
        '[[fixture]]\npath = "*.py"\nrules = ["us_ssn"]\nreason = "made up"\n'
    )
    assert run(capsys, ".")[0] == 0
    policy = str(write_policy(workspace))
    code, out, _ = run(capsys, "--policy", policy, "--json", ".")
    assert (code, json.loads(out)["would_block"], json.loads(out)["real"]) == (1, "yes", "yes")
    (workspace / ".sidelight.toml").write_text('[[fixture]]\npath = "app.py"\n')
    assert json.loads(run(capsys, "--policy", policy, "--json", ".")[1])["real"] == "no"


@pytest.mark.parametrize(
    "content",
    [
        "[[fixture]",
        "fixture = 1",
        "fixture = [1]",
        '[[fixture]]\npaths = ["x"]',
        "[[fixture]]\npath = 1",
        "[[fixture]]\nrules = [1]",
        "[[fixture]]",
        "\0",
    ],
)
def test_marks_that_are_not_understood_mark_nothing_and_are_said(
    workspace, capsys, content: str
) -> None:
    (workspace / ".sidelight.toml").write_text(content)
    code, _, err = run(capsys, "app.py")
    assert code == 1
    assert "[scan.marks_unreadable]" in err
    with pytest.raises(MarksError):
        read_marks(workspace / ".sidelight.toml")


def test_the_nearest_marks_hold_and_none_beyond_the_repository(workspace) -> None:
    (workspace.parent / ".sidelight.toml").write_text("")
    assert find_marks(workspace / "deep" / "er") is None
    (workspace / "sub").mkdir()
    (workspace / "sub" / ".sidelight.toml").write_text('[[fixture]]\nrules = ["iban"]\n')
    assert find_marks(workspace / "sub") == workspace / "sub" / ".sidelight.toml"
    assert read_marks(workspace / "sub" / ".sidelight.toml") == (Mark("", ("iban",)),)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.text('ab/*"\\\n\0é', min_size=1, max_size=9), st.lists(TEXTS, max_size=3), TEXTS)
def test_a_mark_that_is_written_reads_as_it_was_meant(
    tmp_path_factory, path, rules, reason
) -> None:
    file = tmp_path_factory.getbasetemp() / ".sidelight.toml"
    mark = Mark(path, tuple(rules), reason)
    file.write_text(as_toml(Mark("x", (), "")) + "\n" + as_toml(mark), encoding="utf-8")
    assert read_marks(file) == (Mark("x"), mark)


def test_a_binary_file_is_left_out_and_said(workspace, capsys) -> None:
    (workspace / "image.png").write_bytes(b"\x89PNG\0" + SSN.encode())
    code, out, err = run(capsys, "image.png")
    assert (code, out) == (0, "")
    assert "[scan.binary]" in err


def test_a_huge_file_is_not_called_clean(workspace, capsys, monkeypatch) -> None:
    monkeypatch.setattr(scan, "MAX_FILE_MB", 0)
    code, _, err = run(capsys, "clean.py", "app.py")
    assert code == 1
    assert "[scan.huge]" in err


def test_a_file_that_is_not_there_is_said(workspace, capsys) -> None:
    code, _, err = run(capsys, "gone.py")
    assert code == 1
    assert "gone.py could not be read" in err


def test_more_files_than_a_scan_takes_are_not_called_clean(workspace, capsys, monkeypatch) -> None:
    monkeypatch.setattr(scan, "MAX_FILES", 1)
    assert run(capsys, "clean.py", "app.py")[0] == 1


def test_more_findings_than_a_scan_goes_into_are_said(workspace, capsys) -> None:
    (workspace / "app.py").write_text("".join(f"219-45-{i % 9999 + 1:04}\n" for i in range(12_000)))
    code, out, err = run(capsys, "app.py")
    assert (code, len(out.splitlines())) == (1, 10_000)
    assert "[scan.incomplete]" in err


def test_a_file_that_changes_while_it_is_read_is_read_again_and_then_given_up(
    tmp_path, monkeypatch
) -> None:
    path = tmp_path / "log.txt"
    path.write_text("one\n")
    reads = []
    real = os.fstat

    def changing(descriptor: int) -> os.stat_result:
        facts = real(descriptor)
        reads.append(facts)
        if len(reads) in changes:
            with path.open("a") as file:
                file.write("more\n")
        return facts

    monkeypatch.setattr(source_files.os, "fstat", changing)
    changes = {1}
    assert read_text(path, 1_000) == "one\nmore\n"
    reads.clear()
    changes = {1, 3}
    assert read_text(path, 1_000) == Unread(NotRead.CHANGED)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes in folders here")
def test_what_is_no_regular_file_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert isinstance(read_text(tmp_path / "pipe", 10), Unread)
    assert isinstance(read_text(tmp_path, 10), Unread)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("é".encode(), "é"),
        (b"\xef\xbb\xbfx", "x"),
        ("é".encode("utf-16"), "é"),
        (b"\xff x", "\ufffd x"),
        (b"", ""),
    ],
)
def test_text_of_any_encoding_is_read(tmp_path, raw: bytes, text: str) -> None:
    (tmp_path / "f").write_bytes(raw)
    assert read_text(tmp_path / "f", 100) == text


def test_links_are_not_followed_out_of_a_folder(workspace) -> None:
    (workspace / "link.py").symlink_to(workspace / "app.py")
    (workspace / "loop").symlink_to(workspace)
    (workspace / "node_modules").mkdir()
    (workspace / "node_modules" / "x.js").write_text(SSN)
    assert [p.name for p in files_below(workspace)] == ["app.py", "clean.py"]
