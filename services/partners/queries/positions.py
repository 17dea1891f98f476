"""Where partners stand between statements: what each would owe were everything stated now."""

from __future__ import annotations

from dataclasses import dataclass

from services.partners.domain.positions import Position, Since
from services.partners.queries.clearing import Party
from services.partners.queries.programmes import Programmes
from services.partners.storage import billing, partners, rating, statements, windows
from services.runtime.database import Database
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class PartnerPosition:
    """A partner and where it stands."""

    party: Party
    position: Position


@dataclass(frozen=True, slots=True)
class PositionsView:
    """All partners by slug, from the first window that is not stated to what is rated by now."""

    from_window: int
    as_of_seq: int
    positions: list[PartnerPosition]


class Positions:
    """For staff and services."""

    def __init__(self, database: Database, programmes: Programmes) -> None:
        self._database, self._programmes = database, programmes

    async def __call__(self, who: Principal) -> PositionsView:
        """Where everybody stands, in one snapshot. The fee that comes with a statement is not in it."""
        who.require_internal()
        ledger_id = (await self._programmes.named(who.in_programme().slug)).programme.ledger_id
        async with self._database.reader.snapshot() as connection:
            head = await rating.head(connection, ledger_id)
            number = await windows.stated(connection, ledger_id)
            last = await windows.numbered(connection, ledger_id, number)
            since = await rating.since(connection, ledger_id, last.last_seq if last else 0)
            booked = await billing.booked_since(connection, ledger_id, number)
            due = await statements.before(connection, ledger_id, number + 1)
            carried = await windows.carries_into(connection, ledger_id, number + 1)
            everyone = await partners.of_programme(connection, ledger_id)
        found: list[PartnerPosition] = []
        for partner in everyone:
            of = since.get(partner.partner_id, Since())
            micros = of.micros + booked.get(partner.partner_id, 0)
            _, opening_minor = due.get(partner.partner_id, (0, 0))
            position = Position(
                opening_minor,
                carried.get(partner.partner_id, 0),
                Since(of.points_issued, of.points_burned, micros),
            )
            found.append(PartnerPosition(Party(partner.partner_id, partner.slug), position))
        return PositionsView(number + 1, head.rated_seq, found)
