"""`make attack`: `python -m tests.attack [--cases N] [--seed N] [--minutes M]`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.attack.attack import Attack, Tally
from tests.support.platform import running_platform
from tests.support.stocked_mall import OWNER, stocked_mall


async def _run(cases: int, seed: int, minutes: float) -> Tally:
    with tempfile.TemporaryDirectory(prefix="coalition-attack-") as folder:
        async with running_platform() as platform, stocked_mall(platform, Path(folder)) as mall:
            till = mall.tills[OWNER]
            document = (await till.get("/openapi.json")).json()
            secret = till.headers["authorization"].removeprefix("Bearer ")
            attack = Attack(document, platform.gateway_url, secret, mall.things)
            print(f"attack: {len(document['paths'])} paths at {platform.gateway_url}", flush=True)
            return await asyncio.to_thread(attack.run, cases, seed, time.monotonic() + minutes * 60)


def _tell(tally: Tally, asked: int) -> None:
    for found in tally.found.values():
        print(f"\n{found.operation}: {found.rule}\n  {found.detail}\n  {found.request}")
    print()
    for operation, statuses in sorted(tally.answered.items()):
        print(
            f"{operation:60} " + "  ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
        )
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(tally.statuses.items()))
    print(f"\nstatuses: {statuses}")
    if tally.cases < asked:
        print(f"attack: {asked - tally.cases:,} cases of {asked:,} were not sent: time was over")
    print(
        f"attack: {tally.cases:,} cases, {tally.requests:,} requests (a wrong key, none, a good one) in {tally.seconds:.0f} s; "
        f"{tally.failures:,} failures, {len(tally.found)} distinct"
    )


def main() -> int:
    """Exit status: 0 nothing was found, 1 something was, 130 it was stopped."""
    logging.basicConfig(level=logging.ERROR)
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument(
        "--cases", type=int, default=2_000, help="cases in all, each sent three times (2,000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="what is drawn follows from it (1)")
    parser.add_argument("--minutes", type=float, default=20.0, help="when it ends at the latest (20)")
    asked = parser.parse_args()
    try:
        tally = asyncio.run(_run(asked.cases, asked.seed, asked.minutes))
    except KeyboardInterrupt:
        print("attack: stopped; nothing is left behind", file=sys.stderr)
        return 130
    _tell(tally, asked.cases)
    return 1 if tally.found else 0


if __name__ == "__main__":
    sys.exit(main())
