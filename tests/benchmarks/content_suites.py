"""The prompt-cache and the scan benchmark as suites of the one command."""

from __future__ import annotations

from collections.abc import Iterable

from sidelight_client.adapters.re2_matcher import RuleMatcher
from sidelight_client.adapters.stdnum_validators import VALIDATORS
from sidelight_client.domain.content.catalogue import CATALOGUE
from sidelight_client.domain.content.preview import ContentPreview

from . import prompt_cache, scan
from .report import Line, Options, Suite, held

SEED = 1
TABS = (0, 3)


def run(options: Options) -> Iterable[Line]:
    """Figure 14: the share of each prompt a provider with prefix caching would have kept."""
    for layout in prompt_cache.Layout:
        for size in prompt_cache.SIZES[:1] if options.quick else prompt_cache.SIZES:
            for tabs in TABS:
                result = prompt_cache.measure(layout, size, tabs, SEED)
                ok = result.ratio >= prompt_cache.TARGET
                judged = layout is prompt_cache.Layout.CHAT
                bound = f">= {prompt_cache.TARGET}"
                yield Line(
                    14,
                    f"cached tokens, {layout.value}, {size} lines, {tabs} tabs",
                    f"{result.ratio:.3f}",
                    (held(ok, bound) if judged else bound, f"n={result.requests}"),
                    passed=ok if judged else None,
                    facts={"ratio": result.ratio, "prompt_bytes": result.prompt_bytes},
                )


def run_scan(options: Options) -> Iterable[Line]:
    """What scanning costs; its figures have no number in the table."""
    matcher = RuleMatcher(CATALOGUE)
    patient = ContentPreview(
        RuleMatcher(CATALOGUE, max_matches=10_000, budget_s=5.0), VALIDATORS, b""
    )
    quick = options.quick
    for figures in (
        scan.first_pass(matcher, 3 if quick else 15),
        scan.keystrokes(matcher, 300 if quick else 3_000),
        scan.before_sending(ContentPreview(matcher, VALIDATORS, b""), 3 if quick else 30),
        scan.linear(patient, 64_000 if quick else 500_000, 3),
        scan.precision(patient, 200 if quick else 10_000),
    ):
        for figure in figures:
            yield Line(0, f"scan: {figure.name}", figure.shown, passed=figure.ok)


SUITE = Suite("prompt_cache", frozenset((14,)), run)
SCAN_SUITE = Suite("scan", frozenset(), run_scan)
