"""`sidelight gateway explain`: what an administrator's recording means, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.cli import main
from sidelight_client.gateways.registry import PROFILES

RECORDINGS = Path(__file__).parents[2] / "recordings"


def run(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, dict[str, Any] | str]:
    code = main(["gateway", "explain", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, json.loads(captured.out) if captured.out.startswith("{") else captured.err


def test_a_limit_is_explained_with_whose_it_is_and_for_how_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, told = run(capsys, RECORDINGS / "litellm_rpm_key_exceeded.json", "--json")
    assert code == 0
    assert isinstance(told, dict)
    assert list(told) == ["profile", "kind", "scope", "retry_delay_s", "title", "text", "does"]
    assert told["profile"] == "litellm"
    assert (told["kind"], told["scope"], told["retry_delay_s"]) == ("limit.user", "user", 60.0)
    assert "limit of 2 requests is used up" in told["text"]


def test_a_person_reads_the_same_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "explain", str(RECORDINGS / "portkey_hook_deny_446.json")]) == 0
    told = capsys.readouterr().out
    assert told.startswith("policy.blocked: ")
    assert "portkey, recognised by Portkey's headers" in told
    assert "078-05" not in told


def test_the_profile_may_be_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    exchange = tmp_path / "x.json"
    exchange.write_text(json.dumps({"response": {"status": 429, "headers": [], "body": ""}}))
    for profile, kind in (("openai", "limit.vendor"), ("kong", "limit.user")):
        _, told = run(capsys, exchange, "--json", "--profile", profile)
        assert isinstance(told, dict)
        assert (told["profile"], told["kind"]) == (profile, kind)


def test_a_profile_that_does_not_exist_is_refused_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, told = run(capsys, RECORDINGS / "portkey_ctx.json", "--profile", "tomorrow")
    assert code == 2
    assert isinstance(told, str)
    assert all(name in told for name in PROFILES)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "it is not a JSON object"),
        ("[1]", "it is not a JSON object"),
        ("{}", "there is no response in it"),
        ('{"response": null}', "there is no response in it"),
        ('{"response": {"status": "200"}}', "the response has no status"),
        ('{"response": {"status": true}}', "the response has no status"),
        ('{"response": {"status": 7}}', "the response's status is none"),
        ('{"response": {"status": 200, "headers": [1]}}', "a header is not a name and a value"),
        ("[" * 50_000, "it is not a JSON object"),
    ],
)
def test_a_file_that_is_no_exchange_is_a_usage_error_with_a_sentence(
    content: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange = tmp_path / "x.json"
    exchange.write_text(content)
    code, told = run(capsys, exchange)
    assert code == 2
    assert f"is not a recorded exchange ({says})" in told


def test_a_file_that_is_not_there_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        code, told = run(capsys, path)
        assert code == 2
        assert "exchange.unreadable" in told


def test_a_file_without_end_is_not_read_whole(capsys: pytest.CaptureFixture[str]) -> None:
    zero = Path("/dev/zero")
    if not zero.exists():
        pytest.skip("only Unix has endless files")
    assert run(capsys, zero)[0] == 2


@pytest.mark.parametrize(
    ("exchange", "kind"),
    [
        ({"response": None, "client_error": "ReadTimeout"}, "upstream.timeout"),
        ({"response": None, "client_error": "ConnectionRefusedError"}, "upstream.down"),
        (
            {"response": {"status": 402, "headers": {"X-A": "b"}, "body": {"a": 1}}},
            "budget.exceeded",
        ),
        (
            {"response": {"status": None, "headers": []}, "client_error": "timed out"},
            "upstream.timeout",
        ),
        (
            {"response": {"status": 200, "body": ""}, "client_error": "ReadTimeout"},
            "upstream.timeout",
        ),
        ({"response": {"status": 204}}, "ok"),
    ],
)
def test_other_ways_to_write_an_exchange_down_are_read(
    exchange: dict[str, Any], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps(exchange))
    code, told = run(capsys, file, "--json")
    assert code == 0
    assert isinstance(told, dict)
    assert told["kind"] == kind
