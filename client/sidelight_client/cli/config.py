"""`sidelight config`: the settings in force, and who decided each."""

from __future__ import annotations

import argparse
import json
import os

from ..adapters.config_files import read_settings
from ..adapters.folders import folders
from ..errors import ExitCode, UsageError
from ..setting_table import SETTINGS, Value, schema
from ..settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="every setting, its value and where it comes from")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    explain = actions.add_parser("explain", help="one setting: what it does and who decided it")
    explain.add_argument("key")
    actions.add_parser("schema", help="the JSON Schema of the settings")


def run(arguments: argparse.Namespace) -> ExitCode:
    if arguments.action == "schema":
        print(json.dumps(schema(), indent=2, ensure_ascii=False))
        return ExitCode.OK
    settings = read_settings(folders(), os.environ)
    if arguments.action == "explain":
        print("\n".join(explained(settings, arguments.key)))
    elif arguments.json:
        print(json.dumps(as_json(settings), ensure_ascii=False))
    else:
        for key in SETTINGS:
            resolved = settings.explain(key)
            print(f"{key} = {_shown(resolved.value)}  ({resolved.layer.value})")
        for problem in settings.problems:
            print(f"{problem.key}: {problem.problem} (in {problem.layer.value}; not used)")
    return ExitCode.OK


def as_json(settings: Settings) -> dict[str, dict[str, Value | bool | list[str]]]:
    """Every setting's value and the layer that decided it."""
    shown: dict[str, dict[str, Value | bool | list[str]]] = {}
    for key in SETTINGS:
        resolved = settings.explain(key)
        value = list(resolved.value) if isinstance(resolved.value, tuple) else resolved.value
        shown[key] = {"value": value, "from": resolved.layer.value, "locked": resolved.locked}
    return shown


def explained(settings: Settings, key: str) -> list[str]:
    """What a person may want to know about one setting. Raises UsageError for an unknown key."""
    setting = SETTINGS.get(key)
    if setting is None:
        raise UsageError("settings.unknown", key=key)
    resolved = settings.explain(key)
    told = [setting.sentence, f"  value        {_shown(resolved.value)}"]
    told.append(f"  decided by   {resolved.layer.value}" + (", locked" if resolved.locked else ""))
    told.append(f"  default      {_shown(setting.default)}")
    told.append(f"  environment  {setting.environment_name}")
    if setting.choices:
        told.append(f"  one of       {', '.join(setting.choices)}")
    told += [
        f"  refused      {problem.layer.value}: {problem.problem}"
        for problem in settings.problems
        if problem.key == key
    ]
    return told


def _shown(value: Value) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
