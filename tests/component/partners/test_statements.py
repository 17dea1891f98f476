"""Statements: what is on them, who reads them, and how they are paged."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.ledger import Burn, Earn
from tests.support.partners import DAY_US, STARTS_AT_US, House

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US


async def weeks(house: House, count: int, *slugs: str) -> tuple[Programme, dict[str, UUID]]:
    """A programme with so many stated windows, in each of which every partner earned a point."""
    programme = await house.programme()
    partners = {slug: await house.partner(programme, slug) for slug in slugs}
    for week in range(count):
        await house.ledger.post(programme, *(Earn(partner, 1) for partner in partners.values()))
        await house.ledger.move_clock(programme, MONDAY_US + week * WEEK_US)
    await house.rate_now(programme)
    await house.close(programme)
    return programme, partners


async def listed(house: House, principal: bytes, **wanted: Any) -> tuple[list[tuple[int, str]], bool]:
    answer = await grpc_client.call(
        house.clearing.ListStatements, pb.ListStatementsRequest(**wanted), principal
    )
    return [(each.window.number, each.party.slug) for each in answer.statements], answer.has_more


async def test_a_statement_has_a_line_for_each_kind_and_price_and_both_carries(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    noon_us = STARTS_AT_US + DAY_US // 2
    await house.set_rates(programme, fuel, 11_575, 8_035, noon_us)
    await house.ledger.post(
        programme,
        Earn(fuel, 100, at_us=noon_us - 1),
        Earn(fuel, 33, at_us=noon_us),
        Earn(fuel, 1, at_us=noon_us),
        Burn(fuel, [(grocer, 50), (fuel, 1)], at_us=noon_us - 1),
        Burn(fuel, [(grocer, 7)], at_us=noon_us),
    )
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.rate_now(programme)
    await house.close(programme)

    statement = await house.statement(programme, fuel, 1)

    kinds = pb.StatementLineKind
    assert [
        (line.kind, line.count, line.points, line.price_micros, line.amount_micros)
        for line in statement.lines
    ] == [
        (kinds.STATEMENT_LINE_KIND_ISSUED, 1, 100, 11_050, 1_105_000),
        (kinds.STATEMENT_LINE_KIND_ISSUED, 2, 34, 11_575, 393_550),
        (kinds.STATEMENT_LINE_KIND_BURNED, 1, 7, 8_035, -56_245),
        (kinds.STATEMENT_LINE_KIND_BURNED, 2, 51, 8_475, -432_225),
        (kinds.STATEMENT_LINE_KIND_CARRY_IN, 0, 0, 0, 0),
        (kinds.STATEMENT_LINE_KIND_CARRY_OUT, 0, 0, 0, -80),
    ]
    assert sum(line.amount_micros for line in statement.lines) == statement.net.net_minor * 10_000
    assert (statement.currency, statement.party.slug, statement.window.number) == ("USD", "fuel", 1)
    assert (statement.net.points_issued, statement.net.points_burned) == (134, 58)
    assert MONDAY_US <= statement.issued_at_us < MONDAY_US + DAY_US
    assert statement.window.state == pb.WINDOW_STATE_STATED


async def test_every_partner_has_a_statement_of_every_window_even_without_activity(house: House) -> None:
    programme = await house.programme()
    quiet = await house.partner(programme, "quiet")
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    statement = await house.statement(programme, quiet, 1)
    assert (statement.net.net_minor, [line.amount_micros for line in statement.lines]) == (0, [0, 0])


async def test_a_partner_sees_its_own_statements_and_nobody_elses(house: House) -> None:
    programme, partners = await weeks(house, 2, "fuel", "grocer")
    me = house.as_partner(programme, partners["fuel"])
    assert await listed(house, me) == ([(2, "fuel"), (1, "fuel")], False)
    assert await listed(house, me, partner_id=partners["grocer"].bytes) == await listed(house, me)
    for partner_id, found in ((partners["fuel"], True), (partners["grocer"], False)):
        statement = await house.statement(programme, partner_id, 2)
        request = pb.GetStatementRequest(statement_id=statement.statement_id)
        if found:
            assert (await grpc_client.call(house.clearing.GetStatement, request, me)).statement == statement
        else:
            with pytest.raises(CoalitionError) as refused:
                await grpc_client.call(house.clearing.GetStatement, request, me)
            assert refused.value.reason == Reason.REASON_NOT_FOUND


async def test_statements_of_another_programme_are_not_found(house: House) -> None:
    programme, partners = await weeks(house, 1, "fuel")
    other, _ = await weeks(house, 1, "fuel")
    statement = await house.statement(programme, partners["fuel"], 1)
    for statement_id in (statement.statement_id, new_id().bytes):
        with pytest.raises(CoalitionError) as refused:
            await house.ask(
                house.clearing.GetStatement, pb.GetStatementRequest(statement_id=statement_id), other
            )
        assert refused.value.reason == Reason.REASON_NOT_FOUND


async def test_a_key_without_the_scope_reads_no_statement(house: House) -> None:
    programme, partners = await weeks(house, 1, "fuel")
    for method, request in (
        (house.clearing.ListStatements, pb.ListStatementsRequest()),
        (house.clearing.GetStatement, pb.GetStatementRequest(statement_id=new_id().bytes)),
    ):
        with pytest.raises(CoalitionError) as refused:
            await grpc_client.call(
                method, request, house.as_partner(programme, partners["fuel"], "points:earn")
            )
        assert refused.value.reason == Reason.REASON_PERMISSION_DENIED


async def test_a_partners_pages_go_down_and_up(house: House) -> None:
    programme, partners = await weeks(house, 5, "fuel")
    me = house.as_partner(programme, partners["fuel"])

    async def numbers(**wanted: int) -> tuple[list[int], bool]:
        found, has_more = await listed(house, me, **wanted)
        return [number for number, _ in found], has_more

    assert await numbers(limit=2) == ([5, 4], True)
    assert await numbers(limit=2, before_window=4) == ([3, 2], True)
    assert await numbers(limit=2, before_window=2) == ([1], False)
    assert await numbers(limit=2, after_window=1) == ([3, 2], True)
    assert await numbers(limit=2, after_window=3) == ([5, 4], False)
    assert await numbers(before_window=5, after_window=2) == ([4, 3], False)
    for wrong in ({"limit": 101}, {"before_window": -1}):
        with pytest.raises(CoalitionError) as refused:
            await numbers(**wrong)
        assert refused.value.reason == Reason.REASON_INVALID_REQUEST


async def test_the_pages_of_all_partners_end_between_windows(house: House) -> None:
    programme, _ = await weeks(house, 3, "fuel", "grocer", "leisure")
    staff = house.as_staff("auditor", programme=programme)
    of = ["fuel", "grocer", "leisure"]
    assert await listed(house, staff, limit=4) == ([(3, slug) for slug in of], True)
    assert await listed(house, staff, limit=6) == ([(n, slug) for n in (3, 2) for slug in of], True)
    # One window has more than the page holds: it is answered whole.
    assert await listed(house, staff, limit=2, before_window=3) == ([(2, slug) for slug in of], True)
    assert await listed(house, staff, limit=2, before_window=2) == ([(1, slug) for slug in of], False)
    assert await listed(house, staff, limit=2, after_window=1) == ([(2, slug) for slug in of], True)
    assert await listed(house, staff, limit=4, after_window=1) == ([(2, slug) for slug in of], True)
    assert await listed(house, staff, limit=6, after_window=1) == (
        [(n, slug) for n in (3, 2) for slug in of],
        False,
    )
