"""How each row is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.performance import (
    bare_app,
    clearing_rows,
    event_rows,
    noop_gateway,
    posting_rows,
    proving_rows,
    reading_rows,
    settled_rows,
    till_rows,
    wrk,
)
from tests.performance.cpu import LOAD, per_operation
from tests.performance.plan import (
    AGGREGATE,
    ALONE,
    BARE,
    BATCH,
    BESIDE_BULK,
    CONSUME,
    CONSUME_EACH,
    CUTS,
    DISK,
    EARN,
    FETCH,
    GROUP_BY,
    HASHES,
    HOT,
    LAG,
    LAG_BESIDE,
    MIXED,
    NOOP,
    PGBENCH,
    POSTING,
    PROOFS,
    PUBLISH,
    PURCHASE,
    READ_FEW,
    READ_MANY,
    RELAY,
    REPLICAS,
    SETTLED,
    SPREAD,
    TILLS_ALONE,
    TILLS_BESIDE,
    RowFailed,
    RowPlan,
)
from tests.performance.results import Drain, Measured
from tests.performance.stage import Load, Loader, Stage


async def measure(stage: Stage, row: RowPlan, seconds: float) -> Measured:
    """Runs a row once. Raises RowFailed where its figure could not be trusted."""
    restarts, checkpoints = stage.restarts(), await stage.checkpoints()
    began = await stage.backlog.positions() if row.posts else None
    cpu_before = await stage.cpu.sample()
    load = await _LOADS[row.name](stage, seconds)
    drain, remarks = None, load.remarks
    if began is not None:
        drain = Drain.after(load.seconds, await stage.backlog.drained())
        ended = await stage.backlog.positions()
        # What they do for these operations counts with them, and not with those of the next row.
        await stage.followers.caught_up(ended.last_pos)
        committed, batches = ended.last_seq - began.last_seq, ended.last_batch_no - began.last_batch_no
        if committed < load.operations:
            raise RowFailed(f"{load.operations:,} were answered as posted, the journal grew by {committed:,}")
        remarks = (*remarks, f"{committed / batches:.0f} postings a batch")
    cpu_after = dict(await stage.cpu.sample())
    if load.cpu_us is not None:
        cpu_after[LOAD] = cpu_before[LOAD] + load.cpu_us
    if stage.restarts() != restarts:
        raise RowFailed("a process died and was restarted during the run")
    if await stage.checkpoints() != checkpoints:
        remarks = (*remarks, "a checkpoint fell into the run")
    cpu = per_operation(cpu_before, cpu_after, load.operations)
    return Measured(load.operations, load.seconds, cpu, load.latency, drain, remarks, load.figure)


async def _pgbench(stage: Stage, seconds: float) -> Load:
    if not stage.pgbench.clients:
        found = await stage.pgbench.find_clients()
        told = ", ".join(f"{clients}: {rate:,.0f}" for clients, rate in found.items())
        stage.progress.say(f"  pgbench transactions/s by clients: {told}")
    run = await stage.pgbench.measure(seconds=round(seconds))
    return Load(run.operations, run.seconds, remarks=tuple(run.remarks))


async def _batch(stage: Stage, seconds: float) -> Load:
    url = f"{stage.platform.gateway_url}/v1/batches"
    found = await wrk.run(url, stage.bench, stage.next_run(BATCH.name), seconds, batches=True)
    return Load(found.lines, found.seconds, found.latency, remarks=(f"{found.requests} batches",))


async def _http(stage: Stage, name: str, url: str, seconds: float) -> Load:
    found = await wrk.run(url, stage.bench, stage.next_run(name), seconds)
    return Load(found.requests, found.seconds, found.latency)


async def _bare(stage: Stage, seconds: float) -> Load:
    return await _http(stage, BARE.name, f"http://{stage.addresses[BARE.name]}{bare_app.PATH}", seconds)


async def _noop(stage: Stage, seconds: float) -> Load:
    return await _http(stage, NOOP.name, f"http://{stage.addresses[NOOP.name]}{noop_gateway.PATH}", seconds)


async def _earn(stage: Stage, seconds: float) -> Load:
    return await _http(stage, EARN.name, f"{stage.platform.gateway_url}/v1/earns", seconds)


async def _purchase(stage: Stage, seconds: float) -> Load:
    url = f"{stage.platform.gateway_url}/v1/purchases"
    found = await wrk.run(url, stage.bench, stage.next_run(PURCHASE.name), seconds, burns=True)
    return Load(found.requests, found.seconds, found.latency)


_LOADS: Final[Mapping[str, Loader]] = {
    PGBENCH.name: _pgbench,
    POSTING.name: posting_rows.earns,
    REPLICAS.name: posting_rows.at_two_replicas,
    MIXED.name: posting_rows.mixed,
    SPREAD.name: posting_rows.spread,
    HOT.name: posting_rows.hot_partner,
    DISK.name: posting_rows.on_disk,
    ALONE.name: posting_rows.alone,
    BESIDE_BULK.name: posting_rows.beside_bulk,
    TILLS_ALONE.name: till_rows.alone,
    TILLS_BESIDE.name: till_rows.beside,
    BATCH.name: _batch,
    BARE.name: _bare,
    NOOP.name: _noop,
    EARN.name: _earn,
    PURCHASE.name: _purchase,
    READ_FEW.name: reading_rows.of_few_entries,
    READ_MANY.name: reading_rows.of_many_entries,
    HASHES.name: proving_rows.hashes,
    PROOFS.name: proving_rows.proofs,
    GROUP_BY.name: clearing_rows.group_by,
    AGGREGATE.name: clearing_rows.aggregate,
    CUTS.name: clearing_rows.cut_pause,
    PUBLISH.name: event_rows.publish,
    RELAY.name: event_rows.relay,
    FETCH.name: event_rows.fetch,
    CONSUME.name: event_rows.consume,
    CONSUME_EACH.name: event_rows.consume_each,
    LAG.name: event_rows.lag,
    LAG_BESIDE.name: event_rows.lag_beside,
    **dict(zip((row.name for row in SETTLED), settled_rows.STEPS, strict=True)),
}
