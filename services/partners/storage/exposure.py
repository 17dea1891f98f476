"""What partners owe, counted up to a seq and a window, and the floor that was sent for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as insert_or_change
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.credit_limits import CreditLimit, OnLimit
from services.partners.domain.gate import Exposure
from services.partners.storage.approval_tables import credit_limit
from services.partners.storage.connection import Reads
from services.partners.storage.tables import credit_standing

_NOTHING: Final = Exposure()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partner stands: counted to `as_of_seq`, with reimbursements and fees of windows up to `as_of_window`.

    `as_of_rerate`: the number of the last re-rate whose differences are counted.
    `floor`, `floor_parks` and `floor_seq`: what the ledger was told last, of earns beyond it too, and the seq it was counted to
    (0: nothing yet).
    """

    partner_id: UUID
    as_of_seq: int = 0
    as_of_window: int = 0
    exposure: Exposure = _NOTHING
    is_warned: bool = False
    floor: int | None = None
    floor_seq: int = 0
    as_of_rerate: int = 0
    floor_parks: bool = False


_ENTRIES: Final = text("""
SELECT
    coalesce(sum(amount_micros) FILTER (WHERE kind IN ('issued', 'reversed', 'charged', 'credited', 'fee')), 0) AS owed,
    coalesce(sum(CASE kind
        WHEN 'issued' THEN points::numeric * redemption_micros
        WHEN 'released' THEN -points::numeric * redemption_micros
        WHEN 'charged' THEN -points::numeric * price_micros
        WHEN 'credited' THEN points::numeric * price_micros
    END), 0) AS potential
FROM rated_entry
WHERE ledger_id = :ledger_id AND partner_id = :partner_id AND seq > :after AND seq <= :upto
""")
_REIMBURSED: Final = text("""
SELECT coalesce(-sum(rated.amount_micros), 0) AS reimbursed
FROM clearing_window AS stated
INNER JOIN rated_entry AS rated
    ON rated.ledger_id = stated.ledger_id AND rated.seq BETWEEN stated.first_seq AND stated.last_seq
WHERE stated.ledger_id = :ledger_id AND stated.number > :after AND stated.number <= :upto
    AND rated.partner_id = :partner_id AND rated.kind IN ('burned', 'returned')
""")


# What a re-rate makes a partner owe counts at once; what it makes it be owed for points burned, with its window, as all of that.
_BOOKED: Final = text("""
SELECT
    coalesce(sum(amount_micros) FILTER (
        WHERE CASE
            WHEN rerate_number IS NULL THEN by_window
            WHEN kind IN ('burned_difference', 'returned_difference') AND amount_micros < 0 THEN false
            ELSE by_rerate
        END
    ), 0) AS owed,
    coalesce(sum(CASE kind
        WHEN 'issued_difference' THEN points::numeric * redemption_micros
        WHEN 'released_difference' THEN -points::numeric * redemption_micros
        WHEN 'charged_difference' THEN -points::numeric * price_micros
        WHEN 'credited_difference' THEN points::numeric * price_micros
        WHEN 'buy_out' THEN -redemption_micros
    END) FILTER (WHERE by_rerate OR (kind = 'buy_out' AND by_window)), 0) AS potential,
    coalesce(-sum(amount_micros) FILTER (
        WHERE by_window AND kind IN ('burned_difference', 'returned_difference') AND amount_micros < 0
    ), 0) AS reimbursed
FROM (
    SELECT *, window_number > :after AND window_number <= :upto AS by_window,
        rerate_number > :after_rerate AND rerate_number <= :upto_rerate AS by_rerate
    FROM booking
    WHERE ledger_id = :ledger_id AND partner_id = :partner_id
        AND (window_number > :after OR rerate_number > :after_rerate)
) AS booked
""")


async def limits(connection: Reads, ledger_id: int) -> list[CreditLimit]:
    """The credit limit in force of every partner that ever had one."""
    of = credit_limit.c
    found = await connection.execute(
        select(credit_limit)
        .where(of.ledger_id == ledger_id)
        .ext(distinct_on(of.partner_id))
        .order_by(of.partner_id, of.version.desc())
    )
    return [
        CreditLimit(
            row.partner_id, row.limit_minor, row.prefunded_minor, OnLimit(row.on_limit), row.warning_percent
        )
        for row in found
    ]


