"""The value of a setting that somebody wrote, in whatever of the forms it may be written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, assert_never, cast
from urllib.parse import urlsplit

from .setting_table import FIRST_PORT, LAST_PORT, MOST_TEXTS, Kind, Setting, Value


@dataclass(frozen=True, slots=True)
class ReadProblem:
    """Why a value is not valid, as the end of "… is not valid: "."""

    problem: str


def read(setting: Setting, given: Any) -> Value | ReadProblem:
    """The value of `setting` that `given` stands for; words are accepted where types have them."""
    match setting.kind:
        case Kind.TEXT:
            return _read_text(setting, given)
        case Kind.NUMBER:
            return _read_number(setting, given)
        case Kind.FLAG:
            return _read_flag(given)
        case Kind.LIST:
            return _read_list(setting, given)
        case _:
            assert_never(setting.kind)


def _read_text(setting: Setting, given: Any) -> Value | ReadProblem:
    if setting.several and isinstance(given, str) and "," in given:
        given = [part.strip() for part in given.split(",") if part.strip()]
    if setting.several and isinstance(given, (list, tuple)):
        return _read_texts(setting, cast("Sequence[Any]", given))
    if not isinstance(given, str):
        return ReadProblem("it must be text")
    if setting.choices and given not in setting.choices:
        return ReadProblem(f"it must be one of {', '.join(setting.choices)}")
    if setting.address and given and not is_safe_address(given):
        return ReadProblem("it must be an https address, or http on this machine")
    return given


def _read_texts(setting: Setting, given: Sequence[Any]) -> Value | ReadProblem:
    """One text as itself, several as a tuple; each as valid as it would have to be alone."""
    if not 0 < len(given) <= MOST_TEXTS or not all(isinstance(part, str) for part in given):
        return ReadProblem(f"it must be text, or a list of 1 to {MOST_TEXTS} texts")
    texts: tuple[str, ...] = tuple(dict.fromkeys(given))
    for part in texts:
        if setting.address and not is_safe_address(part):
            return ReadProblem("each must be an https address, or http on this machine")
    return texts[0] if len(texts) == 1 else texts


def is_safe_address(url: str) -> bool:
    """Whether a token may travel to `url`: over TLS, or without it to this machine only."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if not host or parts.username or parts.password:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _read_number(setting: Setting, given: Any) -> Value | ReadProblem:
    if isinstance(given, str) and given.strip().lstrip("-").isdecimal():
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool):
        return ReadProblem("it must be a whole number")
    if setting.minimum is not None and given < setting.minimum:
        return ReadProblem(f"it must be at least {setting.minimum}")
    if setting.maximum is not None and given > setting.maximum:
        return ReadProblem(f"it must be at most {setting.maximum}")
    return given


def _read_flag(given: Any) -> Value | ReadProblem:
    if isinstance(given, bool):
        return given
    said = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
    if isinstance(given, str) and given.lower() in said:
        return said[given.lower()]
    return ReadProblem("it must be true or false")


def _read_list(setting: Setting, given: Any) -> Value | ReadProblem:
    parts: Sequence[Any] = ()
    if isinstance(given, str):
        parts = [part.strip() for part in given.split(",") if part.strip()]
    elif isinstance(given, (list, tuple)):
        parts = cast("Sequence[Any]", given)
    else:
        return ReadProblem("it must be a list of words")
    if setting.ports:
        # A port may be written as the number it is.
        parts = [part if isinstance(part, bool) else str(part) for part in parts]
        if not all(_is_port(part) for part in parts):
            return ReadProblem("it must be a list of ports from 1024 to 65535")
    if not all(isinstance(part, str) for part in parts):
        return ReadProblem("it must be a list of words")
    return tuple(parts)


def _is_port(part: Any) -> bool:
    return isinstance(part, str) and part.isdecimal() and FIRST_PORT <= int(part) <= LAST_PORT
