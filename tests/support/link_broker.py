"""A broker process for tests: the real door and server, a fake broker behind it, echo sessions."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from sidelight_client.adapters.folders import folders
from sidelight_client.adapters.loop_lag import LoopLag
from sidelight_client.errors import SidelightError
from sidelight_client.link.door import DEFAULT_KIND, BrokerRunningError, open_door
from sidelight_client.link.serve import serve

from .fake_broker import FakeBroker
from .link_server import echo_session


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--as-version", default="0.1.0")
    parser.add_argument("--linger", type=float, default=1.0)
    parser.add_argument("--kind", default=DEFAULT_KIND)
    parser.add_argument("--fail", action="store_true")
    options = parser.parse_args()
    if options.fail:
        return 3
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    where = folders()
    lag = LoopLag()
    try:
        with (
            open_door(where.runtime, options.kind) as door,
            asyncio.Runner(loop_factory=lag.new_loop) as runner,
        ):
            runner.run(
                serve(
                    FakeBroker(),
                    echo_session,
                    where,
                    door=door,
                    version=options.as_version,
                    linger_s=options.linger,
                )
            )
    except BrokerRunningError:
        return 0
    except SidelightError as error:
        print(f"{error.message.text} [{error.code}]", file=sys.stderr)
        return 1
    finally:
        lag.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
