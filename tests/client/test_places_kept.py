"""What is kept of whether a document's text may leave, and when it is judged again."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import places
from sidelight_client.broker.facts import BrokerFacts
from sidelight_client.broker.places import Places
from sidelight_client.domain.policy.organisation import Mode, PlaceRule, Policy
from sidelight_client.settings import resolve

CLOSED = Policy("1", place_rules=(PlaceRule("rule", Mode.OFF, path="**/secret/**"),))


@pytest.fixture
def facts() -> BrokerFacts:
    return BrokerFacts("0.1.0")


@pytest.fixture
def judged(facts: BrokerFacts) -> Places:
    settings = resolve(())
    return Places(WorkspacePlaces(), facts, lambda: settings)


def test_new_rules_are_heeded_at_the_next_key(
    judged: Places, facts: BrokerFacts, tmp_path: Path
) -> None:
    uri = (tmp_path / "secret" / "a.py").as_uri()
    assert judged.may_leave(uri, "python")
    facts.policy = CLOSED
    assert not judged.may_leave(uri, "python")
    facts.policy = Policy()
    assert judged.may_leave(uri, "python")


def test_a_place_that_was_looked_at_again_is_judged_again(
    judged: Places, facts: BrokerFacts, tmp_path: Path
) -> None:
    facts.policy = Policy("1", place_rules=(PlaceRule("rule", Mode.OFF, marker=".closed"),))
    uri = (tmp_path / "a.py").as_uri()
    assert judged.may_leave(uri, "python")
    (tmp_path / ".closed").touch()
    judged.look_again([uri])
    assert not judged.may_leave(uri, "python")


def test_only_a_few_answers_are_kept(
    judged: Places, facts: BrokerFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "JUDGED_KEPT", 2)
    facts.policy = CLOSED
    uris = [(tmp_path / folder / "a.py").as_uri() for folder in ("secret", "b", "c", "secret")]
    assert [judged.may_leave(uri, "python") for uri in uris] == [False, True, True, False]
