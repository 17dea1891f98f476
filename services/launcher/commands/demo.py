"""`coalition demo`: a year of real purchases through a platform of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.demo import progress as memory
from services.demo import report, settled_report
from services.demo.bank import BankError
from services.demo.compare import compare
from services.demo.config import DEMO_FILE, DemoConfig, load_config
from services.demo.dataset import load_dataset
from services.demo.figures import figures_from_json
from services.demo.office import OfficeError
from services.demo.platform_figures import read_figures, read_limits
from services.demo.recompute_runs import recompute_runs
from services.demo.replay import Replay, ReplayTooLate, Step
from services.demo.settled import read_settled, wrongs
from services.demo.till import Latencies, TillError
from services.launcher.embedded import location
from services.launcher.errors import LauncherError
from services.launcher.platform import Platform
from services.launcher.state import StateDirectory
from services.operations.proofs import prove_clearing, prove_ledger
from services.operations.session import Session, open_session
from services.operations.statement_files import verify_all
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme

app = typer.Typer()

_FOLDER: Final = "demo"
# A killed process is back within seconds; a database that recovers takes a minute or two.
_PATIENCE_SECONDS: Final = 180.0
_RECOMPUTE_SECONDS_MAX: Final = 300


class DemoFailed(LauncherError):
    """The demo could not be finished, or its figures are wrong."""


@app.command()
def demo(
    weeks: Annotated[int, typer.Option(min=1, max=53, help="Weeks of 2017 to replay; 53 is the year.")] = 13,
    check: Annotated[
        bool, typer.Option("--check", help="Replay nothing: prove and compare what a finished demo left.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget an unfinished demo and start over.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the platform running at the end.")] = False,
) -> None:
    """Onboard seven partners, enrol the members, replay real purchases, clear and settle them, and check every figure.

    Works on a state directory of its own (.coalition/demo). An unfinished demo is carried on.
    """
    console = Console(width=None if sys.stdout.isatty() else 160)
    folder = StateDirectory.default().path / _FOLDER
    if not check:
        _make_room(folder, weeks, fresh=fresh)
    try:
        fine = asyncio.run(_interruptible(_demo(console, folder, weeks, check_only=check, keep=keep)))
    except asyncio.CancelledError:
        console.print("stopped; the same command carries on from the last finished day")
        raise typer.Exit(130) from None
    except (BankError, CoalitionError, OfficeError, ReplayTooLate, TillError) as error:
        raise DemoFailed(f"the demo stopped: {error}\nlogs: {folder / 'logs'}") from error
    if not fine:
        raise DemoFailed("the figures are not what they should be (see above)")


def _make_room(folder: Path, weeks: int, *, fresh: bool) -> None:
    """An unfinished replay of as many weeks stays; anything else makes room for a new one."""
    found = memory.load(folder)
    if found is not None and not found.finished and found.weeks == weeks and not fresh:
        return
    if folder.exists():
        state = StateDirectory.at(folder)
        with state.locked():
            location.erase_data(folder)
        shutil.rmtree(folder)


async def _interruptible(work: Coroutine[None, None, bool]) -> bool:
    """Runs work until it ends or SIGINT or SIGTERM cancels it, which still stops the platform in order."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    return await task


async def _demo(console: Console, folder: Path, weeks: int, *, check_only: bool, keep: bool) -> bool:
    config = load_config()
    console.print(f"starting PostgreSQL, NATS and the services; state and logs in {folder}")
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(Platform(folder, free_ports=True))
        session = await stack.enter_async_context(
            open_session(platform.environment, patience_seconds=_PATIENCE_SECONDS)
        )
        if check_only:
            programme = await session.programme(config.programme.slug)
            found = memory.load(folder)
            weeks = found.weeks if found else weeks
            fine = await _judge(console, config, session, programme, weeks)
        else:
            fine = await _replay(console, config, session, platform, folder, weeks)
        if keep and fine:
            console.print(f"the platform is up at {platform.gateway_url} until Ctrl-C")
            await asyncio.Event().wait()
    return fine


async def _replay(
    console: Console, config: DemoConfig, session: Session, platform: Platform, folder: Path, weeks: int
) -> bool:
    dataset = await asyncio.to_thread(load_dataset, config, weeks)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console,
        disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        shown = bar.add_task("enrolling", total=len(dataset))

        def told(step: Step) -> None:
            bar.update(shown, advance=step.purchases, description=f"week {step.week}, {step.day}")
            if step.closed and not console.is_terminal:
                done, seconds = replay.progress.operations, replay.progress.seconds
                console.print(f"week {step.week:2} closed: {done:,} operations so far, {seconds:.0f} s")

        replay = Replay(config, dataset, session, platform.environment, platform.gateway_url, folder, told)
        bar.update(shown, completed=replay.progress.operations)
        programme = await replay.run()
    fine = await _judge(console, config, session, programme, weeks)
    settled_report.print_documents(console, replay.documents)
    report.print_speed(console, replay.progress.operations, replay.progress.seconds, replay.latencies)
    _further(console, folder, weeks, replay.latencies)
    return fine


async def _judge(
    console: Console, config: DemoConfig, session: Session, programme: Programme, weeks: int
) -> bool:
    """Prints the figures, the proofs and what was settled, and compares with the separate recomputations."""
    figures = await read_figures(session, programme, config.windows(weeks))
    report.print_figures(console, config, figures, await read_limits(session, programme, config))
    ledger = await prove_ledger(session, programme)
    clearing = await prove_clearing(session, programme)
    proved = report.print_proofs(console, (*ledger, *clearing))
    with console.status("verifying every statement's file"):
        verified = await verify_all(session, programme)
    proved = report.print_verified(console, verified) and proved
    recomputed = await asyncio.to_thread(_recompute, weeks)
    equal = report.print_check(console, compare(figures_from_json(recomputed), figures))
    expected = recompute_runs(tomllib.loads(DEMO_FILE.read_text(encoding="utf-8")), json.loads(recomputed))
    settled = await read_settled(session, programme, config)
    right = settled_report.print_settled(console, config, settled, list(wrongs(expected, settled, config)))
    return right and equal and proved


def _recompute(weeks: int) -> str:
    """What the stand-alone recomputation says, from a process that shares nothing with the platform."""
    command = [sys.executable, "-m", "services.demo.recompute", "--weeks", str(weeks), "--json"]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=_RECOMPUTE_SECONDS_MAX
    ).stdout


def _further(console: Console, folder: Path, weeks: int, latencies: Latencies) -> None:
    state = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    program = Path(sys.executable).parent
    here = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
    console.print(
        "\nLook further:\n"
        f"  {here}/coalition demo --check\n      prove and compare again\n"
        f"  {here}/python -m services.demo.recompute --weeks {weeks}\n      the figures from the data set alone\n"
        f"  COALITION_STATE_DIR={state} {here}/coalition up --free-ports\n"
        "      the platform again, with all this data; its API reference is at /docs\n"
        f"  COALITION_STATE_DIR={state} {here}/coalition verify ledger --programme demo\n"
        f"  COALITION_STATE_DIR={state} {here}/coalition settle trace --programme demo\n"
        f"  COALITION_STATE_DIR={state} {here}/coalition insights flow --programme demo --from 2017-01-01 --to 2017-03-31\n"
        "      while it is up, from another terminal"
    )
    if latencies.retries:
        console.print(f"logs of restarts: {state / 'logs' / 'supervisor.log'}")
