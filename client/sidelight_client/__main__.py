"""`sidelight`: the way in. It imports next to nothing, because an editor waits for `sidelight lsp`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit code.

    Architecture invariant: on the way to the shim nothing is imported but the standard library's
    lightest modules (tests/test_import_budget.py holds it).
    """
    arguments = sys.argv[1:]
    if arguments[:1] == ["lsp"] and not {"--in-process", "--help", "-h"}.intersection(arguments):
        from .link.attach import main as attach

        return attach(arguments[1:])
    from .cli import main as run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
