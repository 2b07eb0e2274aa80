"""The rules by which LSP4IJ reads a template folder, as they were found by running its own reader.

A template that breaks one is refused with an exception, or loses a part without a word.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from sidelight_lsp.wire.plain import sequence

SYSTEMS = {"default", "windows", "mac", "unix", "linux"}
OPTIONAL = (
    *("settings.json", "settings.schema.json", "initializationOptions.json"),
    *("clientSettings.json", "experimental.json", "installer.json", "workspaceFolderSettings.json"),
)
TASKS = {"exec", "download", "configureServer"}


def problems(folder: Path) -> list[str]:
    """What LSP4IJ would not take of a template folder, one sentence each."""
    found: list[str] = []
    template = _read(folder / "template.json", found)
    if template is None:
        return found
    names = [name for name in ("id", "name") if not isinstance(template.get(name), str)]
    found += [f"template.json: {name} is no text" for name in names]
    found += _command(template.get("programArgs"), "template.json: programArgs")
    for number, mapping in enumerate(_objects(template.get("fileTypeMappings"))):
        found += _file_type(mapping, f"template.json: fileTypeMappings[{number}]")
    for mapping in _objects(template.get("languageMappings")):
        if not isinstance(mapping.get("language"), str):
            found.append("template.json: a languageMapping has no language")
    environment = template.get("env")
    if isinstance(environment, dict):
        inherits = cast("dict[str, Any]", environment).get("includeSystemEnvironmentVariables")
        if inherits is not True:
            found.append("template.json: env loses PATH without includeSystemEnvironmentVariables")
    for name in OPTIONAL:
        if (folder / name).exists():
            read = _read(folder / name, found)
            if name == "installer.json" and read is not None:
                found += _installer(read)
    if not (folder / "README.md").is_file():
        found.append("README.md is missing: it is the description")
    return found


def commands(folder: Path) -> set[str]:
    """Every command line of the template, to start the server or to install it."""
    lines: set[str] = set()

    def look(value: Any) -> None:
        if not isinstance(value, dict):
            return
        for key, inner in cast("dict[str, Any]", value).items():
            if key in {"command", "programArgs"}:
                lines.update(_values(inner))
            else:
                look(inner)

    look(json.loads((folder / "template.json").read_text("utf-8")))
    look(json.loads((folder / "installer.json").read_text("utf-8")))
    return lines


def _values(value: Any) -> list[str]:
    return list(cast("dict[str, str]", value).values()) if isinstance(value, dict) else [value]


def _read(path: Path, found: list[str]) -> dict[str, Any] | None:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        found.append(f"{path.name} cannot be read: {type(error).__name__}")
        return None
    if not isinstance(read, dict):
        found.append(f"{path.name} is no object")
        return None
    return cast("dict[str, Any]", read)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", one) for one in sequence(value) if isinstance(one, dict)]


def _command(value: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    lines = cast("dict[str, Any]", value)
    found = [f"{where}: nobody reads {key}" for key in lines if key not in SYSTEMS]
    found += [f"{where}: {key} is no text" for key in lines if not isinstance(lines[key], str)]
    return found + ([] if "default" in lines else [f"{where} has no default"])


def _file_type(mapping: dict[str, Any], where: str) -> list[str]:
    kind = mapping.get("fileType")
    if not isinstance(kind, dict):
        return [f"{where} has no fileType object"]
    fields = cast("dict[str, Any]", kind)
    found = [] if fields.keys() & {"name", "patterns"} else [f"{where} has no name and no patterns"]
    patterns = fields.get("patterns", [])
    if not isinstance(patterns, list) or not all(
        isinstance(one, str) for one in sequence(patterns)
    ):
        found.append(f"{where}: patterns is no list of texts")
    if not isinstance(mapping.get("languageId", ""), str):
        found.append(f"{where}: languageId is no text")
    return found


def _installer(installer: dict[str, Any]) -> list[str]:
    found = [
        f"installer.json has no {part}"
        for part in ("check", "run")
        if not isinstance(installer.get(part), dict)
    ]

    def task(name: str, body: Any) -> None:
        if name not in TASKS or not isinstance(body, dict):
            found.append(f"installer.json: {name} is no task")
            return
        fields = cast("dict[str, Any]", body)
        if name == "exec":
            found.extend(_command(fields.get("command"), "installer.json: exec"))
        for then in ("onSuccess", "onFail"):
            for inner, next_body in cast("dict[str, Any]", fields.get(then, {})).items():
                task(inner, next_body)

    for part in ("check", "run"):
        for name, body in cast("dict[str, Any]", installer.get(part) or {}).items():
            task(name, body)
    return found
