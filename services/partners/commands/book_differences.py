"""Book the differences of re-rates, an entry each: when one is approved, and again where its bookings are made anew."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.queries.rerates import prices_of
from services.partners.storage import billing, rerating


async def book_differences(connection: AsyncConnection, ledger_id: int, window_number: int) -> None:
    """Books what is not booked yet of the re-rates of a window, in their order; the caller holds the windows' lock.

    All that they re-rate has to be rated, and nothing else be booked in the window yet.
    """
    for made in await rerating.unbooked(connection, ledger_id, window_number):
        scope, upto_seq = made.wanted.scope, made.known_from_seq - 1
        prices = await prices_of(connection, ledger_id, scope, made.number, upto_seq)
        booked = await billing.last_number(connection, ledger_id, window_number)
        await rerating.book(connection, ledger_id, made, booked, prices)
