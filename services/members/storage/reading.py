"""Reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.identifiers import Identifier, IdentifierKind
from services.members.domain.member import MemberStatus, Standing
from services.members.domain.personal import PersonalData
from services.members.storage import tables
from services.members.storage.employments import employers_of
from services.members.storage.personal import newest_personal
from services.members.storage.sealing import (
    DataKey,
    KeyRing,
    Owner,
    WrappedKey,
    identifier_field,
)
from services.runtime.clock import to_micros
from services.runtime.database import ReadConnection


@dataclass(frozen=True, slots=True)
class StoredMember:
    """A member's open facts, and the key to the others; None where it has been destroyed.

    `enrolled_by` is who claimed it, where it was anonymous; `anonymous`: nobody has.
    """

    owner: Owner
    status: MemberStatus
    enrolled_by: UUID | None
    enrolled_at_us: int
    key: DataKey | None
    anonymous: bool


class MemberReader:
    """Reads members; what is sealed is opened only where it is asked for.

    SealBroken leaves every method that opens something: a stored value was tampered with.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    async def member(
        self, connection: ReadConnection | AsyncConnection, ledger_id: int, member_id: UUID
    ) -> StoredMember | None:
        """A member by id, or None."""
        member, key, closure, claim = (
            tables.member,
            tables.member_key,
            tables.member_closure,
            tables.member_claim,
        )
        found = await connection.execute(
            select(
                func.coalesce(claim.c.claimed_by, member.c.enrolled_by).label("enrolled_by"),
                member.c.enrolled_at,
                (member.c.anonymous & claim.c.member_id.is_(None)).label("anonymous"),
                key.c.wrapping_version,
                key.c.wrapped_key,
                closure.c.closed_at,
            )
            .outerjoin_from(
                member,
                key,
                (key.c.ledger_id == member.c.ledger_id) & (key.c.member_id == member.c.member_id),
            )
            .outerjoin(
                closure,
                (closure.c.ledger_id == member.c.ledger_id) & (closure.c.member_id == member.c.member_id),
            )
            .outerjoin(
                claim,
                (claim.c.ledger_id == member.c.ledger_id) & (claim.c.member_id == member.c.member_id),
            )
            .where(member.c.ledger_id == ledger_id, member.c.member_id == member_id)
        )
        row = found.first()
        if row is None:
            return None
        owner = Owner(ledger_id, member_id)
        data_key: DataKey | None = None
        if row.wrapped_key is not None:
            data_key = self._keys.unwrap(owner, WrappedKey(row.wrapping_version, row.wrapped_key))
        return StoredMember(
            owner,
            _status(row.closed_at is not None),
            row.enrolled_by,
            to_micros(row.enrolled_at),
            data_key,
            row.anonymous,
        )

    async def identifiers(
        self, connection: ReadConnection, stored: StoredMember, partner_id: UUID | None
    ) -> tuple[Identifier, ...]:
        """A member's cards and the customer numbers of one partner (None: of none), as they were added."""
        if stored.key is None:
            return ()
        table = tables.member_identifier
        found = await connection.execute(
            select(table.c.number, table.c.kind, table.c.partner_id, table.c.sealed_value)
            .where(
                table.c.ledger_id == stored.owner.ledger_id,
                table.c.member_id == stored.owner.member_id,
                or_(table.c.partner_id.is_(None), table.c.partner_id == partner_id),
            )
            .order_by(table.c.number)
        )
        return tuple(
            Identifier(
                IdentifierKind(row.kind),
                stored.key.open(identifier_field(row.number), row.sealed_value),
                row.partner_id,
            )
            for row in found.all()
        )

    async def personal(self, connection: ReadConnection, stored: StoredMember) -> PersonalData | None:
        """A member's personal fields; None where their key has been destroyed."""
        if stored.key is None:
            return None
        personal, _ = await newest_personal(connection, stored.owner, stored.key)
        return personal


async def standings(
    connection: ReadConnection, ledger_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, Standing]:
    """The standing of members, in two queries; unknown ids are left out."""
    member, closure, claim = tables.member, tables.member_closure, tables.member_claim
    wanted = any_(literal(member_ids, ARRAY(Uuid)))
    found = await connection.execute(
        select(
            member.c.member_id,
            closure.c.member_id.is_not(None).label("closed"),
            (member.c.anonymous & claim.c.member_id.is_(None)).label("anonymous"),
        )
        .outerjoin_from(
            member,
            closure,
            (closure.c.ledger_id == member.c.ledger_id) & (closure.c.member_id == member.c.member_id),
        )
        .outerjoin(
            claim,
            (claim.c.ledger_id == member.c.ledger_id) & (claim.c.member_id == member.c.member_id),
        )
        .where(member.c.ledger_id == ledger_id, member.c.member_id == wanted)
    )
    rows = found.all()
    employers = await employers_of(connection, ledger_id, member_ids)
    return {
        row.member_id: Standing(
            row.member_id, _status(row.closed), row.anonymous, tuple(employers.get(row.member_id, ()))
        )
        for row in rows
    }


def _status(closed: bool) -> MemberStatus:
    return MemberStatus.CLOSED if closed else MemberStatus.ACTIVE
