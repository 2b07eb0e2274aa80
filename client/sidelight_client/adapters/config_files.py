"""Reads the settings' layers from files and the environment; what cannot be read is reported, not fatal."""

from __future__ import annotations

import json
import os
import stat
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ..domain.policy.organisation import Policy, PolicyTrouble
from ..gateways.policy_document import policy, trouble
from ..settings import Layer, Problem, Settings, from_environment, resolve
from .folders import Folders
from .gateway_document import DocumentProblem, address_in, read_gateway_document

MAX_BYTES = 256 * 1024
"""A larger file is no configuration."""
RULE_KEYS = ("repo_rules", "unknown_remote", "data_use", "issued_at")
"""What the organisation's policy file may hold beside settings, in the policy document's shape."""


def read_settings(
    places: Folders,
    environ: Mapping[str, str],
    organisation_policy: Path | None = None,
) -> Settings:
    """The settings in force now.

    The organisation's policy file counts only when nobody but root can change it. A file that
    cannot be read, or holds nonsense, leaves its layer empty and is named in `problems`.
    `gateway_document` tells the gateway's address where no layer does.
    """
    problems: list[Problem] = []
    organisation_policy = organisation_policy or organisation_policy_file()
    layers: list[tuple[Layer, Mapping[str, Any]]] = [(Layer.ENVIRONMENT, from_environment(environ))]
    for layer, path, parse in (
        (Layer.POLICY, organisation_policy, _json),
        (Layer.FILE, places.config_file, _toml),
    ):
        try:
            found = _read(path, parse, trusted_only=layer is Layer.POLICY)
        except (OSError, ValueError) as error:
            problems.append(Problem(path.name, layer, _why(error)))
        else:
            if layer is Layer.POLICY:
                found = {key: value for key, value in found.items() if key not in RULE_KEYS}
            layers.append((layer, found))
    settings = resolve(layers)
    if settings.text("gateway_document") and not settings.texts("gateway"):
        document = settings.explain("gateway_document")
        address = _announced_in(settings.text("gateway_document"))
        if isinstance(address, DocumentProblem):
            problems.append(Problem("gateway_document", document.layer, address.problem))
        else:
            settings = resolve([*layers, (Layer.GATEWAY, {"gateway": address})])
    return replace(settings, problems=(*problems, *settings.problems))


def _announced_in(path: str) -> str | DocumentProblem:
    """The gateway's address out of the document that was placed for it."""
    found = read_gateway_document(Path(path))
    if isinstance(found, DocumentProblem):
        return found
    return address_in(found) or DocumentProblem("it names no api_base, and gateway is not set")


def organisation_policy_file() -> Path:
    """Where an organisation's policy file lies: a place that takes an administrator to write to."""
    if sys.platform == "darwin":
        return Path("/Library/Application Support/Sidelight/policy.json")
    if sys.platform == "win32":
        # From the registry: everybody may set the variable %ProgramFiles% for themselves.
        import winreg

        where = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, where) as key:
            return Path(winreg.QueryValueEx(key, "ProgramFilesDir")[0], "Sidelight", "policy.json")
    return Path("/etc/sidelight/policy.json")


def read_organisation_rules(path: Path, now: float) -> Policy | PolicyTrouble:
    """The place rules of the organisation's policy file; none where there is no file.

    A file that somebody else could have written says nothing in the organisation's name.
    """
    try:
        found = _read(path, _json, trusted_only=True)
    except _NotTrustedError:
        return Policy()
    except (OSError, ValueError, RecursionError):
        return PolicyTrouble.UNREADABLE
    said = {name: found[name] for name in RULE_KEYS if name in found}
    return trouble(said, now) or policy(said, "")


class _NotTrustedError(ValueError):
    """Somebody other than root can change the file."""


def _read(path: Path, parse: Callable[[str], Any], *, trusted_only: bool) -> Mapping[str, Any]:
    """The file's content as a mapping; empty when there is no file. Raises OSError or ValueError."""
    try:
        # A pipe in the file's place is opened without waiting for a writer. A person may link to
        # their file; whoever could link the organisation's elsewhere could as well change it.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags | (getattr(os, "O_NOFOLLOW", 0) if trusted_only else 0))
    except FileNotFoundError:
        return {}
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("it is not a regular file")
        if trusted_only and os.name == "posix" and (facts.st_uid != 0 or facts.st_mode & 0o022):
            raise _NotTrustedError("somebody other than root can change it")
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ValueError("it is too large")
    found: Any = parse(raw.decode("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("it holds no settings")  # noqa: TRY004  What is wrong is the file.
    return cast("dict[str, Any]", found)


def _toml(text: str) -> Any:
    return tomllib.loads(text)


def _json(text: str) -> Any:
    return json.loads(text)


def _why(error: Exception) -> str:
    """Why a file was not taken, as the end of "… is not valid: "; never its content."""
    match error:
        case OSError():
            return error.strerror or "it cannot be read"
        case tomllib.TOMLDecodeError():
            return "it is not valid TOML"
        case json.JSONDecodeError():
            return "it is not valid JSON"
        case UnicodeDecodeError():
            return "it is not UTF-8 text"
        case _:
            return str(error)
