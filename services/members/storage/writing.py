"""Writes. Plain values come in; only sealed ones and keyed hashes reach the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.identifiers import Identifier, IdentifierKind, contact_of
from services.members.domain.member import Change, NewMember
from services.members.domain.personal import PersonalData
from services.members.storage import tables
from services.members.storage.lookup_hash import LookupHash
from services.members.storage.personal import newest_personal
from services.members.storage.sealing import (
    DataKey,
    KeyRing,
    Owner,
    WrappedKey,
    identifier_field,
    personal_field,
)
from services.runtime.clock import from_micros
from services.runtime.database import constraint_of
from services.runtime.errors import Conflict, NotFound, Unavailable
from services.runtime.principal import Principal

_DRAWS_MAX: Final = 8
# The version of personal fields that are given when a member is enrolled.
_FIRST: Final = 1


class MemberWriter:
    """Stores members and their closing, in the caller's transaction."""

    def __init__(self, keys: KeyRing, lookup: LookupHash, draw_card: Callable[[], str]) -> None:
        self._keys, self._lookup, self._draw_card = keys, lookup, draw_card

    async def add(
        self, connection: AsyncConnection, ledger_id: int, new: NewMember
    ) -> tuple[Identifier, ...]:
        """Stores a member; one without a card is issued one. Answers the identifiers: given, then issued.

        Raises Conflict (IDENTIFIER_TAKEN) for an identifier of another member, Unavailable when no free
        card number could be drawn.
        """
        owner = Owner(ledger_id, new.member_id)
        key = await self._add_member(connection, owner, new.enrolled_by, new.enrolled_at_us, anonymous=False)
        await self._add_personal(connection, owner, key, new.personal, (), _FIRST)
        return await self._add_identifiers(connection, owner, key, new.identifiers)

    async def add_anonymous(
        self, connection: AsyncConnection, ledger_id: int, member_id: UUID, at_us: int, card: Identifier
    ) -> None:
        """Stores a member that is a card and nothing else. Raises Conflict (IDENTIFIER_TAKEN)."""
        owner = Owner(ledger_id, member_id)
        key = await self._add_member(connection, owner, None, at_us, anonymous=True)
        await _insert_identifier(connection, self._identifier_row(owner, key, 1, card), 0)

    async def claim(
        self, connection: AsyncConnection, ledger_id: int, member_id: UUID, new: NewMember, by: Principal
    ) -> None:
        """Makes an anonymous member that of `new`'s partner, with its personal fields and further identifiers.

        The caller has locked the member, and seen that it is open.
        Raises Conflict (IDENTIFIER_TAKEN) where somebody else was first, or has another identifier.
        """
        owner = Owner(ledger_id, member_id)
        mine = {"ledger_id": ledger_id, "member_id": member_id}
        claimed = await connection.execute(
            postgresql_insert(tables.member_claim)
            .values(
                **mine,
                claimed_by=new.enrolled_by,
                claimed_at=from_micros(new.enrolled_at_us),
                actor=by.actor,
            )
            .on_conflict_do_nothing(constraint="member_claim_pk")
            .returning(tables.member_claim.c.member_id)
        )
        if claimed.first() is None:
            raise Conflict(
                Reason.REASON_IDENTIFIER_TAKEN,
                "this identifier belongs to another member already",
                field="identifiers[0]",
            )
        key = await self.key_of(connection, owner)
        await self._add_personal(connection, owner, key, new.personal, (), _FIRST)
        table = tables.member_identifier
        held = await connection.execute(
            select(table.c.lookup_hash).where(table.c.ledger_id == ledger_id, table.c.member_id == member_id)
        )
        hashes = {bytes(row.lookup_hash) for row in held.all()}
        further = [
            (place, self._identifier_row(owner, key, len(hashes) + place + 1, identifier))
            for place, identifier in enumerate(new.identifiers)
            if self._lookup.of(ledger_id, identifier) not in hashes
        ]
        for place, row in sorted(further, key=lambda pair: pair[1]["lookup_hash"]):
            await _insert_identifier(connection, row, place)

    async def update(
        self,
        connection: AsyncConnection,
        ledger_id: int,
        member_id: UUID,
        change: Change,
        by: Principal,
    ) -> tuple[str, ...]:
        """Stores new versions of personal fields, where they say something else than before; answers their names.

        The caller has locked the member.
        """
        owner = Owner(ledger_id, member_id)
        key = await self.key_of(connection, owner)
        now, version = await newest_personal(connection, owner, key)
        values = {name: value for name, value in asdict(change.personal).items() if value}
        changed = {name: value for name, value in values.items() if getattr(now, name) != value}
        removed = tuple(name for name in change.removed if getattr(now, name))
        if not changed and not removed:
            return ()
        await connection.execute(
            insert(tables.member_change),
            {
                "ledger_id": ledger_id,
                "member_id": member_id,
                "version": version + 1,
                "changed_at": from_micros(change.at_us),
                "changed_by": by.partner_id,
                "actor": by.actor,
            },
        )
        await self._add_personal(connection, owner, key, PersonalData(**changed), removed, version + 1)
        return (*changed, *removed)

    async def key_of(self, connection: AsyncConnection, owner: Owner) -> DataKey:
        """The data key of a member. Raises NotFound where it was destroyed."""
        table = tables.member_key
        found = await connection.execute(
            select(table.c.wrapping_version, table.c.wrapped_key).where(
                table.c.ledger_id == owner.ledger_id, table.c.member_id == owner.member_id
            )
        )
        row = found.first()
        if row is None:
            raise NotFound("what was known of this member has been erased")
        return self._keys.unwrap(owner, WrappedKey(row.wrapping_version, row.wrapped_key))

    async def _add_member(
        self,
        connection: AsyncConnection,
        owner: Owner,
        enrolled_by: UUID | None,
        enrolled_at_us: int,
        *,
        anonymous: bool,
    ) -> DataKey:
        key, wrapped = self._keys.new_key(owner)
        mine = {"ledger_id": owner.ledger_id, "member_id": owner.member_id}
        enrolled = {"enrolled_by": enrolled_by, "enrolled_at": from_micros(enrolled_at_us)}
        await connection.execute(insert(tables.member), {**mine, **enrolled, "anonymous": anonymous})
        await connection.execute(
            insert(tables.member_key),
            {**mine, "wrapping_version": wrapped.version, "wrapped_key": wrapped.sealed},
        )
        return key

    async def _add_personal(
        self,
        connection: AsyncConnection,
        owner: Owner,
        key: DataKey,
        personal: PersonalData,
        removed: Sequence[str],
        version: int,
    ) -> None:
        mine = {"ledger_id": owner.ledger_id, "member_id": owner.member_id, "version": version}
        rows = [
            {
                **mine,
                "field": name,
                "sealed_value": key.seal(personal_field(name, version), value),
                "lookup_hash": self._contact_hash(owner.ledger_id, name, value),
            }
            for name, value in asdict(personal).items()
            if value
        ]
        rows += [{**mine, "field": name, "sealed_value": None, "lookup_hash": None} for name in removed]
        if rows:
            await connection.execute(insert(tables.member_personal), rows)

    def _contact_hash(self, ledger_id: int, name: str, value: str) -> bytes | None:
        contact = contact_of(name, value)
        return self._lookup.of(ledger_id, contact) if contact else None

    async def _add_identifiers(
        self, connection: AsyncConnection, owner: Owner, key: DataKey, identifiers: tuple[Identifier, ...]
    ) -> tuple[Identifier, ...]:
        rows = [
            (place, self._identifier_row(owner, key, place + 1, identifier))
            for place, identifier in enumerate(identifiers)
        ]
        # Two enrolments that share identifiers wait for each other at the unique index: always in the same
        # order, so that neither waits for ever.
        for place, row in sorted(rows, key=lambda pair: pair[1]["lookup_hash"]):
            await _insert_identifier(connection, row, place)
        if any(identifier.kind is IdentifierKind.CARD for identifier in identifiers):
            return identifiers
        return (*identifiers, await self._issue_card(connection, owner, key, len(identifiers) + 1))

    async def _issue_card(
        self, connection: AsyncConnection, owner: Owner, key: DataKey, number: int
    ) -> Identifier:
        for _ in range(_DRAWS_MAX):
            card = Identifier(IdentifierKind.CARD, self._draw_card())
            stored = await connection.execute(
                postgresql_insert(tables.member_identifier)
                .values(self._identifier_row(owner, key, number, card))
                .on_conflict_do_nothing(constraint=tables.IDENTIFIER_LOOKUP_UNIQUE)
                .returning(tables.member_identifier.c.number)
            )
            if stored.first() is not None:
                return card
        raise Unavailable(f"none of {_DRAWS_MAX} card numbers drawn was free")

    def _identifier_row(
        self, owner: Owner, key: DataKey, number: int, identifier: Identifier
    ) -> dict[str, Any]:
        return {
            "ledger_id": owner.ledger_id,
            "member_id": owner.member_id,
            "number": number,
            "kind": identifier.kind.value,
            "partner_id": identifier.partner_id,
            "lookup_hash": self._lookup.of(owner.ledger_id, identifier),
            "sealed_value": key.seal(identifier_field(number), identifier.value),
        }


