"""`sidelight pause`: send nothing for a while, or go on."""

from __future__ import annotations

import argparse
import asyncio
import re
import time

from ..adapters.folders import folders
from ..domain.pauses import LANGUAGE_LENGTH, is_language, until_tomorrow
from ..errors import ExitCode, UsageError
from ..link.dial import dial

_LENGTH = re.compile(r"([1-9][0-9]{0,3})([mh])")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "how_long",
        nargs="?",
        default="30m",
        metavar="30m|2h|tomorrow|off",
        help="how long (30m when left out), or off to go on now",
    )
    parser.add_argument(
        "--language",
        default="",
        metavar="NAME",
        help="only in one language, by the editor's name for it, such as python",
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    language: str = arguments.language
    if language and not is_language(language):
        raise UsageError("pause.unknown_language", given=language[:LANGUAGE_LENGTH])
    until = pause_until(arguments.how_long, time.time())
    asyncio.run(_pause(until, language))
    what = f"Suggestions in {language}" if language else "Suggestions"
    if until is None:
        print(f"{what} go on.")
    else:
        print(f"{what} pause until {time.strftime('%a %H:%M', time.localtime(until))}.")
    return ExitCode.OK


def pause_until(how_long: str, now: float) -> float | None:
    """The moment a pause ends; None for `off`. Tomorrow begins at eight in the morning.

    Raises:
        UsageError: `how_long` is none of the words this command knows.
    """
    if how_long == "off":
        return None
    if how_long == "tomorrow":
        return until_tomorrow(now)
    length = _LENGTH.fullmatch(how_long)
    if length is None:
        raise UsageError("pause.unknown_length", given=how_long)
    return now + int(length[1]) * (60 if length[2] == "m" else 3_600)


async def _pause(until: float | None, language: str) -> None:
    client = await dial(folders())
    try:
        if language:
            await client.pause_language(language, until)
        else:
            await client.pause(until)
    finally:
        await client.close()
