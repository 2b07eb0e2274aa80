"""Reads the settings' layers from files and the environment; what cannot be read is reported, not fatal."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ..settings import Layer, Problem, Settings, from_environment, resolve
from .folders import Folders

MAX_BYTES = 256 * 1024
"""A larger file is no configuration."""
_ORGANISATION_POLICY = Path("/etc/sidelight/policy.json")


def read_settings(
    places: Folders,
    environ: Mapping[str, str],
    organisation_policy: Path = _ORGANISATION_POLICY,
) -> Settings:
    """The settings in force now.

    The organisation's policy file counts only when nobody but root can change it. A file that
    cannot be read, or holds nonsense, leaves its layer empty and is named in `problems`.
    """
    problems: list[Problem] = []
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
            layers.append((layer, found))
    settings = resolve(layers)
    return replace(settings, problems=(*problems, *settings.problems))


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
            raise ValueError("somebody other than root can change it")
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
