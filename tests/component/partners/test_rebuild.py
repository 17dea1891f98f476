"""What clearing makes can be made again: from the ledger's events, contracts, prices, billing and cuts, to the same bytes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from coalition.partners.v1 import clearing_pb2 as pb

from services.runtime import grpc_client
from services.runtime.principal import Programme
from tests.component.partners.test_floors import limited, set_floors, standing
from tests.support.ledger import Burn, ClawBack, Earn, Expiry, Owe, Repay, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US
# In the order in which they can be emptied; those beside a ledger's own rows are put back to their beginning.
MADE = (
    "partner_tree",
    "checkpoint",
    "statement_line",
    "statement",
    "booking",
    "matrix_cell",
    "net",
    "rated_entry",
)


async def rows(house: House, programme: Programme) -> dict[str, list[str]]:
    """Every row of what is made, as text, in order; and how far rating is."""
    connection = await asyncpg.connect(house.database.admin_url)
    try:
        found: dict[str, list[str]] = {}
        for table in (*MADE, "rating_head", "clearing_window"):
            listed = await connection.fetch(
                f"SELECT t::text AS line FROM {table} AS t WHERE ledger_id = $1 ORDER BY t::text",
                programme.ledger_id,
            )
            found[table] = [row["line"] for row in listed]
        return found
    finally:
        await connection.close()


async def a_busy_month(office: Office, programme: Programme) -> None:
    """Contracts of several kinds that change, a partner that joins late, refunds across windows, a debt paid, prices re-rated."""
    house = office.house
    grocer = await house.partner(programme, "grocer")
    fuel = await house.partner(programme, "fuel", None)
    await house.set_rates(programme, fuel, 10_533, 8_000, STARTS_AT_US, issue_share_percent=35)
    terms = pb.BillingTerms(
        partner_id=grocer.bytes, cycle=pb.BILLING_CYCLE_MONTH, cycle_fee_minor=250, objection_days=9
    )
    await house.ask(house.clearing.SetBilling, pb.SetBillingRequest(terms=terms), programme)
    late = None
    for week in range(1, 8):
        first = await house.ledger.post(programme, Earn(grocer, 700 + week)) if week % 2 else 0
        earned = await house.ledger.post(programme, Earn(fuel, 300))
        burned = await house.ledger.post(programme, Burn(grocer, [(fuel, 120, earned)]))
        await house.ledger.post(
            programme,
            Return(grocer, burned, [(fuel, 20, earned)]),
            ClawBack(fuel, earned, 30, [(fuel, 30, earned)]),
            Expiry(fuel, 10, earned),
        )
        if first:
            owed = await house.ledger.post(programme, Owe(grocer, first, 5))
            await house.ledger.post(programme, Repay([(owed, first, grocer, 5)], [(fuel, 5, earned)]))
        if week == 3:
            late = await house.partner(programme, "late", 12_345)
            await house.rate_now(programme)
            await house.set_rates(programme, fuel, 20_000, 9_000, STARTS_AT_US, transaction_fee_micros=7_001)
        if late is not None:
            await house.ledger.post(programme, Earn(late, 41))
        if week == 4:
            # Nothing of this week is rated yet, and its window is due: the differences are of what came before.
            await office.rerate(programme, fuel, 2)
        if week == 5:
            await house.rate_now(programme)
            await house.set_rates(programme, grocer, 11_000, 7_900, STARTS_AT_US + 2 * WEEK_US)
            await office.rerate(programme, grocer, 2, to_us=STARTS_AT_US + 3 * WEEK_US)
            await office.rerate(programme, grocer, 2)
        await house.ledger.move_clock(programme, MONDAY_US + (week - 1) * WEEK_US)
        if week != 4:
            await house.rate_now(programme)
            await house.close(programme)


async def test_emptied_it_is_made_again_to_the_same_bytes(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    await a_busy_month(office, programme)
    before = await rows(house, programme)
    assert all(before[table] for table in MADE)
    (accepted,) = await accept_one(house, programme)
    await empty(house, programme)
    assert not (await rows(house, programme))["rated_entry"]

    await house.rate_now(programme)
    stated = await house.close(programme)

    assert [window.number for window in stated] == list(range(1, len(before["clearing_window"]) + 1))
    again = await rows(house, programme)
    for table, lines in before.items():
        assert again[table] == lines, table
    findings = await house.findings(programme)
    assert [finding.breaches for finding in findings.values() if not finding.holds] == []
    # What was said of a statement is said of the same one still.
    request = pb.GetStatementRequest(statement_id=accepted.statement_id)
    found = (await house.ask(house.clearing.GetStatement, request, programme)).statement
    assert found == accepted


@pytest.mark.parametrize("closed", [False, True])
async def test_a_limit_forgets_no_re_rate_when_all_is_made_again(office: Office, closed: bool) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await limited(office, programme, grocer, 10_000)
    await house.ledger.post(programme, Earn(grocer, 1_000))
    await house.rate_now(programme)
    await house.set_rates(programme, grocer, 20_000, 8_000, STARTS_AT_US)
    await office.rerate(programme, grocer, 2)
    if closed:
        await house.ledger.move_clock(programme, STARTS_AT_US + DAY_US)
        await house.rate_now(programme)
        await house.close(programme)
    await set_floors(house, programme)
    before = await standing(office, programme)
    assert before.owed_micros == 20_000_000
    await empty(house, programme, "credit_standing")
    await set_floors(house, programme)
    made = await standing(office, programme)
    assert (made.owed_micros, made.floor) == (before.owed_micros, before.floor)
    # What is booked of the open window is there again, too.
    assert all(found.holds for found in (await house.findings(programme)).values())
    await house.ledger.move_clock(programme, STARTS_AT_US + DAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    await set_floors(house, programme)
    assert (await standing(office, programme)).owed_micros == before.owed_micros


async def empty(house: House, programme: Programme, *more: str) -> None:
    """Takes away all that is made, and lets it be made again; contracts, cuts and approvals stay."""
    zeros = ", ".join(
        f"{name} = 0"
        for name in await figures(house)
        if name not in ("ledger_id", "clock_offset_us", "rates_generation")
    )
    await house.as_superuser(
        *(
            f"DELETE FROM {table} WHERE ledger_id = {programme.ledger_id}"
            for table in (*more, *MADE)
            if table != "statement_line"
        ),
        f"DELETE FROM statement_line WHERE ledger_id = {programme.ledger_id}",
        f"UPDATE rating_head SET {zeros} WHERE ledger_id = {programme.ledger_id}",
        f"UPDATE clearing_window SET state = 'closed' WHERE ledger_id = {programme.ledger_id}",
        f"DELETE FROM inbox WHERE programme = '{programme.slug}'",
    )


async def accept_one(house: House, programme: Programme) -> list[pb.Statement]:
    """The newest statement of the fuel partner, accepted."""
    listed = await house.ask(house.clearing.ListStatements, pb.ListStatementsRequest(limit=100), programme)
    newest = next(each for each in listed.statements if each.party.slug == "fuel")
    me = house.as_partner(programme, uuid_of(newest), "statements:accept")
    request = pb.AcceptStatementRequest(statement_id=newest.statement_id)
    return [(await grpc_client.call(house.clearing.AcceptStatement, request, me)).statement]


async def figures(house: House) -> list[str]:
    connection = await asyncpg.connect(house.database.admin_url)
    try:
        found: Any = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'rating_head'"
        )
        return [row["column_name"] for row in found]
    finally:
        await connection.close()


def uuid_of(statement: pb.Statement) -> UUID:
    return UUID(bytes=statement.party.partner_id)
