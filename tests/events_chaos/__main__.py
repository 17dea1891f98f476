"""`make chaos-events`: `python -m tests.events_chaos [--seed N] [--minutes M]`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import signal
import sys
from collections.abc import Mapping

import uvloop

from services.launcher.errors import LauncherError
from tests.chaos.plan import KEPT_FOLDER, ROOT, SECONDS_MAX, SECONDS_MIN
from tests.events_chaos.run import Result, Run, write
from tests.performance.stage import forget_settings


async def _interruptible(run: Run) -> Result:
    """SIGTERM stops the platform in order as Ctrl-C does."""
    task = asyncio.ensure_future(run.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _counts(counts: Mapping[str, int]) -> str:
    return f"{sum(counts.values()):,}: " + ", ".join(
        f"{name} {count:,}" for name, count in counts.items() if count
    )


def _show(result: Result) -> None:
    print(f"\nseed {result.seed}, {result.seconds / 60:g} minutes of traffic")
    print(f"operations {_counts(result.operations)}")
    print(f"faults     {_counts(result.faults)}")
    print(f"restarts   {_counts(result.restarts)}")
    print(f"effects complete {result.drained_seconds:g} s after the traffic")
    for name, counted in result.subscribers.items():
        print(f"{name:<14} {counted.found:>9,} effects of {counted.expected:>9,} events")
    print(f"{result.mails:,} mails in the end, {result.mails_again:,} of them doubles in the documented gap")
    print(f"{len(result.violations)} violations")
    for violation in result.violations:
        print(f"  {violation}")


def main() -> int:
    """Exit status: 0 nothing was found, 1 something was, 2 the run was refused, 130 it was stopped."""
    logging.basicConfig(level=logging.ERROR)
    parser = argparse.ArgumentParser(prog="python -m tests.events_chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what is drawn at random follows from it (1)")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long traffic runs (1)")
    asked = parser.parse_args()
    seconds = asked.minutes * 60
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        print(f"a run takes {SECONDS_MIN:.0f} to {SECONDS_MAX:.0f} seconds", file=sys.stderr)
        return 2
    forget_settings()
    kept = KEPT_FOLDER / f"events-seed-{asked.seed}"
    shutil.rmtree(kept, ignore_errors=True)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(_interruptible(Run(asked.seed, seconds, keep_in=kept)))
    except LauncherError as error:
        print(f"chaos-events: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("chaos-events: stopped; nothing is left behind", file=sys.stderr)
        return 130
    _show(result)
    write(ROOT / "chaos-events.json", result)
    return 1 if result.violations or not result.subscribers else 0


if __name__ == "__main__":
    sys.exit(main())
