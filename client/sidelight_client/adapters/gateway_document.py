"""The gateway's discovery document as a file, which an administrator can place without the gateway.

It decides where sessions and code are sent, so it counts only where nobody else could have written it.
"""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..gateways.untrusted import text
from ..setting_values import is_safe_address

LARGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """Why the file was not taken, as the end of "… cannot be used: "; never its content."""

    problem: str


def read_gateway_document(path: Path) -> Mapping[str, Any] | DocumentProblem:
    """The document in the file at `path`, TOML where it is called so and JSON otherwise.

    Its fields are read by the same parser as the gateway's own document, with the same doubt.
    """
    path = path.expanduser()
    if not path.is_absolute():
        return DocumentProblem("its path must be absolute")
    try:
        raw = _bytes(path)
        found: Any = (
            tomllib.loads(raw.decode("utf-8")) if path.suffix == ".toml" else json.loads(raw)
        )
    except tomllib.TOMLDecodeError:
        return DocumentProblem("it is not valid TOML")
    except UnicodeDecodeError:
        return DocumentProblem("it is not UTF-8 text")
    except (json.JSONDecodeError, RecursionError):
        return DocumentProblem("it is not valid JSON")
    except ValueError as error:
        return DocumentProblem(str(error))
    except OSError as error:
        return DocumentProblem(error.strerror or "it cannot be read")
    if not isinstance(found, dict):
        return DocumentProblem("it holds no document")
    return cast("dict[str, Any]", found)


def address_in(document: Mapping[str, Any]) -> str:
    """The gateway's address where the document itself says it; empty where it does not."""
    said = text(document.get("api_base"), 2_000)
    return said if is_safe_address(said) else ""


def _bytes(path: Path) -> bytes:
    """The file's content. Raises OSError, and ValueError for one that must not be trusted."""
    # A pipe in the file's place is opened without waiting for a writer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("it is not a regular file")
        if os.name == "posix":
            if facts.st_uid not in (0, os.getuid()):
                raise ValueError("it belongs to somebody else")
            if facts.st_mode & 0o022:
                raise ValueError("others can change it")
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise ValueError("it is too large")
    return raw
