"""Statements of the bank follow each other, and what it says that is there is what was booked: what lacks is told until it comes."""

from __future__ import annotations

import pytest
from coalition.partners.v1 import settlement_pb2 as pb

from tests.component.partners.test_settlement_bank import month, payment_of
from tests.support.bank_files import camt, camt_statement, entry, transaction
from tests.support.partners_office import Office
from tests.support.settling import OWN_IBAN, Settling, settling_of


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


def day(number: int, amount: str, opening: str, closing: str) -> str:
    """The statement of a day of March, with one movement that nobody knows."""
    moved = entry(amount, reference=f"D{number}")
    return camt_statement(moved, opening=opening, closing=closing, number=number, on=f"2026-03-{number:02}")


async def gaps(desk: Settling, *, with_ended: bool = False) -> list[pb.BankBreak]:
    request = pb.ListBreaksRequest(with_ended=with_ended)
    listed = (await desk.host(desk.settlement.ListBreaks, request)).breaks
    return [each for each in listed if each.type == "statement_gap"]


async def position(desk: Settling) -> pb.BankPosition:
    (found,) = (await desk.host(desk.settlement.GetAccounts, pb.GetAccountsRequest())).bank
    assert found.iban == OWN_IBAN
    return found


async def test_a_gap_that_was_closed_is_told_again_where_a_statement_opens_it_anew(desk: Settling) -> None:
    await month(desk)
    await desk.receive(camt(day(10, "3.00", "4.00", "7.00")))
    await desk.receive(camt(day(14, "5.00", "10.00", "15.00")))
    await desk.receive(camt(day(11, "3.00", "7.00", "10.00")))
    assert await gaps(desk) == []
    # Those of the 12th and the 13th come to nothing together, so neither was missed.
    await desk.receive(camt(day(12, "10.00", "10.00", "20.00")))
    (found,) = await gaps(desk)
    assert "opens with 1000 minor units, and statement S-6 before it closed with 2000" in found.item.said
    out = entry("10.00", "DBIT", reference="D13")
    await desk.receive(
        camt(camt_statement(out, opening="20.00", closing="10.00", number=13, on="2026-03-13"))
    )
    assert await gaps(desk) == []
    assert len(await gaps(desk, with_ended=True)) == 2
    assert (await position(desk)).difference_minor == 0


async def test_a_statement_that_is_missing_is_a_break_until_it_comes(desk: Settling) -> None:
    await month(desk)
    await desk.receive(camt(day(10, "1.00", "500.00", "501.00")))
    assert await gaps(desk) == []
    await desk.receive(camt(day(13, "8.00", "507.00", "515.00")))
    (found,) = await gaps(desk)
    assert found.amount_minor == 0
    assert "opens with 50700 minor units, and statement S-4 before it closed with 50100" in found.item.said
    assert (await position(desk)).difference_minor == 600

    await desk.receive(camt(day(12, "4.00", "503.00", "507.00")))
    # The one of the 12th is there; what lacks now lacks before it.
    (second,) = await gaps(desk)
    assert "statement S-6; " in second.item.said
    await desk.receive(camt(day(11, "2.00", "501.00", "503.00")))

    assert await gaps(desk) == []
    assert [each.ended for each in await gaps(desk, with_ended=True)] == ["explained"] * 2
    told = await position(desk)
    assert (told.opening_minor, told.booked_minor, told.closing_minor) == (50_000, 1_500, 51_500)
    assert (told.difference_minor, told.closed_on, told.statement_id) == (0, "2026-03-13", "S-7")
    assert (await desk.accounts())["bank", ""] == 1_500


async def test_a_gap_that_somebody_ended_is_not_opened_again_by_the_statements_after_it(
    desk: Settling,
) -> None:
    await month(desk)
    await desk.receive(camt(day(10, "1.00", "0.00", "1.00"), day(12, "1.00", "3.00", "4.00")))
    (found,) = await gaps(desk)
    end = pb.EndBreakRequest(number=found.number, how="explained", why="the account was another bank's then")
    await desk.host(desk.settlement.EndBreak, end)
    await desk.receive(camt(day(13, "1.00", "4.00", "5.00")))
    await desk.receive(camt(day(11, "2.00", "1.00", "3.00")))
    assert await gaps(desk) == []
    assert (await position(desk)).difference_minor == 0


async def test_statements_of_one_file_may_stand_in_any_order(desk: Settling) -> None:
    await month(desk)
    await desk.receive(
        camt(
            day(12, "4.00", "3.00", "7.00"), day(10, "1.00", "0.00", "1.00"), day(11, "2.00", "1.00", "3.00")
        )
    )
    assert await gaps(desk) == []
    assert (await position(desk)).difference_minor == 0


async def test_a_statement_that_is_told_again_is_said_once_and_counts_for_nothing(desk: Settling) -> None:
    await month(desk)
    first = day(10, "1.00", "0.00", "1.00")
    await desk.receive(camt(first))
    answer = await desk.receive(camt(first, day(11, "2.00", "1.00", "3.00")))
    assert [each.outcome for each in answer.items] == ["break"] * 3
    assert "told of this statement before" in answer.items[2].said
    assert await gaps(desk) == []
    told = await position(desk)
    assert (told.booked_minor, told.closing_minor, told.difference_minor) == (300, 300, 0)


async def test_what_the_bank_was_told_and_has_not_reported_is_on_its_way(desk: Settling) -> None:
    run = await month(desk)
    before = await desk.host(desk.settlement.GetAccounts, pb.GetAccountsRequest())
    assert (before.coming_minor, before.going_minor, list(before.bank)) == (12_000, 3_600, [])
    collected = entry("120.00", inner=transaction(payment_of(desk, run, "grocer").end_to_end_id))
    dollars = entry("5.00", inner=transaction("NOTPROVIDED"), reference="B2", currency="USD")
    await desk.receive(camt(camt_statement(collected, dollars, closing="125.00")))
    after = await desk.host(desk.settlement.GetAccounts, pb.GetAccountsRequest())
    assert (after.coming_minor, after.going_minor) == (0, 3_600)
    # No money of these accounts, whatever it is.
    assert (after.bank[0].booked_minor, after.bank[0].difference_minor) == (12_000, 500)
    assert ("suspense", "") not in await desk.accounts()


async def test_a_bank_that_tells_no_balance_is_compared_with_nothing(desk: Settling) -> None:
    await month(desk)
    bare = camt_statement(entry("1.00")).replace("OPBD", "ITBD").replace("CLBD", "ITBD")
    await desk.receive(camt(bare))
    told = await position(desk)
    assert not told.HasField("difference_minor")
    assert not told.HasField("opening_minor")
    assert told.booked_minor == 100