async def enrolled_by(connection: AsyncConnection, ledger_id: int, member_id: UUID) -> UUID | None:
    """The partner that enrolled a member, or claimed it; None for staff or a service, or nobody yet. Raises NotFound."""
    member, claim = tables.member, tables.member_claim
    found = await connection.execute(
        select(func.coalesce(claim.c.claimed_by, member.c.enrolled_by).label("enrolled_by"))
        .outerjoin_from(
            member,
            claim,
            (claim.c.ledger_id == member.c.ledger_id) & (claim.c.member_id == member.c.member_id),
        )
        .where(member.c.ledger_id == ledger_id, member.c.member_id == member_id)
    )
    row = found.first()
    if row is None:
        raise NotFound("no member has this id")
    return row.enrolled_by


async def is_closed(connection: AsyncConnection, ledger_id: int, member_id: UUID) -> bool:
    """Whether a member was closed."""
    closure = tables.member_closure
    found = await connection.execute(
        select(closure.c.member_id).where(closure.c.ledger_id == ledger_id, closure.c.member_id == member_id)
    )
    return found.first() is not None


async def close_member(
    connection: AsyncConnection, ledger_id: int, member_id: UUID, closed_at_us: int, by: Principal
) -> bool:
    """Stores that a member was closed; False where it had been before."""
    stored = await connection.execute(
        postgresql_insert(tables.member_closure)
        .values(
            ledger_id=ledger_id,
            member_id=member_id,
            closed_at=from_micros(closed_at_us),
            closed_by=by.partner_id,
            actor=by.actor,
        )
        .on_conflict_do_nothing(constraint="member_closure_pk")
        .returning(tables.member_closure.c.member_id)
    )
    return stored.first() is not None


async def _insert_identifier(connection: AsyncConnection, row: dict[str, Any], place: int) -> None:
    try:
        await connection.execute(insert(tables.member_identifier), row)
    except IntegrityError as error:
        if constraint_of(error) != tables.IDENTIFIER_LOOKUP_UNIQUE:
            raise
        raise Conflict(
            Reason.REASON_IDENTIFIER_TAKEN,
            "this identifier belongs to another member already",
            field=f"identifiers[{place}]",
        ) from None
