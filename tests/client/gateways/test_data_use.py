"""What the policy document says about the code that is sent, read so that a doubt is never a promise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidelight_client.domain.policy.data_use import DataUse
from sidelight_client.domain.policy.organisation import Policy
from sidelight_client.embedded.policy_document import policy_document
from sidelight_client.gateways.policy_document import data_use, policy

SAID = {
    "processed_in": "Frankfurt, by Example Cloud",
    "kept_days": 30,
    "trained_on": False,
    "url": "https://wiki.example/ai",
}
READ = DataUse("Frankfurt, by Example Cloud", 30, trained_on=False, url="https://wiki.example/ai")


def test_what_is_said_is_read() -> None:
    assert data_use({"data_use": SAID}) == READ
    assert policy({"data_use": SAID}, "v1").data_use == READ


@pytest.mark.parametrize("said", [None, 7, "EU", [], {}, {"kept_days": "soon"}, {"region": "EU"}])
def test_what_says_nothing_is_unknown(said: Any) -> None:
    assert data_use({"data_use": said}) is None
    assert data_use({}) is None


@pytest.mark.parametrize("days", [-1, 1e9, True, "x", None, float("nan")])
@pytest.mark.parametrize("trained_on", ["no", 0, None, []])
def test_a_doubt_is_never_read_as_a_promise(days: Any, trained_on: Any) -> None:
    found = data_use({"data_use": SAID | {"kept_days": days, "trained_on": trained_on}})
    assert found is not None
    assert (found.kept_days, found.trained_on) == (None, None)


def test_the_organisations_own_file_speaks_before_the_gateway() -> None:
    own, gateways = Policy(data_use=READ), Policy(data_use=DataUse("elsewhere"))
    assert own.joined(gateways).data_use == READ
    assert Policy().joined(gateways).data_use == DataUse("elsewhere")


def test_the_embedded_gateway_says_that_nothing_leaves_this_machine() -> None:
    _, body = policy_document((), ())
    assert data_use(json.loads(body)) == DataUse("this machine", 0, trained_on=False)
