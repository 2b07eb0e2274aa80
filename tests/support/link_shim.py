"""The shim for tests: `attach.main` with the broker's command given on the command line."""

import sys

from sidelight_client.link.attach import main

if __name__ == "__main__":
    sys.exit(main(["--stdio"], command=sys.argv[1:]))
