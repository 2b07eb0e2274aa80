"""`sidelight model`: models that run on this machine, and the model servers that already do."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from ..adapters import llama_local
from ..adapters.config_edit import ConfigWriteError, write_setting
from ..adapters.folders import Folders, folders
from ..adapters.model_download import DownloadError, NoPipError, NoSpaceError, add
from ..adapters.model_servers import FoundServer, find_servers
from ..adapters.model_store import Kept, ModelFileError, ModelStore, State
from ..domain.models.model_catalogue import CATALOGUE, Model
from ..domain.words.catalogue import say
from ..embedded.passthrough import read_upstream
from ..errors import ExitCode, RefusedError, UsageError

_BAR_CHARS = 30
_STATES = {
    State.ABSENT: "not added",
    State.VERIFIED: "verified",
    State.UNVERIFIED: "changed since it was checked; `sidelight model list --check` looks again",
    State.WRONG: "not the model; remove it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    adding = actions.add_parser("add", help="download a model, check it and put it in place")
    adding.add_argument("name", metavar="NAME", help=" or ".join(CATALOGUE))
    listing = actions.add_parser("list", help="say which models are here")
    listing.add_argument("--check", action="store_true", help="compute the digests anew")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    removing = actions.add_parser("remove", help="delete a model's file")
    removing.add_argument("name", metavar="NAME", help=" or ".join(CATALOGUE))
    using = actions.add_parser("use", help="let a model server on this machine answer")
    using.add_argument("url", metavar="URL", help="such as http://127.0.0.1:11434/v1, or off")


def run(arguments: argparse.Namespace) -> ExitCode:
    places = folders()
    store = ModelStore(places.models)
    match arguments.action:
        case "add":
            _add(_model(arguments.name), store, places)
        case "list":
            _list(store, check=arguments.check, machine=arguments.json)
        case "remove":
            _remove(_model(arguments.name), store)
        case _:
            _use(arguments.url, places)
    return ExitCode.OK


def _model(name: str) -> Model:
    if name not in CATALOGUE:
        raise UsageError("model.unknown", given=name, known=" and ".join(CATALOGUE))
    return CATALOGUE[name]


def _add(model: Model, store: ModelStore, places: Folders) -> None:
    if store.look(model, check=True).state is not State.VERIFIED:
        bar = Bar(f"{model.title}, {_size(model.size)}", 2 * model.size)
        try:
            add(model, store, places.cache, bar.grow)
        except NoPipError as error:
            raise RefusedError("model.no_pip") from error
        except DownloadError as error:
            raise RefusedError(
                "model.download_failed", name=model.title, problem=str(error)
            ) from error
        except ModelFileError as error:
            raise RefusedError("model.not_genuine", name=model.title, problem=str(error)) from error
        except NoSpaceError as error:
            raise RefusedError(
                "model.no_space",
                name=model.title,
                needed=_size(error.needed),
                free=_size(error.free),
            ) from error
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise RefusedError("model.disk", name=model.title, problem=problem) from error
        finally:
            bar.end()
    print(f"{model.title} is here ({model.licence}), checked: {store.path(model)}")
    if not llama_local.available():
        print(say("model.no_runtime", {"name": model.title}).text)


def _list(store: ModelStore, *, check: bool, machine: bool) -> None:
    kept = store.kept(check=check)
    servers = find_servers()
    if machine:
        print(json.dumps(as_json(kept, servers), ensure_ascii=False))
        return
    for one in kept:
        print(
            f"{one.model.name:<11} {_size(one.model.size):>9}  {one.model.title}, "
            f"{one.model.licence}: {_STATES[one.state]}"
        )
    for server in servers:
        print(say("model.server_found", {"name": server.name, "url": server.url}).text)


def as_json(kept: list[Kept], servers: list[FoundServer]) -> dict[str, Any]:
    """Everything, for a script; sizes in bytes."""
    return {
        "models": [
            {
                "name": one.model.name,
                "title": one.model.title,
                "licence": one.model.licence,
                "size": one.model.size,
                "on_disk": one.size,
                "sha256": one.model.sha256,
                "state": one.state.value,
                "path": str(one.path),
            }
            for one in kept
        ],
        "runtime": llama_local.available(),
        "servers": [{"name": server.name, "url": server.url} for server in servers],
    }


def _remove(model: Model, store: ModelStore) -> None:
    try:
        was_there = store.remove(model)
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise RefusedError("model.disk", name=model.title, problem=problem) from error
    print(f"{model.title} is removed." if was_there else f"{model.title} was not here.")


def _use(url: str, places: Folders) -> None:
    value = "" if url == "off" else url.rstrip("/")
    if value:
        try:
            read_upstream(value)
        except ValueError as error:
            raise UsageError("model.server_refused", given=url, problem=str(error)) from error
    try:
        write_setting(places.config_file, "embedded.upstream", value)
    except (ConfigWriteError, OSError) as error:
        problem = str(error) if isinstance(error, ConfigWriteError) else error.strerror
        raise RefusedError(
            "model.not_written", path=str(places.config_file), problem=problem, given=value
        ) from error
    print(
        f"Suggestions come from {value} when Sidelight starts next."
        if value
        else "No model server is used from the next start on."
    )


class Bar:
    """A progress bar on stderr where that is a terminal, and nothing elsewhere."""

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._shown = -1
        self._live = sys.stderr.isatty()

    def grow(self, done: int) -> None:
        """`done` more bytes."""
        self._done = min(self._done + done, self._total)
        percent = 100 * self._done // self._total
        if self._live and percent != self._shown:
            self._shown = percent
            filled = "█" * (_BAR_CHARS * percent // 100)
            bar = f"\r{self._title}  {filled:·<{_BAR_CHARS}} {percent:3} %"
            print(bar, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """The line is left to whatever comes next."""
        if self._live and self._shown >= 0:
            print(file=sys.stderr, flush=True)


def _size(count: int) -> str:
    if count >= 1_000_000_000:  # noqa: PLR2004  A gigabyte, as file managers count.
        return f"{count / 1_000_000_000:.1f} GB"
    return f"{count / 1_000_000:.0f} MB"
