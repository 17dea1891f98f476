"""Closing windows step by step, where partners stand in between, and the matrix with the operator in it."""

from __future__ import annotations

from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.ledger import Burn, Earn, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US


async def step(house: House, programme: Programme, name: str, until_us: int = 0) -> list[tuple[int, str]]:
    """Does one step; the windows that it moved, and where they are now."""
    request = pb.CloseWindowsRequest(until_us=until_us, step=pb.WindowStep.Value(f"WINDOW_STEP_{name}"))
    answer = await house.ask(house.clearing.CloseWindows, request, programme)
    return [
        (each.number, pb.WindowState.Name(each.state).removeprefix("WINDOW_STATE_"))
        for each in answer.windows
    ]


async def positions(house: House, programme: Programme) -> tuple[int, int, dict[str, pb.Position]]:
    answer = await house.ask(house.clearing.GetPositions, pb.GetPositionsRequest(), programme)
    return answer.from_window, answer.as_of_seq, {each.party.slug: each for each in answer.positions}


async def test_each_step_moves_what_waits_for_it_and_nothing_else(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    for week in range(3):
        await house.ledger.post(programme, Earn(grocer, 100))
        await house.ledger.move_clock(programme, MONDAY_US + week * WEEK_US)
    await house.rate_now(programme)
    assert await step(house, programme, "STATE") == await step(house, programme, "AGGREGATE") == []
    assert await step(house, programme, "CUT", MONDAY_US + WEEK_US) == [(1, "CLOSED"), (2, "CLOSED")]
    assert await step(house, programme, "STATE") == []
    assert await step(house, programme, "AGGREGATE", MONDAY_US) == [(1, "AGGREGATED")]
    assert await step(house, programme, "STATE") == [(1, "STATED")]
    assert await step(house, programme, "CUT") == [(3, "CLOSED")]
    assert await step(house, programme, "CUT") == []
    assert await step(house, programme, "AGGREGATE") == [(2, "AGGREGATED"), (3, "AGGREGATED")]
    assert await step(house, programme, "AGGREGATE") == []
    # What is left is done by closing as a whole.
    assert [each.number for each in await house.close(programme)] == [2, 3]
    assert await step(house, programme, "STATE") == []
    assert all(found.holds for found in (await house.findings(programme)).values())
    for wrong in (
        pb.CloseWindowsRequest(step=pb.WINDOW_STEP_CUT, until_us=MONDAY_US + 9 * WEEK_US),
        pb.CloseWindowsRequest(step=9),  # pyright: ignore[reportArgumentType]
    ):
        with pytest.raises(CoalitionError):
            await house.ask(house.clearing.CloseWindows, wrong, programme)


async def test_a_position_is_what_the_statement_will_say_if_nothing_else_comes(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 10_333, 8_000)
    monthly = await house.partner(programme, "monthly", 3_333, 8_475)
    terms = pb.BillingTerms(partner_id=monthly.bytes, cycle=pb.BILLING_CYCLE_MONTH)
    await house.ask(house.clearing.SetBilling, pb.SetBillingRequest(terms=terms), programme)
    assert (await positions(house, programme))[:2] == (1, 0)
    for week in range(7):
        await house.ledger.post(
            programme,
            Earn(grocer, 101 + week),
            Earn(monthly, 7),
            Burn(monthly, [(grocer, 3 + week)]),
        )
        await house.rate_now(programme)
        from_window, as_of_seq, before = await positions(house, programme)
        assert (from_window, as_of_seq) == (week + 1, 3 * (week + 1))
        assert before["grocer"].points_issued == 101 + week
        assert before["monthly"].points_burned == 3 + week
        await house.ledger.move_clock(programme, MONDAY_US + week * WEEK_US)
        # Cut and netted, but not stated: it is as before.
        await step(house, programme, "CUT")
        await step(house, programme, "AGGREGATE")
        assert (await positions(house, programme))[2] == before
        await house.close(programme)
        owed = {
            slug: await closing(house, programme, partner, week + 1)
            for slug, partner in (("grocer", grocer), ("monthly", monthly))
        }
        assert owed["grocer"] == before["grocer"].position_minor
        # January 2017 ends in window 6.
        assert (owed["monthly"] is None) == (week + 1 != 6)
        if week + 1 == 6:
            assert owed["monthly"] == before["monthly"].position_minor


async def test_the_fee_that_comes_with_a_statement_is_in_no_position_before_it(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    terms = pb.BillingTerms(
        partner_id=grocer.bytes, cycle=pb.BILLING_CYCLE_WINDOW, cycle_fee_minor=250, objection_days=9
    )
    await house.ask(house.clearing.SetBilling, pb.SetBillingRequest(terms=terms), programme)
    await house.ledger.post(programme, Earn(grocer, 100))
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.rate_now(programme)
    seen: list[int] = []
    for name in ("CUT", "AGGREGATE", "STATE"):
        await step(house, programme, name)
        seen.append((await positions(house, programme))[2]["grocer"].position_minor)
    assert seen == [100, 100, 350]


async def closing(house: House, programme: Programme, partner: UUID, window: int) -> int | None:
    """What is due with a partner's statement of a window; None: it has none."""
    request = pb.ListStatementsRequest(
        partner_id=partner.bytes, before_window=window + 1, after_window=window - 1
    )
    listed = await house.ask(house.clearing.ListStatements, request, programme)
    return listed.statements[0].closing_minor if listed.statements else None


async def test_a_row_less_its_column_is_a_net_and_the_operator_is_one_of_them(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US, transaction_fee_micros=70_000)
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    nobody = UUID(int=0)
    await house.ledger.post(programme, Earn(grocer, 1_000), Earn(fuel, 500))
    burned = await house.ledger.post(programme, Burn(fuel, [(grocer, 200), (fuel, 40), (nobody, 10)]))
    await house.ledger.post(programme, Burn(grocer, [(fuel, 90)]), Return(fuel, burned, [(grocer, 50)]))
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    answer = await house.ask(house.clearing.GetMatrix, pb.GetMatrixRequest(), programme)
    sides = {
        side.party.slug: (side.row_micros, side.column_micros, side.operator_micros, side.exact_micros)
        for side in answer.sides
    }
    # Two sales' fees, and a thousand points at its price.
    grocers = 1_000 * 10_000 + 2 * 70_000
    fuels = 500 * 11_050
    to_fuel = (150 + 40 + 10) * 8_475
    assert sides == {
        "fuel": (fuels, to_fuel, fuels - 40 * 8_475 - 90 * 8_000, fuels - to_fuel),
        "grocer": (grocers, 90 * 8_000, grocers - 150 * 8_475, grocers - 90 * 8_000),
        "operator": (
            10 * 8_475,
            grocers + fuels - (150 + 40) * 8_475 - 90 * 8_000,
            0,
            to_fuel + 90 * 8_000 - grocers - fuels,
        ),
    }
    assert list(sides) == ["fuel", "grocer", "operator"]
    nets = await house.nets(programme)
    for slug, (row, column, _, exact) in sides.items():
        assert row - column == exact == nets[slug].exact_micros


async def test_positions_are_for_staff_and_services(house: House) -> None:
    programme = await house.programme()
    partner = house.as_partner(programme, new_id(), "statements:read")
    with pytest.raises(CoalitionError) as refused:
        await grpc_client.call(house.clearing.GetPositions, pb.GetPositionsRequest(), partner)
    assert refused.value.reason == Reason.REASON_PERMISSION_DENIED
