"""Where AI is on or off: which rules count at a place, and that the strictest of them decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.policy.code_category import CodeCategory
from sidelight_client.domain.policy.infrastructure import FileKind
from sidelight_client.domain.policy.organisation import Mode, PlaceRule, Policy, RedactionMode
from sidelight_client.domain.policy.place_policy import (
    VERDICTS_KEPT,
    DocumentPlace,
    PlacePolicy,
    RepositoryLevel,
    WorkspaceRule,
)

RULES = Policy(
    place_rules=(
        PlaceRule("pci", Mode.OFF, remote="git.example/pay/*", reason="PCI scope"),
        PlaceRule("terraform", Mode.OFF, path="*.tf", reason="Infrastructure as code"),
        PlaceRule("infra", Mode.LOCAL_ONLY, path="infra/*"),
        PlaceRule("core", Mode.REVIEW_LABEL, remote="git.example/core/*"),
    )
)


def at(path: str, *remotes: str, markers: frozenset[str] = frozenset()) -> DocumentPlace:
    """A file in one repository."""
    return DocumentPlace((RepositoryLevel(path, remotes, markers),))


def inside(*levels: tuple[str, str]) -> DocumentPlace:
    """A file in nested repositories, given as path and remote, the nearest first."""
    return DocumentPlace(tuple(RepositoryLevel(path, (remote,)) for path, remote in levels))


def judged(policy: Policy, place: DocumentPlace) -> tuple[Mode, str | None]:
    verdict = PlacePolicy(policy).judge(place)
    return verdict.mode, verdict.rule.id if verdict.rule else None


def rules(*given: PlaceRule, unknown_remote: Mode = Mode.ON) -> Policy:
    return Policy(place_rules=given, unknown_remote=unknown_remote)


@pytest.mark.parametrize(
    ("remote", "path", "mode", "rule"),
    [
        ("git.example/web/shop", "src/app.py", Mode.ON, None),
        (None, "src/app.py", Mode.ON, None),
        ("git.example/pay/ledger", "src/app.py", Mode.OFF, "pci"),
        ("GIT.example/Pay/ledger", "src/app.py", Mode.OFF, "pci"),
        ("git.example/web/shop", "deploy/main.tf", Mode.OFF, "terraform"),
        ("git.example/web/shop", "deploy/MAIN.TF", Mode.OFF, "terraform"),
        ("git.example/web/shop", "infra/run.sh", Mode.LOCAL_ONLY, "infra"),
        ("git.example/web/shop", "infra\\main.tf", Mode.OFF, "terraform"),
        ("git.example/core/kernel", "infra/x.py", Mode.LOCAL_ONLY, "infra"),
        ("git.example/core/kernel", "a.py", Mode.REVIEW_LABEL, "core"),
    ],
)
def test_the_strictest_rule_wins(
    remote: str | None, path: str, mode: Mode, rule: str | None
) -> None:
    assert judged(RULES, at(path, *([remote] if remote else []))) == (mode, rule)


PCI = PlaceRule("pci", Mode.OFF, remote="h/pay/*")
VENDORED = PlaceRule("oss", Mode.ON, remote="h/oss/*")


def test_a_submodule_without_a_rule_of_its_own_is_closed_with_what_is_around_it() -> None:
    place = inside(("a.py", "h/other/lib"), ("vendor/lib/a.py", "h/pay/ledger"))
    assert judged(rules(PCI), place) == (Mode.OFF, "pci")


def test_a_submodule_with_a_rule_of_its_own_follows_that_rule() -> None:
    place = inside(("a.py", "h/oss/lib"), ("vendor/lib/a.py", "h/pay/ledger"))
    assert judged(rules(PCI, VENDORED), place) == (Mode.ON, "oss")
    closed_inside = inside(("a.py", "h/pay/ledger"), ("sub/a.py", "h/oss/all"))
    assert judged(rules(PCI, VENDORED), closed_inside) == (Mode.OFF, "pci")


def test_a_rule_that_names_no_remote_counts_in_every_repository_around_the_file() -> None:
    vendor = PlaceRule("vendor", Mode.LOCAL_ONLY, path="vendor/*")
    place = inside(("a.py", "h/oss/lib"), ("vendor/lib/a.py", "h/web/shop"))
    assert judged(rules(vendor, VENDORED), place) == (Mode.LOCAL_ONLY, "vendor")


def test_a_rule_for_every_remote_opens_nothing_that_is_closed_further_out() -> None:
    everywhere = PlaceRule("all", Mode.ON, remote="*")
    place = inside(("a.py", "h/other/lib"), ("vendor/a.py", "h/pay/ledger"))
    assert judged(rules(everywhere, PCI), place) == (Mode.OFF, "pci")


def test_a_second_remote_closes_and_never_opens() -> None:
    assert judged(rules(PCI), at("a.py", "h/me/ledger", "h/pay/ledger"))[0] is Mode.OFF
    named_by_hand = DocumentPlace(
        (
            RepositoryLevel("a.py", ("h/me/x", "h/oss/lib")),
            RepositoryLevel("x/a.py", ("h/pay/ledger",)),
        )
    )
    assert judged(rules(PCI, VENDORED), named_by_hand) == (Mode.OFF, "pci")


@pytest.mark.parametrize("remotes", [(), ("h/other/x",), ("h/other/x", "h/oss/lib")])
def test_an_unknown_remote_follows_the_default(remotes: tuple[str, ...]) -> None:
    policy = rules(VENDORED, unknown_remote=Mode.LOCAL_ONLY)
    assert judged(policy, at("a.py", *remotes)) == (Mode.LOCAL_ONLY, "unknown_remote")
    assert judged(policy, at("a.py", "h/oss/lib")) == (Mode.ON, "oss")


def test_of_two_defaults_the_stricter_counts() -> None:
    policy = rules(unknown_remote=Mode.REVIEW_LABEL)
    assert PlacePolicy(policy, Mode.OFF).judge(at("a.py")).mode is Mode.OFF
    assert PlacePolicy(policy, Mode.ON).judge(at("a.py")).mode is Mode.REVIEW_LABEL
    joined = policy.joined(rules(PCI, unknown_remote=Mode.LOCAL_ONLY))
    assert (joined.unknown_remote, joined.place_rules) == (Mode.LOCAL_ONLY, (PCI,))
    assert joined.redaction is RedactionMode.ALLOW


def test_a_marker_closes_its_place_and_can_open_none() -> None:
    marked = PlaceRule("pci", Mode.OFF, marker=".pci-scope")
    opened = PlaceRule("fine", Mode.ON, remote="h/*", marker=".ai-ok")
    policy = rules(marked, opened, unknown_remote=Mode.OFF)
    has = frozenset((".pci-scope",))
    assert judged(policy, at("a.py", "h/web/shop", markers=has)) == (Mode.OFF, "pci")
    nested = DocumentPlace(
        (
            RepositoryLevel("a.py", ("h/web/x",), frozenset((".ai-ok",))),
            RepositoryLevel("x/a.py", ("h/pay/y",), has),
        )
    )
    assert judged(policy, nested)[0] is Mode.OFF


def test_kind_and_category_are_matched_by_any_of_those_named() -> None:
    policy = rules(
        PlaceRule("iac", Mode.OFF, kinds=frozenset((FileKind.HELM, FileKind.TERRAFORM))),
        PlaceRule("care", Mode.REVIEW_LABEL, categories=frozenset((CodeCategory.DATA_HANDLING,))),
        PlaceRule("both", Mode.LOCAL_ONLY, remote="h/pay/*", kinds=frozenset((FileKind.HELM,))),
    )
    place = at("x", "h/pay/y")
    assert judged(policy, place) == (Mode.ON, None)
    assert judged(policy, replace(place, kinds=frozenset((FileKind.HELM,)))) == (Mode.OFF, "iac")
    data = replace(place, categories=frozenset(CodeCategory))
    assert judged(policy, data) == (Mode.REVIEW_LABEL, "care")


def test_a_file_that_is_reached_by_a_link_is_judged_where_it_lies_as_well() -> None:
    linked = replace(at("a.py", "h/web/shop"), aliases=at("src/a.py", "h/pay/y").levels)
    assert judged(rules(PCI), linked) == (Mode.OFF, "pci")


def test_a_workspace_file_tightens_and_never_opens() -> None:
    closing = WorkspaceRule(PlaceRule("own", Mode.OFF, path="secret/*"), "secret/a.py")
    opening = WorkspaceRule(PlaceRule("own", Mode.ON), "a.py")
    place = at("secret/a.py", "h/web/shop")
    assert judged(rules(), replace(place, own_rules=(closing,))) == (Mode.OFF, "own")
    elsewhere = replace(closing, path="open/a.py")
    assert judged(rules(), replace(place, own_rules=(elsewhere,))) == (Mode.ON, None)
    closed = replace(at("a.py", "h/pay/y"), own_rules=(opening,))
    assert judged(rules(PCI), closed) == (Mode.OFF, "pci")


words = st.text("ab/*?[].", max_size=8)
some_rules = st.lists(
    st.builds(
        PlaceRule,
        st.just("r"),
        st.sampled_from(Mode),
        words,
        words,
        marker=st.sampled_from(["", ".m"]),
        kinds=st.frozensets(st.sampled_from(FileKind), max_size=1),
    ),
    max_size=6,
)
some_levels = st.lists(
    st.builds(
        RepositoryLevel,
        st.text("ab/.", max_size=8),
        st.lists(st.text("ab/", min_size=1, max_size=5), max_size=2).map(tuple),
        st.frozensets(st.just(".m")),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
places = st.builds(
    DocumentPlace,
    some_levels,
    st.just(()) | some_levels,
    st.frozensets(st.sampled_from(FileKind), max_size=2),
    st.frozensets(st.sampled_from(CodeCategory), max_size=2),
)


@given(some_rules, places, st.sampled_from(Mode))
def test_what_a_work_tree_adds_never_makes_a_verdict_less_strict(
    given_rules: list[PlaceRule], place: DocumentPlace, default: Mode
) -> None:
    policy = PlacePolicy(rules(*given_rules, unknown_remote=default))
    before = policy.judge(place).mode
    nearest, *further = place.levels
    for more in (
        replace(place, own_rules=(WorkspaceRule(PlaceRule("own", Mode.ON), "x"),)),
        replace(place, kinds=frozenset(FileKind), categories=frozenset(CodeCategory)),
        replace(place, aliases=(*place.aliases, *(() if place.aliases else place.levels))),
        replace(place, levels=(replace(nearest, markers=frozenset((".m",))), *further)),
        replace(
            place,
            levels=(replace(nearest, remotes=(*(nearest.remotes or ("zz",)), "a/b")), *further),
        ),
    ):
        if not nearest.remotes and more.levels[0].remotes:
            continue
        assert not before.stricter(policy.judge(more).mode)


@given(some_rules, places)
def test_another_rule_without_a_remote_never_makes_a_verdict_less_strict(
    given_rules: list[PlaceRule], place: DocumentPlace
) -> None:
    before = PlacePolicy(rules(*given_rules)).judge(place).mode
    for mode in Mode:
        after = PlacePolicy(rules(*given_rules, PlaceRule("more", mode))).judge(place).mode
        assert not before.stricter(after)
        assert not mode.stricter(after)


def test_what_is_remembered_is_bounded() -> None:
    policy = PlacePolicy(RULES)
    for number in range(VERDICTS_KEPT + 10):
        policy.judge(at(f"{number}.py"))
    assert len(policy._verdicts) == VERDICTS_KEPT
