"""The commands for a fresh checkout; they need nothing but Python.

    python3 installers/dev.py demo [--json] [--serve] ...  what a person would see
    python3 installers/dev.py demo --model smollm2         the same, written by a small model
    python3 installers/dev.py test [pytest's arguments]    every check, against the built wheel
    python3 installers/dev.py docs [--check]               write the generated pages of docs/
    python3 installers/dev.py lock [--upgrade]             write requirements/*.txt (needs uv)

The first run makes `.venv`; later ones find by a checksum that nothing changed. Options of all:

    --no-uv       use pip even where uv is on the PATH
    --ci          test: a part that is missing on this machine is a failure (also with CI=true)
    --no-checks   test: only pytest, without the linters and type checkers
    --integration test: install two real gateways and a small model first (some 900 MB, once)
"""

from __future__ import annotations

import os
import subprocess
import sys

# An older Python must be able to read this file, so that it can say what is missing.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("Sidelight needs Python 3.11 or newer: call this file with one, as in python3.12 ...")

import dev_checks
import dev_environment
import dev_integration
import dev_lock
import make_docs

OPTIONS = ("--no-uv", "--ci", "--no-checks", "--integration")


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    options = {word for word in arguments if word in OPTIONS}
    words = [word for word in arguments if word not in OPTIONS]
    command, rest = (words[0], words[1:]) if words else ("", [])
    # There is no `match` in this file, because an older Python could not read it.
    try:
        if command == "demo":
            return demo(rest, use_uv="--no-uv" not in options)
        if command == "test":
            python = dev_environment.prepare(tests=True, use_uv="--no-uv" not in options)
            return dev_checks.run(
                python,
                rest,
                ci="--ci" in options or os.environ.get("CI", "").lower() in {"true", "1"},
                checks="--no-checks" not in options,
                integration="--integration" in options,
            )
        if command == "docs":
            return make_docs.main(rest)
        if command == "lock":
            return dev_lock.main(rest)
    except dev_environment.SetUpError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    asked = any(word in {"-h", "--help"} for word in words[:1])
    print(__doc__, file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


def demo(arguments: list[str], *, use_uv: bool) -> int:
    """Run `sidelight demo` with `arguments`; what set-up has to say goes to stderr."""
    python = dev_environment.prepare(tests=False, use_uv=use_uv)
    if "--model" in arguments[:-1]:
        dev_integration.provide_model(python, arguments[arguments.index("--model") + 1])
    command = [str(python), "-m", "sidelight_client", "demo", *arguments]
    environment = dev_environment.clean_environment()
    if os.name == "posix":
        # The demo takes this process's place, so that signals and the exit code are its own.
        os.chdir(dev_environment.ROOT)
        os.execve(python, command, environment)  # noqa: S606 - there is no shell in it
    return subprocess.run(
        command, cwd=dev_environment.ROOT, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
