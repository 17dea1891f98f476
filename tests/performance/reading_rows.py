"""The rows of balance reads over gRPC, by how many entries the account has."""

from __future__ import annotations

import json
from dataclasses import asdict
from statistics import quantiles
from typing import Final

import asyncpg
from coalition.points.v1 import movement_pb2, points_pb2, points_pb2_grpc

from services.points.domain.accounts import AccountKind
from services.runtime.grpc_client import call, open_channel
from tests.performance import posting_calls
from tests.performance.load_process import prepared
from tests.performance.plan import READS_IN_FLIGHT, RowFailed
from tests.performance.programme import OCCURRED_AT_US
from tests.performance.reading_load import Order, Outcome
from tests.performance.results import Latency
from tests.performance.sale import sale_message
from tests.performance.stage import Load, Stage

_WALLET: Final = """
SELECT b.credits - b.debits AS points, (SELECT count(*) FROM posting p WHERE p.ledger_id = $1 AND p.wallet_no = a.account_no) AS entries,
    (SELECT count(*) FROM lot l WHERE l.ledger_id = $1 AND l.account_no = a.account_no AND l.open) AS open_lots
FROM account a JOIN balance b ON b.ledger_id = a.ledger_id AND b.account_no = a.account_no
WHERE a.ledger_id = $1 AND a.kind = $2 AND a.owner_id = $3
"""


async def of_few_entries(stage: Stage, seconds: float) -> Load:
    """Of a wallet as most are; no other row posts to it. What the filled books lack of its entries is earned first."""
    entries, number = stage.scale.postings // stage.scale.members, len(stage.bench.members)
    wallet = await _wallet(stage, number)
    await _earn(stage, number, entries - (wallet["entries"] if wallet else 0))
    return await _read(stage, number, entries, seconds)


async def _earn(stage: Stage, member_no: int, times: int) -> None:
    """Posts so many earns of a member, none where it is 0 or below."""
    partner, member_id = stage.bench.partners[0], stage.bench.wallet_owner(member_no)
    run, sale = stage.next_run("few"), sale_message(partner.store_id.bytes, OCCURRED_AT_US)
    items = [
        movement_pb2.Item(
            key=f"k:{run}-{place}",
            earn=movement_pb2.Earn(member_id=member_id.bytes, reference=f"{run}-{place}", sale=sale),
        )
        for place in range(times)
    ]
    if not items:
        return
    request = points_pb2.PostRequest(items=items, principals=[stage.principal_of(partner)])
    channel = open_channel(stage.points_address)
    try:
        answer = await call(points_pb2_grpc.PointsServiceStub(channel).Post, request, stage.own_principal())
    finally:
        await channel.close()
    if any(result.outcome != movement_pb2.OUTCOME_ACCEPTED for result in answer.results):
        raise RowFailed(f"earns of member {member_no} were not accepted: {answer.results}")


async def _wallet(stage: Stage, member_no: int) -> asyncpg.Record | None:
    return await stage.points.fetchrow(
        _WALLET,
        stage.bench.programme.ledger_id,
        AccountKind.WALLET.value,
        stage.bench.wallet_owner(member_no),
    )


async def of_many_entries(stage: Stage, seconds: float) -> Load:
    """Of the busy member's."""
    return await _read(stage, stage.scale.members, stage.scale.busy_entries, seconds)


async def _read(stage: Stage, member_no: int, entries: int, seconds: float) -> Load:
    """Reads one balance over and over. Raises RowFailed unless each answer is what the books say."""
    member_id = stage.bench.wallet_owner(member_no)
    wallet = await _wallet(stage, member_no)
    if wallet is None or wallet["entries"] != entries:
        raise RowFailed(f"the wallet of member {member_no} has not {entries:,} entries: {wallet}")
    order = Order(
        stage.points_address, posting_calls.encode(stage.own_principal()), member_id.hex, seconds, READS_IN_FLIGHT
    )  # fmt: skip
    async with prepared("reading_load", json.dumps(asdict(order)) + "\n") as load:
        load.begin()
        outcome = Outcome(**await load.outcome())
    if set(outcome.balances) != {str(wallet["points"])}:
        raise RowFailed(f"{wallet['points']:,} points are in the wallet, answered were {outcome.balances}")
    cuts = quantiles(outcome.call_ms, n=100)
    reads = sum(outcome.balances.values())
    told = f"a wallet of {wallet['entries']:,} entries and {wallet['open_lots']} open lots"
    return Load(reads, outcome.seconds, Latency(cuts[49], cuts[98]), outcome.cpu_us, (told,))
