"""A completion is found again in `sidelight usage`, with a broker and after it has ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import SOURCE, Sidelight

pytestmark = pytest.mark.anyio


async def usage(sidelight: Sidelight) -> dict[str, Any]:
    code, out, err = await sidelight.run("usage", "--json", "--by", "language")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("sidelight", ["broker"], indirect=True)
async def test_what_was_used_is_known_with_a_broker_and_without(sidelight: Sidelight) -> None:
    (sidelight.workspace / ".git").mkdir()
    file = sidelight.workspace / "new.py"
    file.write_text(SOURCE + "\nx = total_of_", "utf-8")
    line = SOURCE.count("\n") + 2
    code, _, err = await sidelight.run("complete", f"{file}:{line}:14", "--json")
    assert code == 0, err
    running = await usage(sidelight)
    (user,) = [limit for limit in running["limits"] if limit["scope"] == "user"]
    assert (user["used"], user["counted"], user["unit"]) == (1, 1, "requests")
    assert user["source"] in ("gateway", "headers")
    # The broker counts it for the tray in the same way, and the command without one as well.
    assert [use["scope"] for use in running["today"]["limits"]] == [
        limit["scope"] for limit in running["limits"]
    ]
    sidelight.end_brokers()
    after = await usage(sidelight)
    for today in (running["today"], after["today"]):
        assert (today["source"], today["problem"]) == ("ledger", "")
        assert today["total"]["requests"] == sum(bar["requests"] for bar in today["hours"]) == 1
        assert 23 <= len(today["hours"]) <= 25
    assert after["limits"] is None
    assert after["total"] == running["total"]
    (group,) = after["groups"]
    assert (group["key"], group["requests"], group["sends"]) == ("python", 1, 1)
    assert group["prompt_tokens"]["total"] > 0
