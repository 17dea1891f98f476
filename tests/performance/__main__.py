"""`make bench`: `python -m tests.performance [--only ROW] [--quick]`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from services.launcher.errors import LauncherError
from tests.performance.plan import ROWS, BenchRefused
from tests.performance.run import bench


async def _interruptible(only: str, *, quick: bool) -> bool:
    """SIGTERM stops the platform in order as Ctrl-C does."""
    task = asyncio.ensure_future(bench(only, quick=quick))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def main() -> int:
    """Exit status: 0 all rows are good, 1 a row failed, 2 the run was refused, 130 it was stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument(
        "only",
        nargs="?",
        default="",
        metavar="ROW",
        help=f"run this row and its reference: {', '.join(row.name for row in ROWS)}",
    )
    parser.add_argument("--only", dest="named", default="", metavar="ROW", help="the same, as an option")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small books and short runs, to see that all works: about a minute",
    )
    asked = parser.parse_args()
    try:
        return 0 if asyncio.run(_interruptible(asked.named or asked.only, quick=asked.quick)) else 1
    except (BenchRefused, LauncherError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("bench: stopped; nothing is left behind", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
