"""One run of the benchmarks, from a machine at rest to bench.json."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from services.launcher.embedded import location, nats
from services.launcher.platform import Platform
from services.operations.proofs import prove_clearing, prove_ledger
from services.operations.session import open_session
from tests.performance import machine, report, results
from tests.performance.backlog import Backlog
from tests.performance.fill import FillPlan, fill
from tests.performance.followers import FOLLOWERS, Followers, begin_at, connected
from tests.performance.pgbench import Pgbench
from tests.performance.plan import (
    AGGREGATE,
    BENCH_FILE,
    FULL,
    PGBENCH,
    QUICK,
    READ_MANY,
    RUN_SECONDS_MAX,
    SETTLED,
    SPREAD,
    STOP_SECONDS,
    BenchRefused,
    RowFailed,
    RowPlan,
    Scale,
    chains_for,
)
from tests.performance.programme import onboard
from tests.performance.results import Round, Row
from tests.performance.rows import measure
from tests.performance.settled_month import stated_month
from tests.performance.stage import Progress, Stage, connect, database_url, forget_settings

#: A round is begun when this much more than the longest one before it is left.
_ROUND_MARGIN: Final = 1.1
_PROOF_SECONDS_MAX: Final = 120.0


@dataclass(slots=True)
class Run:
    """A run under way. `about` becomes the head of bench.json."""

    quick: bool
    chains: Sequence[Sequence[RowPlan]]
    progress: Progress = field(default_factory=Progress)
    about: dict[str, Any] = field(default_factory=dict[str, Any])
    rows: dict[str, Row] = field(default_factory=dict[str, Row])

    @property
    def scale(self) -> Scale:
        """How large and how long."""
        return QUICK if self.quick else FULL

    @property
    def warnings(self) -> list[str]:
        """What makes the figures doubtful."""
        return self.about.setdefault("warnings", [])

    def warn(self, text: str) -> None:
        """Says it now, and again at the end."""
        self.warnings.append(text)
        self.progress.say(f"WARNING: {text}")


async def bench(only: str, *, quick: bool) -> bool:
    """Runs all rows, or one with its reference. Answers whether none failed. Raises BenchRefused."""
    run = Run(quick, chains_for(only))
    run.about["wrk"] = machine.require_wrk()
    run.about["started_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    run.about["scale"] = "quick: figures mean nothing" if quick else "full"
    forget_settings()
    await _look_around(run)
    with tempfile.TemporaryDirectory(
        prefix="coalition-bench-", dir=os.environ.get("TMPDIR") or "/var/tmp", ignore_cleanup_errors=True
    ) as folder:
        machine.require_disk(Path(folder), quick=quick)
        try:
            async with asyncio.timeout(RUN_SECONDS_MAX - STOP_SECONDS - run.progress.seconds):
                await _in_folder(run, Path(folder))
        except TimeoutError:
            if not run.rows:
                raise BenchRefused("nothing could be measured in time: this machine is too slow") from None
            run.warn(f"stopped after {RUN_SECONDS_MAX / 60:.0f} minutes")
    run.about["seconds"] = round(run.progress.seconds, 1)
    plans = [row for chain in run.chains for row in chain]
    rows = [run.rows.get(row.name) or Row(row, failure="not reached in time") for row in plans]
    report.show(Console(width=None if os.isatty(1) else 150), run.about, rows)
    results.write(BENCH_FILE, run.about, rows)
    print(f"\n{BENCH_FILE.name} written")
    return not any(row.failure for row in rows)


async def _look_around(run: Run) -> None:
    run.about["machine"] = machine.about()
    run.about["other_work"] = work = await machine.other_work()
    if machine.is_busy(work):
        run.warn(
            f"other work is on this machine (load {work['load_average'][0]}, {work['busy_share']:.0%} of the cores "
            "busy): the figures are not to be trusted"
        )
    if run.quick:
        run.warn("--quick: small books and short runs; the figures mean nothing")


async def _in_folder(run: Run, folder: Path) -> None:
    if os.geteuid() == 0:
        # PostgreSQL runs as another user then, and must be able to pass through.
        folder.chmod(0o711)
    run.progress.say("starting PostgreSQL, NATS and the services")
    platform = Platform(folder, free_ports=True)
    try:
        async with platform, AsyncExitStack() as stack:
            stage = await stack.enter_async_context(_prepared(run, platform))
            for chain in run.chains:
                await _run_chain(run, stage, chain)
            run.progress.say("stopping")
    finally:
        location.erase_data(folder)
        # What a service still writes while it ends must not keep the folder.
        shutil.rmtree(folder / "logs", ignore_errors=True)


@asynccontextmanager
async def _prepared(run: Run, platform: Platform) -> AsyncGenerator[Stage]:
    """The stage with everyone on it: server looked at, programme set up, books filled."""
    environment, scale, say = platform.environment, run.scale, run.progress.say
    async with AsyncExitStack() as stack:
        points = await connect(database_url(environment, "points"))
        stack.push_async_callback(points.close)
        partners = await connect(database_url(environment, "partners"))
        stack.push_async_callback(partners.close)
        run.about["postgresql"] = await machine.server_settings(points)
        run.about["nats"] = f"NATS {nats.program_version()}"
        say("how fast the disk is")
        data_dir = Path(str(await points.fetchval("SHOW data_directory")))
        run.about["fsync_per_second"] = await machine.fsync_rates(data_dir.parent)
        pgbench = Pgbench(environment["DATABASE_URL"], scale)
        names = {row.name for chain in run.chains for row in chain}
        say(f"onboarding {scale.partners} partners, enrolling {scale.cards:,} members")
        filling = _prepare_pgbench(pgbench) if PGBENCH.name in names else asyncio.sleep(0)
        many_partners = SPREAD.name in names
        who, _ = await asyncio.gather(onboard(environment, scale, many_partners=many_partners), filling)
        backlog = Backlog(points, partners, who.programme.ledger_id)
        following = {
            name: await stack.enter_async_context(connected(database_url(environment, name)))
            for name in FOLLOWERS
        }
        followers = Followers(following, who.programme.slug)
        stage = Stage(platform, who, scale, pgbench, backlog, followers, points, run.progress)
        if any(row.books for chain in run.chains for row in chain):
            # The busy member is the one that burns, too.
            await _fill(run, stage, busy=bool(names & {READ_MANY.name, AGGREGATE.name}))
        if names.intersection(row.name for row in SETTLED):
            say(f"a month of {scale.settled_partners} partners, to be settled")
            files = platform.state.path / "settled"
            files.mkdir()
            stage.month = await stack.enter_async_context(
                stated_month(platform, scale.settled_partners, files)
            )
        # From here on there is no checkpoint but the server's own, and room for all of the run before one.
        await points.execute("CHECKPOINT")
        yield stage


async def _prepare_pgbench(pgbench: Pgbench) -> None:
    try:
        await pgbench.prepare()
    except RowFailed as error:
        raise BenchRefused(str(error)) from error


async def _fill(run: Run, stage: Stage, *, busy: bool) -> None:
    """Fills the books, and proves them where the scale says so. `busy`: with the busy member's entries."""
    scale, environment = run.scale, stage.platform.environment
    plan = FillPlan.of(stage.bench, scale, busy=busy)
    postings = plan.postings + plan.busy_entries
    run.progress.say(f"filling the books: {postings:,} postings, {scale.members:,} wallets")
    began = run.progress.seconds
    for service, subscriber in FOLLOWERS.items():
        await begin_at(database_url(environment, service), subscriber, stage.bench.programme.slug, postings)
    await fill(database_url(environment, "points"), database_url(environment, "partners"), plan)
    run.about["books"] = {
        "postings": postings,
        "wallets": scale.members,
        "busy_entries": plan.busy_entries,
        "fill_seconds": round(run.progress.seconds - began, 1),
    }
    if scale.proves:
        await _prove(run, stage)


