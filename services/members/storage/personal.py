"""Versions of personal fields, and who is found by them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import Executable, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.personal import PersonalData
from services.members.storage import tables
from services.members.storage.sealing import DataKey, Owner, personal_field
from services.runtime.database import ReadConnection

_LANGUAGE: Final = "language"


async def lock_member(connection: AsyncConnection, ledger_id: int, member_id: UUID) -> None:
    """Waits for whoever changes the same member, until the transaction ends."""
    lock = func.hashtextextended(f"member {ledger_id} {member_id}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(lock)))


async def newest_personal(
    connection: AsyncConnection | ReadConnection, owner: Owner, key: DataKey
) -> tuple[PersonalData, int]:
    """What the personal fields of a member say now, and the newest version of any of them (0: there was none).

    SealBroken leaves it where a stored value was tampered with.
    """
    table = tables.member_personal
    found = await connection.execute(
        select(table.c.field, table.c.version, table.c.sealed_value)
        .where(table.c.ledger_id == owner.ledger_id, table.c.member_id == owner.member_id)
        .order_by(table.c.version)
    )
    rows = found.all()
    newest = {row.field: row for row in rows}
    values = {
        name: key.open(personal_field(name, row.version), row.sealed_value)
        for name, row in newest.items()
        if row.sealed_value is not None
    }
    return PersonalData(**values), max((row.version for row in rows), default=0)


async def language_of(connection: AsyncConnection | ReadConnection, owner: Owner, key: DataKey) -> str:
    """The BCP 47 tag of a member's language; empty where it has said none. SealBroken leaves it as above."""
    table = tables.member_personal
    found = await connection.execute(
        select(table.c.version, table.c.sealed_value)
        .where(
            table.c.ledger_id == owner.ledger_id,
            table.c.member_id == owner.member_id,
            table.c.field == _LANGUAGE,
        )
        .order_by(table.c.version.desc())
        .limit(1)
    )
    row = found.first()
    if row is None or row.sealed_value is None:
        return ""
    return key.open(personal_field(_LANGUAGE, row.version), row.sealed_value)


async def members_with(connection: ReadConnection, ledger_id: int, lookup_hash: bytes) -> list[UUID]:
    """Open members whose phone number or e-mail address is that of a hash, two at most."""
    found = await connection.execute(_having(ledger_id, lookup_hash))
    return [row.member_id for row in found.all()]


def _having(ledger_id: int, lookup_hash: bytes) -> Executable:
    table, later, closure = tables.member_personal, tables.member_personal.alias(), tables.member_closure
    changed_since = (
        select(later.c.version)
        .where(
            later.c.ledger_id == table.c.ledger_id,
            later.c.member_id == table.c.member_id,
            later.c.field == table.c.field,
            later.c.version > table.c.version,
        )
        .exists()
    )
    closed = (
        select(closure.c.member_id)
        .where(closure.c.ledger_id == table.c.ledger_id, closure.c.member_id == table.c.member_id)
        .exists()
    )
    return (
        select(table.c.member_id)
        .where(table.c.ledger_id == ledger_id, table.c.lookup_hash == lookup_hash, ~changed_since, ~closed)
        .distinct()
        .limit(2)
    )
