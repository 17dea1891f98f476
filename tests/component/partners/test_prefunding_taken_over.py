"""Prefunding whose payment failed or was given up, and that a later run takes over: it has not come until that one is paid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest
from coalition.partners.v1 import settlement_pb2 as runs_pb2
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.storage.settlement.paid import paid
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from tests.component.partners.test_prefunding import TOO_MUCH, headroom, paid_ahead
from tests.support.partners_office import Office
from tests.support.prefunding import ASK, BACK, Till, payment_of
from tests.support.settling import Settling, settling_of


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


@pytest.fixture
def till(desk: Settling) -> Till:
    return Till(desk)


async def limited(desk: Settling, limit_minor: int) -> None:
    """The grocer may owe so much."""
    draft = await desk.office.draft(
        desk.maker, desk.programme, desk.partners["grocer"], limit_minor=limit_minor, prefunded_minor=0
    )
    await desk.office.approve(desk.checker.on(desk.programme), draft)


async def test_what_came_back_and_is_asked_for_again_is_neither_given_back_nor_credit(
    desk: Settling, till: Till
) -> None:
    await desk.partner("grocer")
    await desk.week(1)
    await limited(desk, 100_000)
    await till.order("grocer", ASK, 50_000)
    first = await desk.settled()
    await till.bank(payment_of(desk, first, "grocer"))
    await till.came_back(payment_of(desk, first, "grocer"))
    again = payment_of(desk, await desk.settled(), "grocer")
    assert again.amount_minor == 50_000

    assert (await till.listed("grocer")).unpaid_minor == 50_000
    assert await headroom(desk) == (0, 100_000)
    with pytest.raises(CoalitionError, match=TOO_MUCH):
        await till.order("grocer", BACK, 1)

    await till.bank(again)
    assert (await till.listed("grocer")).unpaid_minor == 0
    assert await headroom(desk) == (50_000, 150_000)
    await till.order("grocer", BACK, 50_000)


async def test_what_is_given_up_and_asked_for_again_is_not_given_back(desk: Settling, till: Till) -> None:
    await desk.partner("grocer", method="invoice", due_days=20)
    await desk.week(1)
    await till.order("grocer", ASK, 50_000)
    first = payment_of(desk, await desk.settled(), "grocer")
    request = runs_pb2.CancelPaymentRequest(end_to_end_id=first.end_to_end_id, why="to be collected")
    await grpc_client.call(desk.settlement.CancelPayment, request, desk.checker.on(desk.programme), 60)
    await desk.settled()

    assert (await till.listed("grocer")).unpaid_minor == 50_000
    with pytest.raises(CoalitionError, match=TOO_MUCH):
        await till.order("grocer", BACK, 1)


async def test_what_is_given_back_and_fails_on_its_way_is_no_credit_while_it_is_sent_again(
    desk: Settling, till: Till
) -> None:
    await paid_ahead(desk, till)
    await limited(desk, 100_000)
    await till.order("grocer", BACK, 8_000)
    back = payment_of(desk, await desk.settled(), "grocer")
    assert await headroom(desk) == (42_000, 142_000)
    await till.bank(back)
    await till.came_back(back)
    assert await headroom(desk) == (42_000, 142_000)

    again = payment_of(desk, await desk.settled(), "grocer")
    assert await headroom(desk) == (42_000, 142_000)
    await till.bank(again)
    assert await headroom(desk) == (42_000, 142_000)


@dataclass
class Interrupted:
    """A connection between whose reads something happens: after so many of them."""

    connection: AsyncConnection
    after: int
    happens: Callable[[], Awaitable[object]]

    async def execute(self, *wanted: Any) -> Any:
        found = await self.connection.execute(*wanted)
        self.after -= 1
        if self.after == 0:
            await self.happens()
        return found


async def credit(
    desk: Settling, after: int = 0, happens: Callable[[], Awaitable[object]] | None = None
) -> int:
    """What the grocer has paid, ahead or not, as floors count it: read in a transaction that sees what others commit meanwhile."""
    async with desk.house.app.database.writer.transaction() as connection:
        reads = Interrupted(connection, after, happens or desk.accounts)
        found = await paid(cast("AsyncConnection", reads), desk.programme.ledger_id)
        assert not happens or reads.after <= 0
    grocer = found[desk.partners["grocer"]]
    return (grocer.paid_micros + grocer.prefunding_micros) // 10_000


async def test_what_happens_between_the_reads_of_the_gate_makes_no_credit_that_is_not_there(
    desk: Settling, till: Till
) -> None:
    await paid_ahead(desk, till)
    for after in (1, 2, 3, 4):
        before = await credit(desk)
        await till.order("grocer", BACK, 1_000)
        assert await credit(desk) == before - 1_000
        assert await credit(desk, after, desk.settled) <= before - 1_000
        back = payment_of(desk, await desk.run(2 * after), "grocer")
        assert await credit(desk, after, lambda back=back: till.bank(back)) <= before - 1_000
        assert await credit(desk) == before - 1_000
        # What is asked for is no credit before it has come.
        await till.order("grocer", ASK, 1_000)
        assert await credit(desk, after, desk.settled) <= before - 1_000
        asked = payment_of(desk, await desk.run(2 * after + 1), "grocer")
        assert await credit(desk, after, lambda asked=asked: till.bank(asked)) <= before
        assert await credit(desk) == before
