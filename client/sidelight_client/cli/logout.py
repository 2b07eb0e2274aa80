"""`sidelight logout`: revoke the session where the provider allows it, and forget it here."""

from __future__ import annotations

import argparse
import asyncio

from ..adapters.folders import folders
from ..errors import ExitCode
from ..link.dial import dial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(arguments: argparse.Namespace) -> ExitCode:
    del arguments
    asyncio.run(_logout())
    print("Signed out.")
    return ExitCode.OK


async def _logout() -> None:
    client = await dial(folders())
    try:
        await client.logout()
    finally:
        await client.close()
