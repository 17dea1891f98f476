"""Writes. Plain values come in; only sealed ones and keyed hashes reach the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.identifiers import Identifier, IdentifierKind
from services.members.domain.member import NewMember
from services.members.storage import tables
from services.members.storage.lookup_hash import LookupHash
from services.members.storage.sealing import DataKey, KeyRing, Owner, identifier_field, personal_field
from services.runtime.clock import from_micros
from services.runtime.database import constraint_of
from services.runtime.errors import Conflict, NotFound, Unavailable
from services.runtime.principal import Principal

_DRAWS_MAX: Final = 8


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
        key, wrapped = self._keys.new_key(owner)
        mine = {"ledger_id": ledger_id, "member_id": new.member_id}
        await connection.execute(
            insert(tables.member),
            {**mine, "enrolled_by": new.enrolled_by, "enrolled_at": from_micros(new.enrolled_at_us)},
        )
        await connection.execute(
            insert(tables.member_key),
            {**mine, "wrapping_version": wrapped.version, "wrapped_key": wrapped.sealed},
        )
        personal = [
            {**mine, "field": name, "sealed_value": key.seal(personal_field(name), value)}
            for name, value in asdict(new.personal).items()
            if value
        ]
        if personal:
            await connection.execute(insert(tables.member_personal), personal)
        return await self._add_identifiers(connection, owner, key, new.identifiers)

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
    """The partner that enrolled a member; None for staff or a service. Raises NotFound."""
    member = tables.member
    found = await connection.execute(
        select(member.c.enrolled_by).where(member.c.ledger_id == ledger_id, member.c.member_id == member_id)
    )
    row = found.first()
    if row is None:
        raise NotFound("no member has this id")
    return row.enrolled_by


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
