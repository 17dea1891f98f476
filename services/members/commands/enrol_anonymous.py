"""Cards of a card range that earn before anybody has enrolled them become anonymous members."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain.card_ranges import CardRanges
from services.members.domain.events import MemberEnrolled
from services.members.domain.identifiers import Identifier
from services.members.storage.card_ranges import ranges_of
from services.members.storage.claims import Claims
from services.members.storage.writing import MemberWriter
from services.runtime.clock import wall_now_us
from services.runtime.database import ReadDatabase, WriteDatabase
from services.runtime.errors import Conflict
from services.runtime.ids import new_id
from services.runtime.principal import Programme


class EnrolAnonymous:
    """Enrols cards without a name. Tills that earn with the same card at once make one member of it."""

    def __init__(
        self,
        reader: ReadDatabase,
        database: WriteDatabase,
        writer: MemberWriter,
        claims: Claims,
        announce: Announce,
    ) -> None:
        self._reader, self._database = reader, database
        self._writer, self._claims, self._announce = writer, claims, announce

    async def __call__(self, programme: Programme, cards: Sequence[Identifier]) -> dict[Identifier, UUID]:
        """The members of those cards that are in a range; those that are in none are left out. Raises Unavailable."""
        now_us = wall_now_us()
        async with self._reader.snapshot() as connection:
            ranges = CardRanges(await ranges_of(connection, programme.ledger_id), now_us)
        issued = sorted({card for card in cards if ranges.issuer_of(card.value)}, key=lambda card: card.value)
        if not issued:
            return {}

        async def work(connection: AsyncConnection) -> dict[Identifier, UUID]:
            found = await self._claims.holders(connection, programme.ledger_id, issued)
            made: list[MemberEnrolled] = []
            for card in issued:
                if card in found:
                    continue
                member_id = new_id()
                if await self._add(connection, programme, member_id, now_us, card):
                    found[card] = member_id
                    made.append(MemberEnrolled(member_id, None, now_us, anonymous=True))
                else:
                    found |= await self._claims.holders(connection, programme.ledger_id, [card])
            if made:
                await self._announce(connection, programme, *made)
            return found

        return await self._database.run(work)

    async def _add(
        self, connection: AsyncConnection, programme: Programme, member_id: UUID, at_us: int, card: Identifier
    ) -> bool:
        """Stores one; False where somebody else has just enrolled the card."""
        try:
            async with connection.begin_nested():
                await self._writer.add_anonymous(connection, programme.ledger_id, member_id, at_us, card)
        except Conflict as error:
            if error.reason != Reason.REASON_IDENTIFIER_TAKEN:
                raise
            return False
        return True
