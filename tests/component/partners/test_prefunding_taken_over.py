"""Prefunding whose payment failed or was given up, and that a later run takes over: it has not come until that one is paid."""

from __future__ import annotations

import pytest
from coalition.partners.v1 import settlement_pb2 as runs_pb2

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
