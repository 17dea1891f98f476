"""The rows of postings over gRPC."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

from tests.performance import arrivals_load, posting_calls
from tests.performance.load_process import prepared
from tests.performance.plan import (
    ALONE,
    BESIDE_BULK,
    CALLS_IN_FLIGHT,
    DISK,
    HOT,
    ITEMS_A_CALL,
    MIXED,
    POSTING,
    REPLICAS,
    SPREAD,
    RowFailed,
)
from tests.performance.posting_calls import Order
from tests.performance.posting_load import Outcome
from tests.performance.programme import BenchPartner
from tests.performance.results import Latency
from tests.performance.stage import Load, Stage

#: Postings a second that a row is taken to do before any has been seen.
_POSTING_RATE: Final = 3_000.0
#: Earns for the lane for tills are made for so long a bulk load at most.
_BULK_SECONDS_MAX: Final = 90.0
_SIZES: Final = """
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r'
"""
_EVENTS: Final = "event_log"


@dataclass(frozen=True, slots=True)
class _Posted:
    """What a load posted, and what is known of it."""

    outcome: Outcome
    latency: Latency

    @property
    def load(self) -> Load:
        """As a row takes it."""
        done = self.outcome
        return Load(done.postings, done.seconds, self.latency, done.cpu_us)


async def earns(stage: Stage, seconds: float) -> Load:
    """Earns at twenty partners."""
    return (await _posted(stage, POSTING.name, seconds)).load


async def at_two_replicas(stage: Stage, seconds: float) -> Load:
    """The same at two points processes at once, half of the calls in flight to each."""
    targets = [stage.points_address, stage.addresses[REPLICAS.name]]
    posted = await _posted(stage, REPLICAS.name, seconds, targets=targets)
    calls = posted.outcome.calls
    if not all(calls):
        raise RowFailed(f"the replicas answered {calls} calls: one of them none")
    done = posted.outcome
    told = " and ".join(f"{number:,}" for number in calls)
    return Load(done.postings, done.seconds, posted.latency, done.cpu_us, (f"calls by replica: {told}",))


async def mixed(stage: Stage, seconds: float) -> Load:
    """Postings of all kinds."""
    posted = await _posted(stage, MIXED.name, seconds, is_mixed=True)
    done = posted.outcome
    kinds = sorted(done.accepted.items())
    shares = ", ".join(f"{kind} {number / done.postings:.0%}" for kind, number in kinds)
    return Load(done.postings, done.seconds, posted.latency, done.cpu_us, (shares,))


async def spread(stage: Stage, seconds: float) -> Load:
    """Earns at all partners, the small ones too."""
    partners = (*stage.bench.partners, *stage.bench.small_partners)
    return (await _posted(stage, SPREAD.name, seconds, partners)).load


async def hot_partner(stage: Stage, seconds: float) -> Load:
    """Earns at one of them."""
    return (await _posted(stage, HOT.name, seconds, stage.bench.partners[:1])).load


async def on_disk(stage: Stage, seconds: float) -> Load:
    """Earns, by what tables and indexes of the ledger grow."""
    before = await _sizes(stage)
    done = (await _posted(stage, DISK.name, seconds)).outcome
    grown = {
        name: (size - before.get(name, 0)) / done.postings for name, size in (await _sizes(stage)).items()
    }
    events = grown.pop(_EVENTS)
    largest = sorted(((size, name) for name, size in grown.items() if size >= 1), reverse=True)
    remarks = (
        f"without events; {sum(grown.values()) + events:,.0f} bytes with them, {done.postings:,} earns",
        ", ".join(f"{name} {size:,.0f}" for size, name in largest),
    )
    return Load(done.postings, done.seconds, None, done.cpu_us, remarks, sum(grown.values()))


async def _sizes(stage: Stage) -> dict[str, int]:
    """Bytes of each table of the ledger with its indexes."""
    return {str(row["name"]): int(row["bytes"]) for row in await stage.points.fetch(_SIZES)}


async def alone(stage: Stage, seconds: float) -> Load:
    """Earns that come one by one at a fixed rate to the lane for tills, and nothing else."""
    per_second = stage.scale.arrivals_per_second
    order = _arrivals(stage, ALONE.name, seconds)
    async with prepared("arrivals_load", order) as tills:
        tills.begin()
        await asyncio.sleep(seconds)
        tills.stop()
        arrived = arrivals_load.Outcome(**await tills.outcome())
    return _of_arrivals(arrived, 0, arrived.cpu_us, (f"{per_second} earns a second",))


async def beside_bulk(stage: Stage, seconds: float) -> Load:
    """The same while a bulk load runs, from its first line to its last."""
    calls = -(-stage.scale.bulk_lines // ITEMS_A_CALL)
    bulk_order = order_of(stage, f"{BESIDE_BULK.name}-bulk", calls, bulk=True)
    order = _arrivals(stage, BESIDE_BULK.name, _BULK_SECONDS_MAX)
    async with (
        prepared("arrivals_load", order) as tills,
        prepared("posting_load", bulk_order.to_line()) as bulk,
    ):
        tills.begin()
        bulk.begin()
        loaded = Outcome(**await bulk.outcome())
        tills.stop()
        arrived = arrivals_load.Outcome(**await tills.outcome())
    sent = calls * ITEMS_A_CALL
    check(loaded.postings, sent, loaded.other)
    if arrived.seconds < loaded.seconds:
        raise RowFailed("the earns for the lane for tills were used up before the bulk load had ended")
    told = (
        f"{stage.scale.arrivals_per_second} earns a second, beside {sent:,} lines in bulk at "
        f"{sent / loaded.seconds:,.0f} a second"
    )
    return _of_arrivals(arrived, sent, arrived.cpu_us + loaded.cpu_us, (told,))


def _arrivals(stage: Stage, name: str, seconds: float) -> str:
    """The order of earns that arrive one by one, a few more than there is time for."""
    per_second = stage.scale.arrivals_per_second
    order = order_of(stage, name, round((seconds + 1) * per_second), items_a_call=1)
    return json.dumps({"order": order.to_line(), "per_second": per_second}) + "\n"


def _of_arrivals(arrived: arrivals_load.Outcome, beside: int, cpu_us: int, remarks: tuple[str, ...]) -> Load:
    came = len(arrived.call_ms)
    check(sum(arrived.accepted.values()), came, arrived.other)
    latency = latency_of(arrived.call_ms)
    return Load(came + beside, arrived.seconds, latency, cpu_us, remarks, latency.p99_ms)


def calls_for(stage: Stage, name: str, seconds: float) -> int:
    """About how many calls of a row there is time for."""
    rates = stage.posting_rates
    rate = rates.get(name) or max(rates.values(), default=_POSTING_RATE)
    return max(CALLS_IN_FLIGHT, round(rate * seconds / ITEMS_A_CALL))


async def _posted(
    stage: Stage,
    name: str,
    seconds: float,
    partners: tuple[BenchPartner, ...] = (),
    *,
    is_mixed: bool = False,
    targets: list[str] | None = None,
) -> _Posted:
    """Posts as many calls as will fill the time; raises RowFailed unless all of it is accepted."""
    calls = calls_for(stage, name, seconds)
    order = order_of(stage, name, calls, partners, is_mixed=is_mixed, targets=targets)
    async with prepared("posting_load", order.to_line()) as load:
        load.begin()
        outcome = Outcome(**await load.outcome())
    check(outcome.postings, calls * ITEMS_A_CALL, outcome.other)
    stage.posting_rates[name] = outcome.postings / outcome.seconds
    return _Posted(outcome, latency_of(outcome.call_ms))


def check(accepted: int, sent: int, other: dict[str, int]) -> None:
    """Raises RowFailed unless all that was sent was accepted."""
    if other or accepted != sent:
        raise RowFailed(f"{accepted:,} accepted of {sent:,}, besides {other}")


def latency_of(call_ms: list[float]) -> Latency:
    """Median and 99th percentile of times in milliseconds."""
    cuts = quantiles(call_ms, n=100)
    return Latency(cuts[49], cuts[98])


def order_of(
    stage: Stage,
    name: str,
    calls: int,
    partners: tuple[BenchPartner, ...] = (),
    *,
    items_a_call: int = ITEMS_A_CALL,
    is_mixed: bool = False,
    bulk: bool = False,
    targets: list[str] | None = None,
) -> Order:
    """What a load is to send: earns, at twenty partners unless others are named."""
    at = partners or stage.bench.partners
    return Order(
        targets=targets or [stage.points_address],
        run=stage.next_run(name),
        own_principal=posting_calls.encode(stage.own_principal()),
        tills=posting_calls.owners([(stage.principal_of(each), each.store_id) for each in at]),
        # The first without a card stays as the books have it: its balance is read.
        members_from=len(stage.bench.members) + 1,
        members_until=stage.scale.members,
        calls=calls,
        items_a_call=items_a_call,
        in_flight=CALLS_IN_FLIGHT,
        mixed=is_mixed,
        bulk=bulk,
    )
