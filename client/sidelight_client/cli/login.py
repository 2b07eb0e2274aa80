"""`sidelight login`: sign in, in the browser or with a code on another device."""

from __future__ import annotations

import argparse
import asyncio
import webbrowser

from ..adapters.folders import folders
from ..domain.identity.sign_in_reasons import sign_in_failure
from ..errors import ExitCode, NotSignedInError
from ..link.dial import dial
from ..ports import SignInFailed, SignInPrompt


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", action="store_true", help="show a code to type in on any device"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="print the address instead of opening it"
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    failed = asyncio.run(_login(device=arguments.device, browser=not arguments.no_browser))
    if failed is not None:
        code, facts = sign_in_failure(failed.code, failed.detail)
        raise NotSignedInError(code, **facts)
    return ExitCode.OK


async def _login(*, device: bool, browser: bool) -> SignInFailed | None:
    client = await dial(folders())

    def show(prompt: SignInPrompt) -> None:
        if prompt.user_code:
            print(f"Open {prompt.url} and type the code {prompt.user_code}.", flush=True)
        elif not browser or not webbrowser.open(prompt.url):
            print(f"Open this address to sign in:\n{prompt.url}", flush=True)
        else:
            print("Your browser shows the sign-in page.", flush=True)

    try:
        failed = await client.login(show, device=device)
        if failed is None:
            account = (await client.status()).session.account
            print(f"Signed in as {account}." if account else "Signed in.")
        return failed
    finally:
        await client.close()
