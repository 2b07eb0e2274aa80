"""`sidelight`: the way in. It imports next to nothing, because an editor waits for `sidelight lsp`."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    from .errors import SidelightError


def main() -> int:
    """Run the command line and return its exit code.

    Architecture invariant: on the way to the shim nothing is imported but the standard library's
    lightest modules (tests/test_import_budget.py holds it).
    """
    arguments = sys.argv[1:]
    if arguments == ["--stdio"]:
        # Clients of other language servers take one path, and add this one word to it.
        arguments = ["lsp", *arguments]
    if arguments[:1] == ["lsp"] and not {"--in-process", "--help", "-h"}.intersection(arguments):
        from .link.attach import main as attach

        return attach(arguments[1:], fallback=_in_process)
    from .cli import main as run

    return run(arguments)


def _in_process(error: SidelightError) -> int:
    """Serve the editor in this process when there is no broker to serve it."""
    from .cli import main as run

    said = f"sidelight: {error.message.what} Serving in this process instead. [{error.code}]"
    print(said, file=sys.stderr)  # noqa: T201
    return run(["lsp", "--in-process"])


if __name__ == "__main__":
    sys.exit(main())
