"""Which cards belong to anonymous members, who can be claimed, and which numbers stand in the way of that."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.identifiers import Identifier, IdentifierKind
from services.members.storage import tables
from services.members.storage.lookup_hash import LookupHash
from services.members.storage.personal import lock_member
from services.runtime.errors import Conflict


class Claims:
    """Finds anonymous members by their cards."""

    def __init__(self, lookup: LookupHash) -> None:
        self._lookup = lookup

    async def holders(
        self, connection: AsyncConnection, ledger_id: int, cards: Sequence[Identifier]
    ) -> dict[Identifier, UUID]:
        """The members that cards belong to, anonymous or not; cards that are nobody's are left out."""
        hashes = {self._lookup.of(ledger_id, card): card for card in cards}
        table = tables.member_identifier
        found = await connection.execute(
            select(table.c.lookup_hash, table.c.member_id).where(
                table.c.ledger_id == ledger_id, table.c.lookup_hash.in_(list(hashes))
            )
        )
        return {hashes[bytes(row.lookup_hash)]: row.member_id for row in found.all()}

    async def refuse_taken_numbers(
        self, connection: AsyncConnection, ledger_id: int, identifiers: Sequence[Identifier]
    ) -> None:
        """Raises Conflict (IDENTIFIER_TAKEN) where a customer number is somebody's already, whatever cards come with it.

        Asked before the cards are looked at: else a number that is taken for certain would make of an enrolment a look-up of cards
        that leaves nothing behind, and that nobody counts.
        """
        places = {
            self._lookup.of(ledger_id, each): place
            for place, each in enumerate(identifiers)
            if each.kind is IdentifierKind.PARTNER_CUSTOMER
        }
        if not places:
            return
        table = tables.member_identifier
        found = await connection.execute(
            select(table.c.lookup_hash).where(
                table.c.ledger_id == ledger_id, table.c.lookup_hash.in_(list(places))
            )
        )
        taken = [places[bytes(row.lookup_hash)] for row in found.all()]
        if taken:
            raise Conflict(
                Reason.REASON_IDENTIFIER_TAKEN,
                "this identifier belongs to another member already",
                field=f"identifiers[{min(taken)}]",
            )

    async def take(
        self, connection: AsyncConnection, ledger_id: int, identifiers: Sequence[Identifier]
    ) -> UUID | None:
        """The open anonymous member that one of the cards is, where nobody has claimed it yet: locked until the transaction ends."""
        found = await self._of(connection, ledger_id, identifiers)
        if found is None:
            return None
        await lock_member(connection, ledger_id, found)
        # It may have been claimed or closed since it was looked for.
        return found if await self._of(connection, ledger_id, identifiers) == found else None

    async def _of(
        self, connection: AsyncConnection, ledger_id: int, identifiers: Sequence[Identifier]
    ) -> UUID | None:
        hashes = [
            self._lookup.of(ledger_id, each) for each in identifiers if each.kind is IdentifierKind.CARD
        ]
        if not hashes:
            return None
        table, member = tables.member_identifier, tables.member
        claim, closure = tables.member_claim, tables.member_closure
        found = await connection.execute(
            select(member.c.member_id)
            .join_from(
                table,
                member,
                (member.c.ledger_id == table.c.ledger_id) & (member.c.member_id == table.c.member_id),
            )
            .where(
                table.c.ledger_id == ledger_id,
                table.c.lookup_hash.in_(hashes),
                member.c.anonymous,
                ~select(claim.c.member_id)
                .where(claim.c.ledger_id == member.c.ledger_id, claim.c.member_id == member.c.member_id)
                .exists(),
                ~select(closure.c.member_id)
                .where(closure.c.ledger_id == member.c.ledger_id, closure.c.member_id == member.c.member_id)
                .exists(),
            )
            .limit(1)
        )
        row = found.first()
        return row.member_id if row else None
