"""How each row is measured."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final

from services.runtime.principal import Kind, Signer
from services.runtime.secrets import read_key
from tests.performance import bare_app, noop_gateway, posting_calls, wrk
from tests.performance.cpu import LOAD, per_operation
from tests.performance.plan import (
    BARE,
    BATCH,
    CALLS_IN_FLIGHT,
    EARN,
    ITEMS_A_CALL,
    MIXED,
    NOOP,
    PGBENCH,
    POSTING,
    ROOT,
    RowFailed,
    RowPlan,
)
from tests.performance.posting_calls import Order
from tests.performance.posting_load import Outcome
from tests.performance.results import Drain, Latency, Measured
from tests.performance.stage import Stage

_GRANTS: Final = ("points:earn", "points:redeem", "points:read")
#: Postings a second that a row is taken to do before it has been seen.
_POSTING_RATE: Final = 3_000.0
_BUILD_SECONDS_MAX: Final = 60.0
_LOAD_SECONDS_MAX: Final = 120.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a load did. `cpu_us`: CPU time of the load itself; None: that of the child that has ended."""

    operations: int
    seconds: float
    latency: Latency | None = None
    cpu_us: int | None = None
    remarks: tuple[str, ...] = ()


Loader = Callable[[Stage, float], Awaitable[Load]]


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
    return Measured(load.operations, load.seconds, cpu, load.latency, drain, remarks)


async def _pgbench(stage: Stage, seconds: float) -> Load:
    if not stage.pgbench.clients:
        found = await stage.pgbench.find_clients()
        told = ", ".join(f"{clients}: {rate:,.0f}" for clients, rate in found.items())
        stage.progress.say(f"  pgbench transactions/s by clients: {told}")
    run = await stage.pgbench.measure(seconds=round(seconds))
    return Load(run.operations, run.seconds, remarks=tuple(run.remarks))


async def _posting(stage: Stage, seconds: float) -> Load:
    return await _over_grpc(stage, POSTING.name, seconds)


async def _mixed(stage: Stage, seconds: float) -> Load:
    return await _over_grpc(stage, MIXED.name, seconds)


async def _over_grpc(stage: Stage, name: str, seconds: float) -> Load:
    """Post over gRPC, as many calls as will fill the time."""
    rate = stage.posting_rates.get(name, _POSTING_RATE)
    calls = max(CALLS_IN_FLIGHT, round(rate * seconds / ITEMS_A_CALL))
    outcome = await _posted(_order(stage, name, calls))
    postings, sent = outcome.postings, calls * ITEMS_A_CALL
    if outcome.other or postings != sent:
        raise RowFailed(f"{postings:,} accepted of {sent:,}, besides {outcome.other}")
    stage.posting_rates[name] = postings / outcome.seconds
    cuts = quantiles(outcome.call_ms, n=100)
    shares = ", ".join(f"{kind} {number / postings:.0%}" for kind, number in sorted(outcome.accepted.items()))
    remarks = (shares,) if name == MIXED.name else ()
    return Load(postings, outcome.seconds, Latency(cuts[49], cuts[98]), outcome.cpu_us, remarks)


def _order(stage: Stage, name: str, calls: int) -> Order:
    bench, credentials = stage.bench, stage.platform.state.credentials()
    signer = Signer("gateway", read_key(credentials.principal_private_keys["gateway"], "the gateway's key"))
    tills = [
        (signer.sign(Kind.PARTNER, "key_bench", bench.programme, each.partner_id, _GRANTS), each.store_id)
        for each in bench.partners
    ]
    return Order(
        target=stage.platform.environment["COALITION_POINTS_TARGET"],
        run=stage.next_run(name),
        own_principal=posting_calls.encode(signer.sign(Kind.SERVICE, "gateway", bench.programme)),
        tills=posting_calls.owners(tills),
        members_from=len(bench.members),
        members_until=stage.scale.members,
        calls=calls,
        items_a_call=ITEMS_A_CALL,
        in_flight=CALLS_IN_FLIGHT,
        mixed=name == MIXED.name,
    )


async def _posted(order: Order) -> Outcome:
    """Has a process of its own send the order."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.performance.posting_load"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    if process.stdin is None or process.stdout is None:
        raise RowFailed("the load could not be started")
    try:
        process.stdin.write(order.to_line().encode())
        async with asyncio.timeout(_BUILD_SECONDS_MAX):
            ready = await process.stdout.readline()
        if ready != b"ready\n":
            raise RowFailed("the load could not be built (see above)")
        process.stdin.write(b"go\n")
        async with asyncio.timeout(_LOAD_SECONDS_MAX):
            line = await process.stdout.readline()
            await process.wait()
    except TimeoutError:
        raise RowFailed("the load did not end") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not line:
        raise RowFailed("the load failed (see above)")
    told: dict[str, Any] = json.loads(line)
    return Outcome(**told)


async def _batch(stage: Stage, seconds: float) -> Load:
    url = f"{stage.platform.gateway_url}/v1/batches"
    found = await wrk.run(url, stage.bench, stage.next_run(BATCH.name), seconds, batches=True)
    return Load(found.lines, found.seconds, found.latency, remarks=(f"{found.requests} batches",))


async def _http(stage: Stage, name: str, url: str, seconds: float) -> Load:
    found = await wrk.run(url, stage.bench, stage.next_run(name), seconds)
    return Load(found.requests, found.seconds, found.latency)


async def _bare(stage: Stage, seconds: float) -> Load:
    return await _http(stage, BARE.name, stage.urls[BARE.name] + bare_app.PATH, seconds)


async def _noop(stage: Stage, seconds: float) -> Load:
    return await _http(stage, NOOP.name, stage.urls[NOOP.name] + noop_gateway.PATH, seconds)


async def _earn(stage: Stage, seconds: float) -> Load:
    return await _http(stage, EARN.name, f"{stage.platform.gateway_url}/v1/earns", seconds)


_LOADS: Final[Mapping[str, Loader]] = {
    PGBENCH.name: _pgbench,
    POSTING.name: _posting,
    MIXED.name: _mixed,
    BATCH.name: _batch,
    BARE.name: _bare,
    NOOP.name: _noop,
    EARN.name: _earn,
}
