"""The checker proves clearing on the live database, and names what is wrong where something is."""

from __future__ import annotations

import socket
from contextlib import closing
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.support.ledger import Burn, ClawBack, Earn, Expiry, Owe, Refund, Repay, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US


async def two_windows(house: House) -> tuple[Programme, UUID, UUID]:
    """Two stated windows of four and three postings, and an open one with one."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 10_333, 8_000)
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    await house.ledger.post(
        programme, Earn(grocer, 100), Earn(fuel, 0), Burn(fuel, [(grocer, 10), (fuel, 2)]), Earn(fuel, 3)
    )
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.ledger.post(programme, Earn(fuel, 55), Expiry(grocer, 1), Burn(grocer, [(fuel, 5)]))
    await house.ledger.move_clock(programme, MONDAY_US + WEEK_US)
    await house.ledger.post(programme, Earn(grocer, 9))
    await house.rate_now(programme)
    await house.close(programme)
    return programme, grocer, fuel


async def two_windows_with_refunds(house: House) -> tuple[Programme, UUID, UUID]:
    """Two stated windows of three and six postings; the second undoes parts of the first."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 10_333, 8_000)
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    await house.ledger.post(
        programme, Earn(grocer, 100), Earn(fuel, 50), Burn(fuel, [(grocer, 30), (fuel, 20)])
    )
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.ledger.post(
        programme,
        Return(fuel, 3, [(grocer, 10), (fuel, 20)]),
        ClawBack(grocer, 1, 60),
        Owe(grocer, 1, 25),
        Refund(grocer),
        Earn(grocer, 9),
        Repay([(6, 1, grocer, 9)]),
    )
    await house.ledger.move_clock(programme, MONDAY_US + WEEK_US)
    await house.rate_now(programme)
    await house.close(programme)
    return programme, grocer, fuel


async def breaches(house: House, programme: Programme, *invariants: int) -> list[str]:
    """What is broken, making sure that nothing else is."""
    findings = await house.findings(programme)
    assert {number for number, finding in findings.items() if not finding.holds} == set(invariants)
    return [breach for number in invariants for breach in findings[number].breaches]


async def test_all_invariants_hold_and_their_figures_are_told(house: House) -> None:
    programme, _, _ = await two_windows(house)
    findings = await house.findings(programme)
    assert list(findings) == [8, 9, 10]
    assert all(finding.holds and finding.name for finding in findings.values())
    assert findings[8].figure == "11 events told, 11 of 11 applied"
    assert findings[9].figure == "8 postings, 9 entries, 2 windows, 2 netted to 0"
    assert findings[10].figure.startswith("4 statements, 13 lines")


