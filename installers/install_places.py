"""Where an installation goes on each system, for one person or for everybody; nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

METAINFO = "dev.sidelight.sidelight.metainfo.xml"


class NotOfferedError(Exception):
    """This system has no such installation; the text is what the person should read."""


@dataclass(frozen=True)
class Places:
    """The places of one installation.

    Attributes:
        venv: the private environment, which holds everything that runs.
        link: what makes `sidelight` a command; None where links are not the custom (Windows).
        metainfo: what software centres are told; None where there are none.
        told: the variables with which the installed program is called, so that what it writes
            itself, the entries for the menu and for login, is for the same people.
        everybody: whether it is for all people of this machine.
    """

    venv: Path
    link: Path | None = None
    metainfo: Path | None = None
    told: Mapping[str, str] = field(default_factory=dict[str, str])
    everybody: bool = False

    @property
    def program(self) -> Path:
        """The installed command."""
        if self.link is None:
            return self.venv / "Scripts" / "sidelight.exe"
        return self.venv / "bin" / "sidelight"


def places(system: str, environ: Mapping[str, str], home: Path, *, everybody: bool) -> Places:
    """The places on `system`, which is named as `sys.platform` names it.

    Raises:
        NotOfferedError: there is no installation for everybody on this system.
    """
    if system == "win32":
        if everybody:
            raise NotOfferedError("On Windows Sidelight is installed for one person at a time.")
        local = environ.get("LOCALAPPDATA", "")
        programs = Path(local) if local else home / "AppData" / "Local"
        return Places(programs / "Programs" / "Sidelight" / "venv")
    if everybody:
        venv, link = Path("/opt/sidelight/venv"), Path("/usr/local/bin/sidelight")
        if system == "darwin":
            # The agents that start at everybody's login lie in /Library/LaunchAgents.
            return Places(venv, link, told={"HOME": "/"}, everybody=True)
        data = Path("/usr/local/share")
        told = {"XDG_DATA_HOME": str(data), "XDG_CONFIG_HOME": "/etc/xdg"}
        return Places(venv, link, data / "metainfo" / METAINFO, told, everybody=True)
    link = home / ".local" / "bin" / "sidelight"
    if system == "darwin":
        support = home / "Library" / "Application Support"
        return Places(support / "sidelight" / "venv", link)
    given = environ.get("XDG_DATA_HOME", "")
    data = Path(given) if Path(given).is_absolute() else home / ".local" / "share"
    return Places(data / "sidelight" / "venv", link, data / "metainfo" / METAINFO)
