"""Asks VS Code's own API, through an extension for tests only that is installed beside ours."""

from __future__ import annotations

import itertools
import json
import zipfile
from pathlib import Path
from typing import Any

from .neovim import CHECKOUT, until

EXTENSION = CHECKOUT / "tests" / "editors" / "vscode" / "api_checks"
VARIABLE = "SIDELIGHT_API_CHECKS"
PATIENCE_S = 60.0
"""An extension host starts with its window, which takes a while on a busy machine."""

_MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="{name}" Version="{version}" Publisher="{publisher}"/>
    <DisplayName>{displayName}</DisplayName>
    <Description>{description}</Description>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="{engine}"/>
    </Properties>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
  </Assets>
</PackageManifest>
"""
_TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension=".json" ContentType="application/json"/>
  <Default Extension=".js" ContentType="application/javascript"/>
  <Default Extension=".vsixmanifest" ContentType="text/xml"/>
</Types>
"""


def packed(into: Path) -> Path:
    """The extension for tests as a .vsix in the folder `into`."""
    package = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    file = into / f"{package['name']}.vsix"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "extension.vsixmanifest",
            _MANIFEST.format(engine=package["engines"]["vscode"], **package),
        )
        for part in sorted(EXTENSION.iterdir()):
            archive.write(part, f"extension/{part.name}")
    return file


class Api:
    """Calls into the extension host of the one window that is open."""

    def __init__(self, folder: Path) -> None:
        """`folder` is what the variable `SIDELIGHT_API_CHECKS` names; it is made here."""
        self._folder = folder
        self._numbers = itertools.count(1)
        folder.mkdir()

    def call(self, call: str, **words: Any) -> Any:
        """What the call of this name answers (they are in the extension). A failure is an AssertionError."""
        number = next(self._numbers)
        request = self._folder / f"{number}.request.json"
        answer = self._folder / f"{number}.answer.json"
        written = request.with_suffix(".new")
        written.write_text(json.dumps({"call": call, "words": words}), encoding="utf-8")
        written.rename(request)
        until(answer.exists, f"VS Code answers {call}", PATIENCE_S)
        said = json.loads(answer.read_text("utf-8"))
        answer.unlink()
        assert "error" not in said, f"{call}: {said['error']}"
        return said["value"]

    def command(self, name: str, *words: Any) -> Any:
        """Run a command by its name."""
        return self.call("command", name=name, words=list(words))
