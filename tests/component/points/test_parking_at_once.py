"""Parking under many tasks and two replicas: floors move, both replicas post what is parked, and each sale ends once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from coalition.points.v1 import movement_pb2 as pb

from services.points.commands.door import Door
from tests.support.points import PointsHouse, RunningPoints, running_points
from tests.support.points_wire import earn, outcomes, redemption, refund, reversal

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARKED, ACCEPTED, REFUSED = pb.OUTCOME_PARKED, pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(running: RunningPoints) -> AsyncIterator[RunningPoints]:
    """A second process, as far as the database can tell."""
    async with running_points(running.database, beside=running) as second:
        yield second


async def _ends(house: PointsHouse) -> Counter[int]:
    """How often each sale that was parked was posted or taken away."""
    return Counter(
        moved.original_seq
        for record in await house.journal()
        for moved in [record.transaction]
        if moved.original_seq and moved.kind in (pb.MOVEMENT_KIND_EARN, pb.MOVEMENT_KIND_UNPARK)
    )


async def _parked(house: PointsHouse) -> set[int]:
    return {
        record.transaction.seq
        for record in await house.journal()
        if record.transaction.kind == pb.MOVEMENT_KIND_PARK
    }


async def test_two_replicas_that_post_what_is_parked_post_it_once(
    house: PointsHouse, replica: RunningPoints
) -> None:
    till, member, there = await house.till(), house.member(), house.at(replica)
    await house.set_floor(till.partner_id, 0, parks=True)
    await till.post(*(earn(member, 100 * points) for points in range(1, 61)))
    await house.set_floor(till.partner_id, -1_000, 1, parks=True)
    await asyncio.gather(*(each.unpark() for each in (house, there, house, there)))
    assert sum(range(1, 61)) - (await till.balance(member)).available == sum(
        each.points for each in (await house.parked()).earns
    )
    await house.set_floor(till.partner_id, None, 2)
    await asyncio.gather(*(each.unpark() for each in (there, house, there)))
    assert (await till.balance(member)).available == sum(range(1, 61))
    assert set((await _ends(house)).values()) == {1}
    await house.assert_sound()


async def test_what_is_parked_while_floors_move_and_tills_reverse_and_refund_ends_once(
    house: PointsHouse, replica: RunningPoints
) -> None:
    rng, there = random.Random(20_240_101), house.at(replica)
    till, members = await house.till(), [house.member() for _ in range(4)]
    tills = (till, till.at(there))
    await till.post(*(earn(member, 5_000) for member in members))
    heard: dict[str, list[pb.Result]] = {}
    asked: dict[str, tuple[pb.Item, ...]] = {}

    async def sell(no: int) -> None:
        for place in range(6):
            key, member = f"{no}-{place}", rng.choice(members)
            sale = earn(member, 100 * rng.randint(1, 9), key=key, reference=key)
            burn = redemption(member, rng.randint(1, 3), key=f"b{key}")
            if rng.random() < 0.4:
                sale.linked = True
            asked[key] = (sale, burn) if sale.linked else (sale,)
            heard[key] = [(await rng.choice(tills).post(*asked[key]))[0]]
            if rng.random() < 0.2:
                await rng.choice(tills).post(reversal(key))
            elif rng.random() < 0.3:
                await rng.choice(tills).post(refund(key, 100))

    async def move_floors() -> None:
        for _ in range(8):
            found = (await house.floors(till.partner_id)).floors
            floor = (found[0].balance if found else -200) - rng.choice((-5, 0, 0, 10, 25))
            await rng.choice((house, there)).set_floor(
                till.partner_id, floor, (await house.head()).last_seq, parks=rng.random() < 0.8
            )
            await asyncio.gather(house.unpark(), there.unpark())

    await asyncio.gather(move_floors(), *(sell(no) for no in range(8)))
    assert await _parked(house)
    await house.assert_sound()
    await house.set_floor(till.partner_id, None, (await house.head()).last_seq)
    await asyncio.gather(house.unpark(), there.unpark())
    assert await _ends(house) == dict.fromkeys(await _parked(house), 1)
    for key, (first,) in heard.items():
        last = (await till.post(*asked[key]))[0]
        assert last.replayed
        if first.outcome == PARKED:
            # It was posted, or reversed.
            assert last.outcome in (ACCEPTED, REFUSED)
            assert last.outcome == REFUSED or last.transaction.original_id == first.transaction.transaction_id
        else:
            assert (last.outcome, last.transaction.seq) == (first.outcome, first.transaction.seq)
    await house.assert_sound()


async def test_a_job_that_was_cut_off_before_its_commit_or_after_it_posts_once(
    house: PointsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever posts what is parked may be gone at any moment: what was posted is not posted by the next."""
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    asked = [earn(member, 100 * points) for points in (1, 2, 3)]
    assert outcomes(await till.post(*asked)) == [PARKED] * 3
    await house.set_floor(till.partner_id, None, 1)
    posted = Door.unpark

    async def cut_off(*_: object) -> int:
        raise ConnectionResetError

    async def unheard(door: Door, parked: list[object]) -> int:
        await posted(door, parked)  # pyright: ignore[reportArgumentType]
        raise ConnectionResetError

    for broken in (cut_off, unheard):
        monkeypatch.setattr(Door, "unpark", broken)
        with pytest.raises(ConnectionResetError):
            await house.unpark()
        monkeypatch.undo()
    assert await house.unpark() == 0
    assert outcomes(await till.post(*asked)) == [ACCEPTED] * 3
    assert (await till.balance(member)).available == 6
    await house.assert_sound()
