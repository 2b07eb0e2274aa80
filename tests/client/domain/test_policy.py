"""Where AI is on or off: the strictest matching rule decides."""

from __future__ import annotations

import pytest

from sidelight_client.domain.place import Document
from sidelight_client.domain.policy import Mode, PlaceRule, Policy, judge

RULES = Policy(
    place_rules=(
        PlaceRule("pci", Mode.OFF, remote="git.example/pay/*", reason="PCI scope"),
        PlaceRule("terraform", Mode.OFF, path="*.tf", reason="Infrastructure as code"),
        PlaceRule("infra", Mode.LOCAL_ONLY, path="infra/*"),
        PlaceRule("core", Mode.REVIEW_LABEL, remote="git.example/core/*"),
    )
)


@pytest.mark.parametrize(
    ("remote", "path", "mode", "rule"),
    [
        ("git.example/web/shop", "src/app.py", Mode.ON, None),
        (None, "src/app.py", Mode.ON, None),
        ("git.example/pay/ledger", "src/app.py", Mode.OFF, "pci"),
        ("GIT.example/Pay/ledger", "src/app.py", Mode.OFF, "pci"),
        ("git.example/web/shop", "deploy/main.tf", Mode.OFF, "terraform"),
        ("git.example/web/shop", "infra/run.sh", Mode.LOCAL_ONLY, "infra"),
        ("git.example/web/shop", "infra\\main.tf", Mode.OFF, "terraform"),
        ("git.example/core/kernel", "infra/x.py", Mode.LOCAL_ONLY, "infra"),
        ("git.example/core/kernel", "a.py", Mode.REVIEW_LABEL, "core"),
    ],
)
def test_the_strictest_rule_wins(
    remote: str | None, path: str, mode: Mode, rule: str | None
) -> None:
    verdict = judge(RULES, Document("file:///x", repository=remote), path)
    assert (verdict.mode, verdict.rule.id if verdict.rule else None) == (mode, rule)