async def ever_parking(connection: Reads, ledger_id: int) -> frozenset[UUID]:
    """The partners whose earns were parked beyond a limit by any version of it: some may be parked still."""
    of = credit_limit.c
    found = await connection.execute(
        select(of.partner_id).where(of.ledger_id == ledger_id, of.on_limit == OnLimit.PARK).distinct()
    )
    return frozenset(found.scalars())


async def standings(connection: Reads, ledger_id: int) -> dict[UUID, Standing]:
    """Where all partners stand that were ever counted."""
    found = await connection.execute(select(credit_standing).where(credit_standing.c.ledger_id == ledger_id))
    return {row.partner_id: _standing(row) for row in found}


async def locked(connection: AsyncConnection, ledger_id: int, partner_ids: Sequence[UUID]) -> list[Standing]:
    """Where partners stand, in the order of their ids, standing still until this transaction ends; new ones at nothing."""
    wanted = sorted(partner_ids)
    await connection.execute(
        insert_or_change(credit_standing)
        .values([_row(ledger_id, Standing(partner_id)) for partner_id in wanted])
        .on_conflict_do_nothing()
    )
    of = credit_standing.c
    found = await connection.execute(
        select(credit_standing)
        .where(of.ledger_id == ledger_id, of.partner_id.in_(wanted))
        .order_by(of.partner_id)
        .with_for_update()
    )
    return [_standing(row) for row in found]


async def since(
    connection: Reads, ledger_id: int, before: Standing, upto_seq: int, window: int, rerate_number: int
) -> Exposure:
    """What was added after a standing, up to a seq, with the windows up to one that is stated, and with re-rates up to a number."""
    wanted = {"ledger_id": ledger_id, "partner_id": before.partner_id}
    entries = (
        await connection.execute(_ENTRIES, {**wanted, "after": before.as_of_seq, "upto": upto_seq})
    ).one()
    of_windows = {**wanted, "after": before.as_of_window, "upto": window}
    reimbursed = (await connection.execute(_REIMBURSED, of_windows)).scalar_one()
    of_rerates = {"after_rerate": before.as_of_rerate, "upto_rerate": rerate_number}
    booked = (await connection.execute(_BOOKED, {**of_windows, **of_rerates})).one()
    return Exposure(
        int(entries.owed) + int(booked.owed),
        int(entries.potential) + int(booked.potential),
        int(reimbursed) + int(booked.reimbursed),
    )


async def keep(connection: AsyncConnection, ledger_id: int, standing: Standing) -> None:
    """Writes where a partner stands; the caller holds it locked."""
    of = credit_standing.c
    await connection.execute(
        credit_standing.update()
        .where(of.ledger_id == ledger_id, of.partner_id == standing.partner_id)
        .values(_row(ledger_id, standing))
    )


async def sent(
    connection: AsyncConnection,
    ledger_id: int,
    partner_id: UUID,
    floor: int | None,
    seq: int,
    *,
    parks: bool,
) -> None:
    """Notes the floor that the ledger was told, unless a later one is noted."""
    of = credit_standing.c
    await connection.execute(
        credit_standing.update()
        .where(of.ledger_id == ledger_id, of.partner_id == partner_id, of.floor_seq <= seq)
        .values(floor=floor, floor_seq=seq, floor_parks=parks)
    )


def _row(ledger_id: int, standing: Standing) -> dict[str, Any]:
    return {
        "ledger_id": ledger_id,
        "partner_id": standing.partner_id,
        "as_of_seq": standing.as_of_seq,
        "as_of_window": standing.as_of_window,
        "owed_micros": standing.exposure.owed_micros,
        "potential_micros": standing.exposure.potential_micros,
        "reimbursed_micros": standing.exposure.reimbursed_micros,
        "is_warned": standing.is_warned,
        "floor": standing.floor,
        "floor_seq": standing.floor_seq,
        "as_of_rerate": standing.as_of_rerate,
        "floor_parks": standing.floor_parks,
    }


def _standing(row: Any) -> Standing:
    exposure = Exposure(int(row.owed_micros), int(row.potential_micros), int(row.reimbursed_micros))
    return Standing(
        row.partner_id,
        row.as_of_seq,
        row.as_of_window,
        exposure,
        row.is_warned,
        row.floor,
        row.floor_seq,
        row.as_of_rerate,
        row.floor_parks,
    )