async def _prove(run: Run, stage: Stage) -> None:
    """Has the checkers of ledger and clearing prove the books as they were filled. Raises BenchRefused where they do not hold."""
    run.progress.say("proving the filled books")
    began = run.progress.seconds
    try:
        async with (
            asyncio.timeout(_PROOF_SECONDS_MAX),
            open_session(stage.platform.environment) as session,
        ):
            programme = stage.bench.programme
            ledger, clearing = await asyncio.gather(
                prove_ledger(session, programme), prove_clearing(session, programme)
            )
    except TimeoutError:
        raise BenchRefused(
            f"the checkers did not prove the books within {_PROOF_SECONDS_MAX:.0f} s"
        ) from None
    proofs = [*ledger, *clearing]
    run.about["books"]["proof_seconds"] = round(run.progress.seconds - began, 1)
    run.about["books"]["findings"] = [asdict(each) for each in proofs]
    broken = [f"{each.invariant} ({each.name}): {list(each.breaches)}" for each in proofs if not each.holds]
    if broken:
        raise BenchRefused(f"the filled books do not hold: {'; '.join(broken)}")


async def _run_chain(run: Run, stage: Stage, chain: Sequence[RowPlan]) -> None:
    """Runs the rows of a chain in turns, round by round. A row that fails once is out."""
    scale = run.scale
    for row in chain:
        run.rows[row.name] = Row(row)
    async with AsyncExitStack() as stack:
        for row in chain:
            try:
                await stack.enter_async_context(stage.serving(row.name))
            except RowFailed as error:
                _fail(run, row, error)
                continue
            if row.warm_up:
                run.progress.say(f"warming up {row.name}")
                await _attempt(run, stage, row, scale.warm_seconds)
        longest = 0.0
        for number in range(1, max(scale.rounds_of(row) for row in chain) + 1):
            if longest and not _has_time(run, chain, longest):
                run.warn(f"out of time: {chain[-1].name} and its references have {number - 1} rounds")
                break
            began = run.progress.seconds
            await _round(run, stage, chain, number)
            longest = max(longest, run.progress.seconds - began)