async def test_a_programme_without_postings_is_sound(house: House) -> None:
    programme = await house.programme()
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_a_rated_entry_that_is_gone_is_named_with_its_window(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(f"DELETE FROM rated_entry WHERE ledger_id = {programme.ledger_id} AND seq = 5")
    found = await breaches(house, programme, 9, 10)
    assert found[0] == "seq 5 is not rated"
    assert "control of issued: 4 were rated, entries hold 3" in found
    assert any(breach.startswith("window 2: the net of fuel is") for breach in found)
    assert "the statement of fuel for window 2 is not the fold of seqs 5 to 7" in found


async def test_one_line_of_a_redemption_that_is_gone_is_named(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(
        f"DELETE FROM rated_entry WHERE ledger_id = {programme.ledger_id} AND seq = 3 AND line = 2"
    )
    found = await breaches(house, programme, 9, 10)
    assert found[0] == "control of burned: 3 were rated, entries hold 2"
    assert "window 1: the matrix of fuel at fuel is not the fold of its entries" in found


async def test_the_newest_rated_entry_that_is_gone_is_noticed_before_any_window(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(f"DELETE FROM rated_entry WHERE ledger_id = {programme.ledger_id} AND seq = 8")
    found = await breaches(house, programme, 9)
    assert found[0] == "rating is at seq 8, the last rated entry is of seq 7"


async def test_an_entry_whose_price_was_edited_is_noticed(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(
        "UPDATE rated_entry SET price_micros = price_micros + 1, amount_micros = amount_micros + points "
        f"WHERE ledger_id = {programme.ledger_id} AND seq = 1"
    )
    found = await breaches(house, programme, 9, 10)
    assert "control of issued micros: 1,767,197 were rated, entries hold 1,767,297" in found


async def test_what_refunds_undo_is_part_of_what_is_proved(house: House) -> None:
    programme, _, _ = await two_windows_with_refunds(house)
    findings = await house.findings(programme)
    assert all(finding.holds for finding in findings.values())
    assert findings[9].figure == "9 postings, 11 entries, 2 windows, 2 netted to 0"
    assert findings[10].figure.startswith("4 statements, 14 lines")


async def test_a_reversal_that_is_gone_is_named_with_its_window(house: House) -> None:
    programme, _, _ = await two_windows_with_refunds(house)
    await house.as_superuser(f"DELETE FROM rated_entry WHERE ledger_id = {programme.ledger_id} AND seq = 5")
    found = await breaches(house, programme, 9, 10)
    assert found[0] == "seq 5 is not rated"
    assert "control of reversed: 2 were rated, entries hold 1" in found
    assert "control of reversed points: 69 were rated, entries hold 9" in found
    assert any(breach.startswith("window 2: the net of grocer is") for breach in found)
    assert "the statement of grocer for window 2 is not the fold of seqs 4 to 9" in found


async def test_one_line_of_a_return_that_is_gone_is_named(house: House) -> None:
    programme, _, _ = await two_windows_with_refunds(house)
    await house.as_superuser(
        f"DELETE FROM rated_entry WHERE ledger_id = {programme.ledger_id} AND seq = 4 AND line = 2"
    )
    found = await breaches(house, programme, 9, 10)
    assert found[0] == "control of returned: 2 were rated, entries hold 1"
    assert "window 2: the matrix of fuel at fuel is not the fold of its entries" in found


@pytest.mark.parametrize(
    ("seq", "sign", "breach"),
    [
        (4, 1, "control of returned micros: 254,250 were rated, entries hold 254,260"),
        (5, -1, "control of reversed micros: 712,977 were rated, entries hold 713,037"),
    ],
)
async def test_a_price_of_today_in_place_of_the_one_of_then_is_noticed(
    house: House, seq: int, sign: int, breach: str
) -> None:
    programme, _, _ = await two_windows_with_refunds(house)
    await house.as_superuser(
        "UPDATE rated_entry SET price_micros = price_micros + 1, "
        f"amount_micros = (price_micros + 1) * points * {sign} "
        f"WHERE ledger_id = {programme.ledger_id} AND seq = {seq} AND line = 1"
    )
    assert breach in await breaches(house, programme, 9, 10)


async def test_a_reversal_that_was_made_a_burn_is_noticed_though_the_amount_is_the_same(house: House) -> None:
    programme, _, _ = await two_windows_with_refunds(house)
    await house.as_superuser(
        f"UPDATE rated_entry SET kind = 'burned', undoes_seq = NULL WHERE ledger_id = {programme.ledger_id} AND seq = 5"
    )
    found = await breaches(house, programme, 9, 10)
    assert "control of reversed: 2 were rated, entries hold 1" in found
    assert "window 2: the matrix of grocer at grocer is not the fold of its entries" in found
    assert "the statement of grocer for window 2 has other lines than its entries make" in found


@pytest.mark.parametrize("column", ["points_reversed", "points_returned"])
async def test_edited_points_of_a_net_are_noticed(house: House, column: str) -> None:
    programme, grocer, _ = await two_windows_with_refunds(house)
    await house.as_superuser(
        f"UPDATE net SET {column} = {column} + 1 WHERE ledger_id = {programme.ledger_id} "
        f"AND window_number = 2 AND party_id = '{grocer}'"
    )
    (breach,) = await breaches(house, programme, 9)
    assert breach.startswith("window 2: the net of grocer is")


@pytest.mark.parametrize("column", ["points_returned", "micros_returned"])
async def test_an_edited_return_in_the_matrix_is_named(house: House, column: str) -> None:
    programme, grocer, _ = await two_windows_with_refunds(house)
    await house.as_superuser(
        f"UPDATE matrix_cell SET {column} = {column} + 1 WHERE ledger_id = {programme.ledger_id} "
        f"AND window_number = 2 AND issuer_id = '{grocer}'"
    )
    assert await breaches(house, programme, 9) == [
        "window 2: the matrix of grocer at fuel is not the fold of its entries"
    ]


async def test_an_entry_moved_to_another_partner_is_noticed(house: House) -> None:
    programme, grocer, _ = await two_windows(house)
    await house.as_superuser(
        f"UPDATE rated_entry SET partner_id = '{grocer}' WHERE ledger_id = {programme.ledger_id} AND seq = 5"
    )
    found = await breaches(house, programme, 9, 10)
    assert any(breach.startswith("window 2: the net of grocer is") for breach in found)


@pytest.mark.parametrize("party", ["fuel", "operator"])
async def test_an_edited_net_is_named_with_what_it_should_be(house: House, party: str) -> None:
    programme, _, fuel = await two_windows(house)
    party_id = fuel if party == "fuel" else UUID(int=0)
    await house.as_superuser(
        "ALTER TABLE net DROP CONSTRAINT IF EXISTS net_carry_ck",
        "UPDATE net SET net_minor = net_minor + 1, carry_out_micros = carry_out_micros - 10000 "
        f"WHERE ledger_id = {programme.ledger_id} AND window_number = 2 AND party_id = '{party_id}'",
    )
    found = await breaches(house, programme, 9)
    assert found[0] == "window 2: the nets sum to 1 minor units"
    assert any(breach.startswith(f"window 2: the net of {party} is") for breach in found)


async def test_an_edited_matrix_is_named(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(
        f"UPDATE matrix_cell SET points = points + 1 WHERE ledger_id = {programme.ledger_id} AND window_number = 2"
    )
    assert await breaches(house, programme, 9) == [
        "window 2: the matrix of fuel at grocer is not the fold of its entries"
    ]


async def test_a_shifted_window_is_named_with_the_gap_it_leaves(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(
        f"UPDATE clearing_window SET last_seq = 3 WHERE ledger_id = {programme.ledger_id} AND number = 1"
    )
    found = await breaches(house, programme, 9, 10)
    assert "window 1 ends at seq 3, window 2 starts at 5" in found


async def test_windows_shifted_together_are_noticed_by_their_nets(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(
        f"UPDATE clearing_window SET last_seq = 3 WHERE ledger_id = {programme.ledger_id} AND number = 1",
        f"UPDATE clearing_window SET first_seq = 4 WHERE ledger_id = {programme.ledger_id} AND number = 2",
    )
    found = await breaches(house, programme, 9, 10)
    assert any(breach.startswith("window 1: the net of fuel is") for breach in found)
    assert any(breach.startswith("window 2: the net of fuel is") for breach in found)


async def test_a_first_window_that_starts_late_is_named(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(
        "ALTER TABLE clearing_window DROP CONSTRAINT IF EXISTS clearing_window_first_ck",
        f"UPDATE clearing_window SET first_seq = 2 WHERE ledger_id = {programme.ledger_id} AND number = 1",
    )
    found = await breaches(house, programme, 9, 10)
    assert found[0] == "the first window is 1, starting at seq 2"


async def test_an_edited_line_of_a_statement_is_named(house: House) -> None:
    programme, grocer, _ = await two_windows(house)
    statement = await house.statement(programme, grocer, 1)
    await house.as_superuser(
        "UPDATE statement_line SET amount_micros = amount_micros + 1 "
        f"WHERE statement_id = '{UUID(bytes=statement.statement_id)}' AND line = 1"
    )
    assert await breaches(house, programme, 10) == [
        "the statement of grocer for window 1 has other lines than its entries make",
        "window 1: the statement of grocer is not the one that its checkpoint has",
    ]


async def test_a_missing_statement_is_named(house: House) -> None:
    programme, grocer, _ = await two_windows(house)
    statement = await house.statement(programme, grocer, 1)
    statement_id = UUID(bytes=statement.statement_id)
    await house.as_superuser(
        f"DELETE FROM statement_line WHERE statement_id = '{statement_id}'",
        f"DELETE FROM statement WHERE statement_id = '{statement_id}'",
    )
    assert await breaches(house, programme, 10) == [
        f"window 1 has no statement of partner {grocer}",
        "window 1: the statement of grocer is not the one that its checkpoint has",
    ]


async def test_a_hole_in_the_event_log_is_noticed(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(f"DELETE FROM event_log WHERE ledger_id = {programme.ledger_id} AND pos = 4")
    assert await breaches(house, programme, 8) == [
        "the event log has 10 events, ends at 11, and its head says 11"
    ]


async def test_an_inbox_that_is_ahead_of_the_ledger_is_noticed(house: House) -> None:
    programme, _, _ = await two_windows(house)
    await house.as_superuser(f"UPDATE inbox SET pos = 12 WHERE programme = '{programme.slug}'")
    assert await breaches(house, programme, 8) == ["event 12 of points was applied, its log ends at 11"]


async def test_more_breaches_than_can_be_shown_are_counted(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, *(Earn(grocer, 1) for _ in range(60)))
    await house.rate_now(programme)
    await house.as_superuser(
        f"DELETE FROM rated_entry WHERE ledger_id = {programme.ledger_id} AND seq % 2 = 1"
    )
    found = await breaches(house, programme, 9)
    assert len(found) == 21
    assert found[-1].startswith("and ")


async def test_the_checker_says_so_when_the_ledger_cannot_be_reached(own_house: House) -> None:
    programme = await own_house.programme()
    with closing(socket.socket()) as kept:
        await own_house.ledger_server.stop(0)
        # Kept, but not listened at: else a server of another test may be what is reached there.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", own_house.ledger_port))
        with pytest.raises(CoalitionError) as refused:
            await own_house.ask(own_house.clearing.CheckClearing, pb.CheckClearingRequest(), programme)
    assert refused.value.reason == Reason.REASON_UNAVAILABLE


async def test_windows_are_checked_in_blocks_without_losing_the_carries(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 3_333)
    await house.ledger.post(programme, Earn(grocer, 1))
    await house.ledger.move_clock(programme, MONDAY_US + 120 * WEEK_US)
    await house.ledger.post(programme, Earn(grocer, 1))
    await house.rate_now(programme)
    assert len(await house.close(programme)) == 121
    assert all(finding.holds for finding in (await house.findings(programme)).values())
    last = (await house.nets(programme, 121))["grocer"]
    assert (last.carry_in_micros, last.carry_out_micros, last.party.partner_id) == (
        3_333,
        3_333,
        grocer.bytes,
    )
