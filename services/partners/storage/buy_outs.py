"""Buy-outs of partners that have left, in the database."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, Table, Uuid, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.billing import Booking
from services.partners.domain.entries import EntryKind
from services.partners.domain.standing.buy_out import BuyOut
from services.partners.storage import exposure, rerating
from services.partners.storage.connection import Reads
from services.partners.storage.tables import metadata

buy_out: Final = Table(
    "buy_out",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("redemption_bp", SmallInteger, nullable=False),
    Column("outstanding_micros", BigInteger, nullable=False),
    Column("amount_micros", BigInteger, nullable=False),
    Column("known_from_seq", BigInteger, nullable=False),
    Column("window_number", Integer, nullable=False),
)


async def outstanding_of(connection: Reads, ledger_id: int, partner_id: UUID, upto_seq: int) -> int:
    """What a partner would owe were all its points used that it pays for at redemption, as of a seq, in micros.

    With all its re-rates: none can follow a buy-out.
    """
    number = await rerating.newest_number(connection, ledger_id, upto_seq)
    nothing = exposure.Standing(partner_id)
    found = await exposure.since(connection, ledger_id, nothing, upto_seq, 0, number)
    return found.potential_micros


async def add(connection: AsyncConnection, ledger_id: int, added: BuyOut) -> None:
    """Writes a buy-out; the caller holds the windows' lock and the rating head."""
    await connection.execute(
        insert(buy_out).values(
            ledger_id=ledger_id,
            partner_id=added.partner_id,
            version=added.version,
            redemption_bp=added.redemption_bp,
            outstanding_micros=added.outstanding_micros,
            amount_micros=added.amount_micros,
            known_from_seq=added.known_from_seq,
            window_number=added.window_number,
        )
    )


async def of_programme(connection: Reads, ledger_id: int) -> list[BuyOut]:
    """All buy-outs, by partner."""
    found = await connection.execute(
        select(buy_out).where(buy_out.c.ledger_id == ledger_id).order_by(buy_out.c.partner_id)
    )
    return [_buy_out(row) for row in found]


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> BuyOut | None:
    """The buy-out of a partner; None: there is none."""
    of = buy_out.c
    found = await connection.execute(
        select(buy_out).where(of.ledger_id == ledger_id, of.partner_id == partner_id)
    )
    row = found.first()
    return _buy_out(row) if row is not None else None


async def for_cards(connection: Reads, ledger_id: int) -> dict[bytes, int]:
    """From which seq on the points of whom are the operator's, as rating needs it: by the 16 bytes of the partner's UUID."""
    return {each.partner_id.bytes: each.known_from_seq for each in await of_programme(connection, ledger_id)}


async def bookings(connection: Reads, ledger_id: int, window_number: int, booked: int) -> list[Booking]:
    """What is to be booked in a window for buy-outs, after as many bookings as there are; nothing where nothing was left."""
    found = [
        each
        for each in await of_programme(connection, ledger_id)
        if each.window_number == window_number and each.outstanding_micros
    ]
    return [
        Booking(
            window_number, place, EntryKind.BUY_OUT, each.partner_id, each.amount_micros, each.outstanding_micros
        )
        for place, each in enumerate(found, start=booked + 1)
    ]  # fmt: skip


def _buy_out(row: Any) -> BuyOut:
    return BuyOut(
        row.partner_id, row.version, row.redemption_bp, row.outstanding_micros, row.amount_micros,
        row.known_from_seq, row.window_number,
    )  # fmt: skip
