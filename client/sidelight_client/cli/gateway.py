"""`sidelight gateway`: serve the embedded development gateway, explain and check real ones."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
from dataclasses import replace
from pathlib import Path

from ..adapters.folders import Folders, folders
from ..domain.models.model_catalogue import CATALOGUE
from ..domain.spending.budget import Purse, Scope, Unit
from ..embedded.gateway import EmbeddedGateway, EmbeddedSettings
from ..embedded.limits import DEFAULT_LIMITS
from ..errors import ExitCode, UsageError
from . import gateway_check, gateway_explain
from .gateway_key import key_file
from .local_model import AUTO, NONE, local_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    serve = actions.add_parser("serve", help="serve on 127.0.0.1 until interrupted")
    serve.add_argument("--port", type=int, default=0, help="a free one when left out")
    serve.add_argument(
        "--workspace",
        type=Path,
        action="append",
        default=[],
        help="a folder to learn completions from; may be given several times",
    )
    serve.add_argument("--upstream", default="", help="a model server: http://127.0.0.1:PORT/v1")
    serve.add_argument(
        "--model",
        default=NONE,
        choices=[NONE, AUTO, *CATALOGUE],
        help="a model that `sidelight model add` has brought",
    )
    serve.add_argument("--models", type=Path, help="the folder it lies in; yours when left out")
    serve.add_argument("--user-limit", type=int, help="requests an hour for you (120)")
    serve.add_argument("--json", action="store_true", help="print one JSON line when ready")
    explain = actions.add_parser("explain", help="say what a recorded exchange means")
    gateway_explain.add_arguments(explain)
    check = actions.add_parser(
        "check", help="say what will work with a gateway, and what to change"
    )
    gateway_check.add_arguments(check)


def run(arguments: argparse.Namespace) -> ExitCode:
    if arguments.action == "explain":
        return gateway_explain.run(arguments)
    if arguments.action == "check":
        return gateway_check.run(arguments)
    settings = EmbeddedSettings(
        port=arguments.port,
        workspaces=tuple(folder.absolute() for folder in arguments.workspace),
        upstream=arguments.upstream,
        limits=_limits(arguments.user_limit),
    )
    try:
        model = local_model(arguments.models or folders().models, arguments.model)
        gateway = EmbeddedGateway(settings, model=model)
    except ValueError as error:
        raise UsageError("gateway.cannot_serve", problem=str(error)) from error
    asyncio.run(_serve(gateway, folders(), as_json=arguments.json))
    return ExitCode.OK


def _limits(user_limit: int | None) -> tuple[Purse, ...]:
    def changed(purse: Purse) -> Purse:
        mine = purse.scope is Scope.USER and purse.unit is Unit.REQUESTS
        return replace(purse, limit=float(user_limit)) if mine and user_limit else purse

    return tuple(changed(purse) for purse in DEFAULT_LIMITS)


async def _serve(gateway: EmbeddedGateway, places: Folders, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers on its loop; Ctrl-C arrives there as KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    try:
        await gateway.start()
    except OSError as error:
        raise UsageError("gateway.cannot_serve", problem=error.strerror or str(error)) from error
    try:
        with key_file(places, gateway.url, gateway.key) as key:
            _say_ready(gateway, key, as_json=as_json)
            await stop.wait()
    finally:
        await gateway.stop()


def _say_ready(gateway: EmbeddedGateway, key: Path, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"url": gateway.url, "key_file": str(key)}), flush=True)
        return
    print(f"The embedded gateway serves on {gateway.url}, for you alone. Ctrl-C ends it.")
    print(f'Point Sidelight at it with gateway = "{gateway.url}" and run `sidelight login`.')
    print(f"Fault switches: POST {gateway.url}/faults with the key in {key}.", flush=True)
