"""Changes one setting in the person's configuration file, and nothing else that stands in it."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from ..settings import flatten
from .config_files import MAX_BYTES
from .folders import make_private


class ConfigWriteError(Exception):
    """The file cannot be changed without touching what the person wrote; the text says why."""


def write_setting(path: Path, key: str, value: str) -> None:
    """Set `key`, a section and a name, to a text; an empty one takes the line out.

    The rest of the file stays as it is, byte for byte, and the new file takes the old one's place at
    once. Raises ConfigWriteError and OSError.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ConfigWriteError("it is too large")
        text = raw.decode("utf-8")
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError:
        raise ConfigWriteError("it is not UTF-8 text") from None
    changed = edited(text, key, value)
    if changed == text:
        return
    make_private(path.parent)
    # A configuration that is a link, into a folder under version control perhaps, stays one.
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(changed)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def edited(text: str, key: str, value: str) -> str:
    """`text` with the setting changed. Raises ConfigWriteError."""
    before = _read(text)
    section, _, name = key.partition(".")
    line = f"{name} = {json.dumps(value)}" if value else ""
    lines = text.splitlines(keepends=True)
    candidates = [
        _with_line(
            lines, re.compile(rf"\s*{section}\s*\.\s*{name}\s*="), f"{section}.{line}", value
        ),
        _with_line(lines, re.compile(rf"\s*{name}\s*="), line, value),
    ]
    head = re.compile(rf"\s*\[\s*{section}\s*\]")
    at = next((i for i, one in enumerate(lines) if head.match(one)), None)
    if value and at is not None:
        candidates.append("".join([*lines[: at + 1], f"{line}\n", *lines[at + 1 :]]))
    elif value:
        candidates.append(f"{section}.{line}\n{text}")
    else:
        candidates.append(text)
    # Whichever way the person writes it, the right change is the one that changes this and no more.
    wanted = {**before, key: value} if value else {k: v for k, v in before.items() if k != key}
    for candidate in candidates:
        try:
            if _read(candidate) == wanted:
                return candidate
        except ConfigWriteError:
            continue
    raise ConfigWriteError("the setting is written there in a way that only a person can change")


def _with_line(lines: list[str], pattern: re.Pattern[str], line: str, value: str) -> str:
    """The text with the first line that fits replaced, or taken out for an empty value."""
    at = next((i for i, one in enumerate(lines) if pattern.match(one)), None)
    if at is None:
        return "".join(lines)
    return "".join([*lines[:at], *([f"{line}\n"] if value else []), *lines[at + 1 :]])


def _read(text: str) -> dict[str, Any]:
    try:
        return flatten(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        raise ConfigWriteError("it is not valid TOML") from None
