"""The one suggestion about a model server that runs on this machine anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..adapters.config_files import read_settings
from ..adapters.folders import Folders
from ..adapters.model_servers import FoundServer, find_servers, look_once_a_day
from ..domain.words.catalogue import say

RECORD = "model-servers.json"


def hint(
    places: Folders,
    environ: Mapping[str, str],
    find: Callable[[], list[FoundServer]] = find_servers,
) -> str:
    """What to try, or nothing: at most once a day, and only where no gateway is configured.

    The server is asked who it is; no code is sent to it before the person says so.
    """
    settings = read_settings(places, environ)
    if settings.text("gateway") or settings.text("embedded.upstream"):
        return ""
    found = look_once_a_day(places.state / RECORD, find=find)
    if found is None:
        return ""
    return say("model.server_found", {"name": found.name, "url": found.url}).text
