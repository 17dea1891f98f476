"""All statement files of a programme are verified in one go, and what is wrong is named by partner and windows."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from services.operations.session import Session
from services.operations.statement_files import statement_files, verify_all
from services.runtime.grpc_client import open_channel
from tests.component.partners.test_billing import bill, close, week_ends
from tests.component.partners.test_proofs_of_runs import JANUARY, coalition
from tests.support.ledger import Earn
from tests.support.partners import House


@asynccontextmanager
async def session_of(house: House) -> AsyncGenerator[Session]:
    channel = open_channel(house.target)
    try:
        yield Session(house.signers["cli"], channel, channel)
    finally:
        await channel.close()


async def test_every_statement_of_the_programme_is_verified_against_the_one_before(house: House) -> None:
    programme, _ = await coalition(house, JANUARY)
    counted: list[int] = []
    async with session_of(house) as session:
        spans = [
            (file.statement.party.slug, file.statement.first_window, file.statement.window.number, len(file.content))
            async for file in statement_files(session, programme)
        ]  # fmt: skip
        found = await verify_all(session, programme, counted.append)
    assert [span[:3] for span in sorted(spans)] == [
        ("monthly", 1, 6), *(("weekly", number, number) for number in range(1, 7)),
    ]  # fmt: skip
    assert [span[2] for span in spans] == sorted(span[2] for span in spans)
    assert (found.statements, found.refused, found.holds) == (7, [], True)
    assert found.bytes == sum(span[3] for span in spans)
    assert counted == [1, 2, 3, 4, 5, 6, 7]
    entries = await house.fetch(
        "SELECT (SELECT count(*) FROM rated_entry WHERE ledger_id = $1 AND partner_id IS NOT NULL) "
        "+ (SELECT count(*) FROM booking WHERE ledger_id = $1) AS entries",
        programme.ledger_id,
    )
    assert found.entries == entries[0]["entries"]


async def test_more_statements_than_a_page_holds_are_all_verified(house: House) -> None:
    programme = await house.programme()
    partners = [await house.partner(programme, f"shop-{at:02}") for at in range(35)]
    for number in range(1, 4):
        await house.ledger.post(programme, *(Earn(partner, 3) for partner in partners))
        await week_ends(house, programme, number)
    await close(house, programme)
    async with session_of(house) as session:
        found = await verify_all(session, programme)
    assert (found.statements, found.entries, found.refused) == (105, 105, [])


async def test_what_was_changed_behind_a_signature_is_named_and_the_rest_is_proved(house: House) -> None:
    programme, partners = await coalition(house, JANUARY)
    of = f"ledger_id = {programme.ledger_id}"
    await house.as_superuser(
        "UPDATE rated_entry SET points = points + 1, amount_micros = amount_micros + price_micros "
        f"WHERE {of} AND partner_id = '{partners['weekly']}' AND kind = 'issued' AND seq = 1",
        f"UPDATE statement SET objection_until = objection_until + interval '1 us' WHERE {of} AND first_window = 1 "
        "AND window_number = 6",
    )
    async with session_of(house) as session:
        found = await verify_all(session, programme)
    assert not found.holds
    assert found.statements == 7
    weekly, monthly = found.refused
    assert weekly.startswith("weekly, windows 1 to 1: statement, line 1: ")
    assert monthly.startswith("monthly, windows 1 to 6: window 6: its 1 entries, the head of the statement")


async def test_a_programme_without_statements_has_nothing_to_refuse(house: House) -> None:
    programme = await house.programme()
    await bill(house, programme, await house.partner(programme, "grocer"), "MONTH")
    await week_ends(house, programme, 1)
    await close(house, programme)
    async with session_of(house) as session:
        found = await verify_all(session, programme)
    assert (found.statements, found.entries, found.holds) == (0, 0, True)
