"""Billing: statements by the window or by the month, fees that come with them, acceptance and silence."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.ledger import Burn, Earn, Expiry
from tests.support.partners import DAY_US, STARTS_AT_US, House

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US
KINDS = pb.StatementLineKind


async def bill(
    house: House, programme: Programme, partner_id: UUID, cycle: str, fee: int = 0, days: int = 0
) -> pb.BillingTerms:
    terms = pb.BillingTerms(
        partner_id=partner_id.bytes,
        cycle=pb.BillingCycle.Value(f"BILLING_CYCLE_{cycle}"),
        cycle_fee_minor=fee,
        objection_days=days,
    )
    return (await house.ask(house.clearing.SetBilling, pb.SetBillingRequest(terms=terms), programme)).terms


async def week_ends(house: House, programme: Programme, number: int) -> None:
    """Moves the clock over the end of a window; the first is one day."""
    await house.ledger.move_clock(programme, MONDAY_US + (number - 1) * WEEK_US)


async def close(house: House, programme: Programme) -> None:
    await house.rate_now(programme)
    await house.close(programme)
    broken = {
        number: found.breaches
        for number, found in (await house.findings(programme)).items()
        if not found.holds
    }
    assert not broken


async def statements(house: House, programme: Programme, partner_id: UUID) -> list[pb.Statement]:
    """All of a partner, oldest first, with their lines."""
    request = pb.ListStatementsRequest(partner_id=partner_id.bytes, limit=100)
    listed = await house.ask(house.clearing.ListStatements, request, programme)
    found: list[pb.Statement] = []
    for each in reversed(listed.statements):
        wanted = pb.GetStatementRequest(statement_id=each.statement_id)
        found.append((await house.ask(house.clearing.GetStatement, wanted, programme)).statement)
    return found


def lines(statement: pb.Statement) -> list[tuple[str, int, int]]:
    return [
        (KINDS.Name(line.kind).removeprefix("STATEMENT_LINE_KIND_").lower(), line.points, line.amount_micros)
        for line in statement.lines
    ]


async def test_a_month_is_billed_with_the_window_in_which_it_ends_and_others_by_the_window(
    house: House,
) -> None:
    """January 2017 ends on a Tuesday, in window 6: the 30th to the 6th of February."""
    programme = await house.programme()
    monthly = await house.partner(programme, "monthly", 10_333)
    weekly = await house.partner(programme, "weekly", 10_333)
    await bill(house, programme, monthly, "MONTH", 2_500)
    for number in range(1, 8):
        await house.ledger.post(programme, Earn(monthly, 7), Earn(weekly, 7))
        await week_ends(house, programme, number)
        await close(house, programme)
        nets = await house.nets(programme, number)
        assert sum(net.net_minor for net in nets.values()) == 0
        if number != 6:
            assert nets["monthly"].net_minor == 0
            assert (
                nets["monthly"].carry_out_micros
                == nets["monthly"].exact_micros + nets["monthly"].carry_in_micros
            )
    (january,) = await statements(house, programme, monthly)
    assert (january.first_window, january.window.number, january.first_seq) == (1, 6, 1)
    assert january.window.last_seq == 12
    assert (january.starts_at_us, january.window.ends_at_us) == (STARTS_AT_US, MONDAY_US + 5 * WEEK_US)
    # 6 × 7 × 0.010333 = 0.433986, and the fee.
    assert lines(january) == [
        ("issued", 42, 433_986),
        ("cycle_fee", 0, 25_000_000),
        ("carry_in", 0, 0),
        ("carry_out", 0, 10_000 * 2_543 - 25_433_986),
    ]
    assert (january.net.net_minor, january.net.points_issued) == (2_543, 42)
    assert (january.opening_minor, january.closing_minor) == (0, 2_543)
    by_week = await statements(house, programme, weekly)
    assert [(each.first_window, each.window.number) for each in by_week] == [
        (number, number) for number in range(1, 8)
    ]
    assert [each.closing_minor for each in by_week] == [7, 14, 22, 29, 36, 43, 51]
    assert all(one.closing_minor == after.opening_minor for one, after in pairwise(by_week))


async def test_a_month_that_ends_with_a_window_is_billed_with_it(house: House) -> None:
    """April 2017 ends on a Sunday: window 18 ends with its last instant."""
    programme = await house.programme(starts_at_us=MONDAY_US + 15 * WEEK_US)
    grocer = await house.partner(programme, "grocer")
    await bill(house, programme, grocer, "MONTH")
    await house.ledger.post(programme, Earn(grocer, 100, at_us=MONDAY_US + 16 * WEEK_US))
    await house.ledger.move_clock(programme, MONDAY_US + 18 * WEEK_US)
    await close(house, programme)
    assert [each.window.ends_at_us for each in await statements(house, programme, grocer)] == [
        # Summer time has come meanwhile.
        MONDAY_US + 17 * WEEK_US - DAY_US // 24
    ]


async def test_a_change_of_cycle_holds_from_the_open_window_and_leaves_none_out(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await bill(house, programme, grocer, "MONTH")
    for number in (1, 2):
        await house.ledger.post(programme, Earn(grocer, 100))
        await week_ends(house, programme, number)
        await close(house, programme)
    made = await bill(house, programme, grocer, "WINDOW", 100, 30)
    assert (made.version, made.from_window) == (2, 3)
    again = await bill(house, programme, grocer, "WINDOW", 100, 30)
    assert again == made
    for number in (3, 4):
        await house.ledger.post(programme, Earn(grocer, 100))
        await week_ends(house, programme, number)
        await close(house, programme)
    found = await statements(house, programme, grocer)
    assert [(each.first_window, each.window.number, each.net.net_minor) for each in found] == [
        (1, 3, 400),
        (4, 4, 200),
    ]
    assert found[0].objection_until_us - found[0].issued_at_us == 30 * DAY_US
    request = pb.ListBillingRequest(partner_id=grocer.bytes)
    listed = await house.ask(house.clearing.ListBilling, request, programme)
    assert [(each.version, each.from_window, each.objection_days) for each in listed.terms] == [
        (1, 1, 14),
        (2, 3, 30),
    ]


async def test_a_partner_that_joins_late_is_billed_from_its_first_window(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "first")
    await week_ends(house, programme, 1)
    await close(house, programme)
    late = await house.partner(programme, "late")
    await bill(house, programme, late, "MONTH")
    for number in range(2, 7):
        await week_ends(house, programme, number)
        await close(house, programme)
    (january,) = await statements(house, programme, late)
    assert (january.first_window, january.window.number) == (2, 6)


async def test_points_paid_for_once_they_are_used_are_on_the_statement_of_that_window(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    fuel = await house.partner(programme, "fuel", None)
    await house.set_rates(
        programme, fuel, 10_500, 8_000, STARTS_AT_US, issue_share_percent=20, transaction_fee_micros=50_000
    )
    await house.ledger.post(programme, Earn(fuel, 1_000), Earn(grocer, 10))
    await week_ends(house, programme, 1)
    await close(house, programme)
    await house.ledger.post(programme, Burn(grocer, [(fuel, 600, 1)]), Expiry(fuel, 400, 1))
    await week_ends(house, programme, 2)
    await close(house, programme)
    issued, used = await statements(house, programme, fuel)
    assert lines(issued) == [
        ("issued", 1_000, 2_100_000),
        ("fee", 0, 50_000),
        ("carry_in", 0, 0),
        ("carry_out", 0, 0),
    ]
    assert lines(used) == [
        ("charged", 600, 600 * 8_400),
        ("released", 400, 0),
        ("carry_in", 0, 0),
        ("carry_out", 0, 0),
    ]
    assert (used.opening_minor, used.net.net_minor, used.closing_minor) == (215, 504, 719)


async def test_a_statement_is_accepted_by_word_or_by_silence(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await bill(house, programme, grocer, "WINDOW", 0, 10)
    for number in (1, 2):
        await week_ends(house, programme, number)
        await close(house, programme)
    first, second = await statements(house, programme, grocer)
    standings = pb.StatementStanding
    assert (first.standing, second.standing) == (standings.STATEMENT_STANDING_OPEN,) * 2
    me = house.as_partner(programme, grocer, "statements:accept")
    request = pb.AcceptStatementRequest(statement_id=second.statement_id)
    accepted = (await grpc_client.call(house.clearing.AcceptStatement, request, me)).statement
    assert accepted.standing == standings.STATEMENT_STANDING_ACCEPTED
    assert accepted.accepted_at_us > 0
    again = (await grpc_client.call(house.clearing.AcceptStatement, request, me)).statement
    assert again == accepted
    await house.ledger.move_clock(programme, first.objection_until_us)
    await house.rate_now(programme)
    first, second = await statements(house, programme, grocer)
    assert first.standing == standings.STATEMENT_STANDING_ACCEPTED_BY_SILENCE
    assert second == accepted
    late = pb.AcceptStatementRequest(statement_id=first.statement_id)
    answer = (await grpc_client.call(house.clearing.AcceptStatement, late, me)).statement
    assert (answer.standing, answer.accepted_at_us) == (standings.STATEMENT_STANDING_ACCEPTED_BY_SILENCE, 0)


async def test_only_its_partner_accepts_a_statement_and_with_the_scope(house: House) -> None:
    programme = await house.programme()
    grocer, fuel = await house.partner(programme, "grocer"), await house.partner(programme, "fuel")
    await week_ends(house, programme, 1)
    await close(house, programme)
    (mine,) = await statements(house, programme, grocer)
    request = pb.AcceptStatementRequest(statement_id=mine.statement_id)
    refused: list[Any] = []
    for principal in (
        house.as_partner(programme, fuel, "statements:accept"),
        house.as_partner(programme, grocer, "statements:read"),
        house.as_host(programme),
        house.as_staff("admin", programme=programme),
    ):
        with pytest.raises(CoalitionError) as error:
            await grpc_client.call(house.clearing.AcceptStatement, request, principal)
        refused.append(error.value.reason)
    assert refused[0] == Reason.REASON_NOT_FOUND
    assert set(refused[1:]) == {Reason.REASON_PERMISSION_DENIED}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cycle": 0}, "terms.cycle"),
        ({"cycle": 9}, "terms.cycle"),
        ({"cycle_fee_minor": -1}, "cycle_fee_minor"),
        ({"cycle_fee_minor": 10**12 + 1}, "cycle_fee_minor"),
        ({"objection_days": -1}, "objection_days"),
        ({"objection_days": 367}, "objection_days"),
    ],
)
async def test_billing_out_of_range_is_refused_by_name(
    house: House, change: dict[str, int], field: str
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    facts: dict[str, Any] = {"partner_id": grocer.bytes, "cycle": pb.BILLING_CYCLE_MONTH, **change}
    with pytest.raises(CoalitionError) as refused:
        await house.ask(
            house.clearing.SetBilling, pb.SetBillingRequest(terms=pb.BillingTerms(**facts)), programme
        )
    assert refused.value.metadata["field"] == field


async def test_billing_is_for_pricing_staff_and_partners_that_there_are(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    terms = pb.BillingTerms(partner_id=grocer.bytes, cycle=pb.BILLING_CYCLE_MONTH)
    for principal in (house.as_staff("maker", programme=programme), house.as_partner(programme, grocer)):
        with pytest.raises(CoalitionError) as refused:
            await grpc_client.call(house.clearing.SetBilling, pb.SetBillingRequest(terms=terms), principal)
        assert refused.value.reason == Reason.REASON_PERMISSION_DENIED
    terms.partner_id = new_id().bytes
    with pytest.raises(CoalitionError) as unknown:
        await house.ask(house.clearing.SetBilling, pb.SetBillingRequest(terms=terms), programme)
    assert unknown.value.reason == Reason.REASON_PARTNER_UNKNOWN


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("UPDATE statement SET opening_minor = opening_minor + 1", "has other figures"),
        ("UPDATE statement SET points_issued = points_issued + 1", "has other figures"),
        ("UPDATE statement SET first_window = first_window - 1 WHERE first_window > 1", "has other figures"),
        (
            "UPDATE booking SET amount_micros = amount_micros + 10000, price_micros = price_micros + 10000",
            "is not the fold",
        ),
        ("DELETE FROM statement WHERE window_number = 6", "has no statement of partner"),
    ],
)
async def test_a_statement_that_is_not_what_its_windows_make_is_named(
    house: House, fault: str, told: str
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await bill(house, programme, grocer, "MONTH", 100)
    for number in range(1, 11):
        await house.ledger.post(programme, Earn(grocer, 100))
        await week_ends(house, programme, number)
    await close(house, programme)
    assert len(await statements(house, programme, grocer)) == 2
    joined = " AND " if "WHERE" in fault else " WHERE "
    await house.as_superuser(f"{fault}{joined}ledger_id = {programme.ledger_id}")
    found = (await house.findings(programme))[10].breaches
    assert any(told in breach for breach in found), found
