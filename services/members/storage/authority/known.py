"""What is to be known of a member before a token is made or a PIN is set."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, func, select

from services.members.storage import tables
from services.runtime.database import ReadConnection


@dataclass(frozen=True, slots=True)
class KnownMember:
    """Who enrolled or claimed a member, whether it left, and whether a partner has a customer number of it."""

    enrolled_by: UUID | None
    is_closed: bool
    is_customer: bool

    def is_known_to(self, partner_id: UUID) -> bool:
        """Whether the partner enrolled the member or has a customer number of it."""
        return self.is_customer or self.enrolled_by == partner_id


async def known_member(
    connection: ReadConnection, ledger_id: int, member_id: UUID, partner_id: UUID | None
) -> KnownMember | None:
    """What is known of a member, as far as `partner_id` is concerned; None: there is none."""
    member, closure, identifier = tables.member, tables.member_closure, tables.member_identifier
    claim = tables.member_claim
    claimed_by = (
        select(claim.c.claimed_by)
        .where(claim.c.ledger_id == ledger_id, claim.c.member_id == member_id)
        .scalar_subquery()
    )
    query = select(
        func.coalesce(claimed_by, member.c.enrolled_by).label("enrolled_by"),
        exists().where(closure.c.ledger_id == ledger_id, closure.c.member_id == member_id).label("is_closed"),
        exists()
        .where(
            identifier.c.ledger_id == ledger_id,
            identifier.c.member_id == member_id,
            identifier.c.partner_id == partner_id,
        )
        .label("is_customer"),
    ).where(member.c.ledger_id == ledger_id, member.c.member_id == member_id)
    row = (await connection.execute(query)).first()
    return None if row is None else KnownMember(row.enrolled_by, row.is_closed, row.is_customer)
