"""`sidelight gateway check URL`: what an administrator wants to know on the first day."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..adapters.clock import SystemClock
from ..adapters.gateway_document import DocumentProblem, read_gateway_document
from ..adapters.gateway_look import look
from ..adapters.http import HttpClient
from ..domain.content.explain_rule import explain_rule
from ..domain.failure import Failure, FailureKind
from ..domain.models.model_facts import ModelFacts
from ..errors import ExitCode, GatewayUnreachableError, RefusedError, UsageError
from ..gateways.abilities import EXPRESSIBLE, Feature, Looked, Works, features
from ..gateways.discovery import origin

_MARKS = {Works.YES: "✓", Works.PARTLY: "~", Works.NO: "–"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="with or without /v1 at its end")
    parser.add_argument(
        "--document",
        type=Path,
        metavar="FILE",
        help="a discovery document that takes the place of the gateway's own",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> ExitCode:
    if not origin(arguments.url):
        raise UsageError("gateway.no_address", given=arguments.url)
    document = None if arguments.document is None else _document(arguments.document)
    seen = asyncio.run(_look(arguments.url, document))
    if isinstance(seen, Failure):
        raise GatewayUnreachableError("gateway.unreachable", name=arguments.url)
    if arguments.json:
        print(json.dumps(as_json(seen), ensure_ascii=False))
    else:
        print("\n".join(as_text(seen)))
    return exit_code(seen)


def _document(path: Path) -> Mapping[str, Any]:
    """The document in the file at `path`. Raises RefusedError."""
    found = read_gateway_document(path.absolute())
    if isinstance(found, DocumentProblem):
        raise RefusedError("file.unreadable", path=str(path), problem=found.problem)
    return found


async def _look(url: str, document: Mapping[str, Any] | None) -> Looked | Failure:
    http = HttpClient()
    try:
        return await look(url, http, SystemClock(), document)
    finally:
        await http.close()


def exit_code(seen: Looked) -> ExitCode:
    """A finding when something is missing without which nothing works."""
    missing = any(f.essential and f.works is Works.NO for f in features(seen))
    return ExitCode.FINDING if missing else ExitCode.OK


def kinds(seen: Looked) -> list[str]:
    """The error kinds the gateway can express, in the order of the taxonomy."""
    known = EXPRESSIBLE[seen.gateway.profile.name]
    return [kind.value for kind in FailureKind if kind in known]


def as_json(seen: Looked) -> dict[str, Any]:
    """Everything, for a script."""
    found = features(seen)
    return {
        "url": seen.gateway.info.url,
        "name": seen.gateway.info.name,
        "profile": seen.gateway.profile.name,
        "recognised_by": seen.gateway.sign,
        "announced": seen.announced,
        "ok": exit_code(seen) is ExitCode.OK,
        "features": [
            {"name": f.name, "works": f.works.value, "how": f.how, "essential": f.essential}
            for f in found
        ],
        "models": models(seen),
        "closed_rules": {rule: list(by) for rule, by in seen.closed_rules.items()},
        "rule_problems": [
            {"rule": problem.rule, "code": told.code, "text": told.text}
            for problem in seen.rule_problems
            for told in (explain_rule(problem),)
        ],
        "error_kinds": kinds(seen),
        "change": changes(seen, found),
    }


def models(seen: Looked) -> list[dict[str, Any]]:
    """What the gateway says of its models; null where it does not."""
    return [
        {
            "name": facts.name,
            "max_input_tokens": facts.input_tokens,
            "max_output_tokens": facts.output_tokens,
            "input_cost_per_token": facts.input_cost,
            "cached_cost_per_token": facts.cached_cost,
            "output_cost_per_token": facts.output_cost,
            "requests_per_minute": facts.requests_per_minute,
            "tokens_per_minute": facts.tokens_per_minute,
        }
        for facts in seen.gateway.info.model_facts.values()
        if facts.told
    ]


def changes(seen: Looked, found: tuple[Feature, ...]) -> list[str]:
    """What to change, most important first."""
    ordered = sorted(found, key=lambda f: not (f.essential and f.works is Works.NO))
    return (
        [f"{f.name}: {f.change}" for f in ordered if f.change]
        + [
            f"policy: The rule {rule} also matches by {', '.join(by)}, which this version does not know;"
            " until it does, the rule applies wherever the rest of it matches."
            for rule, by in seen.closed_rules.items()
        ]
        + [f"content: {explain_rule(problem).text}" for problem in seen.rule_problems]
    )


def as_text(seen: Looked) -> list[str]:
    """The same for a person."""
    found = features(seen)
    info = seen.gateway.info
    told = [f"{info.name} speaks {seen.gateway.profile.name}, recognised by {seen.gateway.sign}."]
    told += [f"  {_MARKS[f.works]} {f.name:<15} {f.how}" for f in found]
    told.append(f"Error kinds it can express: {', '.join(kinds(seen))}.")
    told += [_model_line(facts) for facts in info.model_facts.values() if facts.told]
    to_change = changes(seen, found)
    if to_change:
        told += ["What to change:", *(f"  {change}" for change in to_change)]
        told.append("`/.well-known/sidelight-gateway` is where a gateway announces these.")
    return told


def _model_line(facts: ModelFacts) -> str:
    """One model as a person reads it; what the gateway did not say is left out."""
    million = 1_000_000
    told = (
        (facts.input_tokens, "reads {:,} tokens"),
        (facts.input_cost and facts.input_cost * million, "{:g} per million tokens in"),
        (facts.cached_cost and facts.cached_cost * million, "{:g} per million cached"),
        (facts.output_cost and facts.output_cost * million, "{:g} per million out"),
        (facts.requests_per_minute, "{:,} requests a minute"),
        (facts.tokens_per_minute, "{:,} tokens a minute"),
    )
    return f"  model {facts.name}: " + ", ".join(
        words.format(value) for value, words in told if value
    )
