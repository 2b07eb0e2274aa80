"""What the Neovim tests with the real server and its embedded gateway share."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .neovim import until
from .neovim_scene import Scene

TYPED = "\n\ndef total(entries: list[int]) -> int:\n    running_total = 0\n    for entry in "


def brokers(home: Path) -> list[int]:
    """The processes of this home that no editor started."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    found: list[int] = []
    for line in listed.splitlines():
        pid, stat, command = line.split(maxsplit=2)
        if "sidelight_client broker" not in command or stat.startswith("Z"):
            continue
        environment = Path(f"/proc/{pid}/environ")
        try:
            if f"SIDELIGHT_HOME={home}".encode() in environment.read_bytes().split(b"\0"):
                found.append(int(pid))
        except OSError:
            continue
    return found


def ready(scene: Scene) -> None:
    """Wait for the embedded gateway to have signed its own person in."""
    until(
        lambda: scene.neovim.lua("return (require('sidelight').state() or {}).state") == "ready",
        lambda: f"the state is ready; it is {scene.neovim.statusline()}",
    )
