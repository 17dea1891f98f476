"""Batches and their chain as they are read, and a hash that was noted down elsewhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from coalition.points.v1 import journal_pb2, points_pb2

from services.operations.proofs import Noted, Proof, prove_ledger, prove_noted
from services.operations.session import Session
from services.runtime import grpc_client
from services.runtime.principal import HOST, Signer
from tests.support.points import PointsHouse
from tests.support.points_wire import earn, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _batches(house: PointsHouse, from_batch_no: int = 1, limit: int = 0) -> list[journal_pb2.Batch]:
    request = points_pb2.ReadBatchesRequest(from_batch_no=from_batch_no, limit=limit)
    return [batch for block in await house.stream(house.stub.ReadBatches, request) for batch in block.batches]


@asynccontextmanager
async def _session(house: PointsHouse) -> AsyncGenerator[Session]:
    channel = grpc_client.open_channel(house.running.address)
    try:
        yield Session(Signer(HOST, house.running.identity.keys[HOST]), channel, channel)
    finally:
        await channel.close()


async def test_a_ledger_without_postings_has_no_batch_and_no_chain(house: PointsHouse) -> None:
    head = await house.head()
    assert (head.last_batch_no, head.chain_hash) == (0, b"")
    assert await _batches(house) == []
    assert "chain empty" in (await house.findings())[7].figure


async def test_each_batch_moves_the_chain_on_and_refusals_alone_do_too(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    seen = [(await house.head()).chain_hash]
    for items in (
        [earn(member, 500), earn(member, 300)],
        [redemption(member, 100)],
        [redemption(member, 100)],
        [earn(member, 100)],
    ):
        await till.post(*items)
        seen.append((await house.head()).chain_hash)
    assert len(set(seen)) == 5
    batches = await _batches(house)
    assert [(each.batch_no, each.first_seq, each.postings) for each in batches] == [(1, 1, 2), (2, 3, 0), (3, 3, 0), (4, 3, 1)]  # fmt: skip
    assert [each.chain_hash for each in batches] == seen[1:]
    assert [each.recorded_at_us for each in batches] == sorted({each.recorded_at_us for each in batches})
    last = (await house.journal())[-1].transaction
    assert batches[-1].recorded_at_us == last.recorded_at_us
    assert (await house.head()).last_batch_no == 4
    assert f"seq 1 to 3, 4 batches, chain {seen[-1].hex()}" == (await house.findings())[7].figure


async def test_batches_are_read_from_a_number_on_and_so_many(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    for _ in range(5):
        await till.earn(member, 100)
    assert [each.batch_no for each in await _batches(house, 4)] == [4, 5]
    assert [each.batch_no for each in await _batches(house, 2, 3)] == [2, 3, 4]
    assert [each.batch_no for each in await _batches(house, 5, 100)] == [5]
    assert await _batches(house, 6) == []


async def test_two_ledgers_with_the_same_movements_have_other_chains(house: PointsHouse) -> None:
    beside = house.running.house()
    hashes: list[bytes] = []
    for ledger in (house, beside):
        await (await ledger.till()).earn(ledger.member(), 500)
        hashes.append((await ledger.head()).chain_hash)
    assert hashes[0] != hashes[1]


async def test_a_batch_that_was_noted_is_in_the_chain_still_or_is_said_not_to_be(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 500)
    head = await house.head()
    await till.earn(member, 500)
    noted = Noted.read(f"{head.last_batch_no}:{head.chain_hash.hex()}")
    async with _session(house) as session:
        assert all(proof.holds for proof in await prove_ledger(session, house.programme))
        proof = await prove_noted(session, house.programme, noted)
        assert proof == Proof(
            7, proof.name, f"batch 1, chain {head.chain_hash.hex()}", holds=True, breaches=()
        )
        rewritten = await prove_noted(session, house.programme, Noted(2, head.chain_hash))
        assert (rewritten.holds, len(rewritten.breaches)) == (False, 1)
        assert rewritten.breaches[0].startswith("batch 2 has ")
        cut_short = await prove_noted(session, house.programme, Noted(3, head.chain_hash))
        assert cut_short.breaches == ("there is no batch 3 any more",)


@pytest.mark.parametrize(
    "text", ["", "1", "1:", ":" + "00" * 32, "0:" + "00" * 32, "1:" + "00" * 31, "x:" + "00" * 32]
)
async def test_what_was_noted_wrongly_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match="a batch from 1 on"):
        Noted.read(text)
