"""`make chaos`: `python -m tests.chaos [--seed N] [--minutes M] [--break NAME] [--faults KIND,…]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import sys
from dataclasses import asdict

import uvloop
from rich.console import Console

from services.launcher.errors import LauncherError
from tests.chaos import report
from tests.chaos.broken import BROKEN
from tests.chaos.plan import KEPT_FOLDER, REPORT_FILE, ChaosRefused, Plan
from tests.chaos.run import Result, Run
from tests.chaos.schedule import FaultKind
from tests.performance.stage import forget_settings


def _asked() -> Plan:
    """What the arguments ask for. Raises ChaosRefused."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what is drawn at random follows from it (1)")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long traffic runs (1)")
    parser.add_argument(
        "--break", dest="broken", default="", metavar="NAME", help=f"points with a bug: {', '.join(BROKEN)}"
    )
    parser.add_argument(
        "--faults", default="", metavar="KIND,…", help=f"these kinds alone: {', '.join(FaultKind)}"
    )
    asked = parser.parse_args()
    if asked.broken and asked.broken not in BROKEN:
        raise ChaosRefused(f"no bug is named {asked.broken!r}; there are {', '.join(BROKEN)}")
    try:
        kinds = [FaultKind(name) for name in asked.faults.split(",") if name]
    except ValueError as error:
        raise ChaosRefused(f"{error}; there are {', '.join(FaultKind)}") from None
    return Plan(asked.seed, asked.minutes * 60, kinds or tuple(FaultKind), asked.broken)


async def _interruptible(run: Run) -> Result:
    """SIGTERM stops the platform in order as Ctrl-C does."""
    task = asyncio.ensure_future(run.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def main() -> int:
    """Exit status: 0 nothing was found, 1 something was, 2 the run was refused, 130 it was stopped."""
    logging.basicConfig(level=logging.ERROR)
    try:
        plan = _asked()
        forget_settings()
        kept = KEPT_FOLDER / f"seed-{plan.seed}{'-' + plan.broken if plan.broken else ''}"
        shutil.rmtree(kept, ignore_errors=True)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(_interruptible(Run(plan, keep_in=kept)))
    except (ChaosRefused, LauncherError) as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("chaos: stopped; nothing is left behind", file=sys.stderr)
        return 130
    report.show(Console(width=None if os.isatty(1) else 150), result)
    report.write(REPORT_FILE, result)
    if not result.violations:
        return 0
    with (kept / "history.jsonl").open("w") as file:
        for asked in (*result.history.loads.values(), *result.history):
            file.write(json.dumps(asdict(asked), default=str) + "\n")
    print(f"{REPORT_FILE.name} written; logs and history are in {kept.relative_to(REPORT_FILE.parent)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