def _has_time(run: Run, chain: Sequence[RowPlan], round_seconds: float) -> bool:
    """Whether another round of this chain leaves enough for the chains after it."""
    scale, later = run.scale, list(run.chains[list(run.chains).index(chain) + 1 :])
    reserved = sum(scale.seconds_in_all(row) for each in later for row in each)
    left = RUN_SECONDS_MAX - STOP_SECONDS - run.progress.seconds - reserved
    return left > round_seconds * _ROUND_MARGIN


async def _round(run: Run, stage: Stage, chain: Sequence[RowPlan], number: int) -> None:
    scale = run.scale
    values: dict[str, float] = {}
    for row in chain:
        if number > scale.rounds_of(row):
            continue
        measured = await _attempt(run, stage, row, scale.seconds_of(row))
        if measured is None:
            continue
        values[row.name] = measured.value
        reference = values.get(row.reference) if row.reference else None
        if row.reference and reference is None:
            run.rows[row.name].failure = f"its reference {row.reference} failed"
            continue
        found = Round(measured, reference)
        run.rows[row.name].rounds.append(found)
        ratio = f", {found.ratio:.2f} of {row.reference}" if found.ratio else ""
        run.progress.say(f"round {number}: {row.name} {measured.value:,.0f} {row.unit}{ratio}")


async def _attempt(run: Run, stage: Stage, row: RowPlan, seconds: float) -> results.Measured | None:
    """Measures a row, unless it has failed before; None where it fails."""
    if run.rows[row.name].failure:
        return None
    try:
        return await measure(stage, row, seconds)
    except RowFailed as error:
        _fail(run, row, error)
        return None


def _fail(run: Run, row: RowPlan, error: RowFailed) -> None:
    run.rows[row.name].failure = str(error)
    run.progress.say(f"{row.name} FAILED: {error}")
