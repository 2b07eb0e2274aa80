"""The policy the embedded gateway announces: the content rules it enforces, and where AI is off."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from ..domain.policy.organisation import ContentRule, Mode, PlaceRule
from .replies import as_json

OWNER = "whoever runs this development gateway: you"

DEFAULT_PLACES = tuple(
    PlaceRule(
        id_,
        Mode.OFF,
        path=path,
        reason="Files of this kind hold secrets, so nothing in them is sent.",
        owner=OWNER,
    )
    for id_, path in (
        ("environment_files", ".env*"),
        ("key_files", "*.pem"),
        ("terraform_variables", "*.tfvars"),
    )
)


def policy_document(
    content_rules: Sequence[ContentRule],
    place_rules: Sequence[PlaceRule],
    unknown_remote: Mode = Mode.ON,
) -> tuple[str, bytes]:
    """The document's ETag (RFC 9110 §8.8.3) and its JSON; equal rules have equal tags."""
    document: dict[str, Any] = {
        "content_rules": [_content_rule(rule) for rule in content_rules],
        "repo_rules": [_place_rule(rule) for rule in place_rules],
        "unknown_remote": unknown_remote.value,
        # What may answer in its place has to run on this machine as well.
        "data_use": {"processed_in": "this machine", "kept_days": 0, "trained_on": False},
    }
    version = hashlib.sha256(as_json(document)).hexdigest()[:16]
    return f'"{version}"', as_json({"version": version} | document)


def _content_rule(rule: ContentRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "kind": rule.kind,
        "pattern": rule.pattern,
        "validator": rule.validator,
        "action": rule.action.value,
        "explain": rule.explain,
        "appeal_url": rule.appeal_url,
    }


def _place_rule(rule: PlaceRule) -> dict[str, Any]:
    match: dict[str, Any] = {"remote": rule.remote, "path": rule.path}
    match |= {"marker": rule.marker} if rule.marker else {}
    match |= {"kind": sorted(rule.kinds)} if rule.kinds else {}
    match |= {"category": sorted(rule.categories)} if rule.categories else {}
    return {
        "id": rule.id,
        "match": match,
        "mode": rule.mode.value,
        "reason": rule.reason,
        "owner": rule.owner,
        "url": rule.url,
        "date": rule.date,
    }
