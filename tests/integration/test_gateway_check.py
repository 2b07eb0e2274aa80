"""What `sidelight gateway check` tells an administrator about each real gateway."""

from __future__ import annotations

import json

import pytest

from sidelight_client.cli import main

from .upstream import Upstream

pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]


def checked(url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    code = main(["gateway", "check", url, "--json"])
    told: dict[str, object] = json.loads(capsys.readouterr().out)
    return code, told


def test_litellm_is_named_by_its_answers(
    litellm_url: str, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = checked(litellm_url, capsys)
    assert told["profile"] == "litellm"
    assert told["announced"] is False
    assert "policy.blocked" in told["error_kinds"]
    assert any("sign-in" in change for change in told["change"])


def test_portkey_is_named_by_its_answers(
    portkey_url: str, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = checked(portkey_url, capsys)
    assert told["profile"] == "portkey"
    assert told["announced"] is False
    assert "policy.blocked" in told["error_kinds"]
    assert told["change"]


def test_the_gateway_behind_them_announces_itself(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = checked(upstream.url, capsys)
    assert (code, told["profile"], told["announced"], told["ok"]) == (0, "sidelight", True, True)
