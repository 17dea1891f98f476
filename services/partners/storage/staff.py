"""People, their roles and their tokens in the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.credentials import ROLES, Staff
from services.partners.domain.staff import StaffToken
from services.partners.storage.approval_tables import staff_head, staff_token
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import staff, staff_role
from services.runtime.clock import from_micros, to_micros

STAFF_MAX: Final = 1_000
TOKENS_MAX: Final = 1_000


class TokenHolder(NamedTuple):
    """Whose token it is, and which."""

    person: Staff
    token: StaffToken


async def add(connection: AsyncConnection, added: Staff, by: str) -> None:
    """Writes a person and the first assignment of each role. Raises Conflict with ALREADY_EXISTS."""
    with constraints_explained():
        await connection.execute(insert(staff).values(staff_id=added.staff_id, name=added.name, added_by=by))
    await connection.execute(insert(staff_head).values(staff_id=added.staff_id))
    await change_roles(connection, added.staff_id, dict.fromkeys(added.roles, True), by)


async def hold(connection: AsyncConnection, people: Collection[UUID], *, to_change: bool = False) -> None:
    """Keeps roles and tokens of people as they are until this transaction ends; but for itself, where it is to change them."""
    # In the order of ids, so that two transactions about the same people don't deadlock.
    await connection.execute(
        select(staff_head.c.staff_id)
        .where(staff_head.c.staff_id.in_(people))
        .order_by(staff_head.c.staff_id)
        .with_for_update(read=not to_change)
    )


async def change_roles(
    connection: AsyncConnection, staff_id: UUID, changes: Mapping[str, bool], by: str
) -> None:
    """Writes a version more of each role that changes."""
    found = await connection.execute(
        select(staff_role.c.role, func.max(staff_role.c.version).label("version"))
        .where(staff_role.c.staff_id == staff_id)
        .group_by(staff_role.c.role)
    )
    versions: dict[str, int] = {row.role: row.version for row in found}
    rows = [
        {
            "staff_id": staff_id,
            "role": role,
            "version": versions.get(role, 0) + 1,
            "assigned": assigned,
            "changed_by": by,
        }
        for role, assigned in changes.items()
    ]
    if rows:
        await connection.execute(insert(staff_role), rows)


async def everyone(connection: Reads) -> list[Staff]:
    """All staff by name, with the roles they have now."""
    roles = await _roles(connection)
    found = await connection.execute(select(staff).order_by(staff.c.name).limit(STAFF_MAX))
    return [Staff(row.staff_id, row.name, roles.get(row.staff_id, ())) for row in found]


async def by_id(connection: Reads, staff_id: UUID) -> Staff | None:
    """A person with the roles of now, or None."""
    row = (await connection.execute(select(staff).where(staff.c.staff_id == staff_id))).first()
    if row is None:
        return None
    roles = await _roles(connection, staff_id)
    return Staff(row.staff_id, row.name, roles.get(row.staff_id, ()))


async def add_token(connection: AsyncConnection, added: StaffToken, digest: bytes, by: str) -> None:
    """Writes a token."""
    await connection.execute(
        insert(staff_token).values(
            token_id=added.token_id,
            staff_id=added.staff_id,
            label=added.label,
            hint=added.hint,
            token_sha256=digest,
            issued_at=from_micros(added.issued_at_us),
            issued_by=by,
            expires_at=from_micros(added.expires_at_us) if added.expires_at_us else None,
        )
    )


async def revoke_token(connection: AsyncConnection, token_id: UUID, at_us: int, by: str) -> bool:
    """Revokes a token; False where that was done before."""
    changed = await connection.execute(
        update(staff_token)
        .where(staff_token.c.token_id == token_id, staff_token.c.revoked_at.is_(None))
        .values(revoked_at=from_micros(at_us), revoked_by=by)
    )
    return changed.rowcount == 1


async def token(connection: Reads, token_id: UUID) -> StaffToken | None:
    """A token, live or not; or None."""
    row = (await connection.execute(select(staff_token).where(staff_token.c.token_id == token_id))).first()
    return _token(row) if row else None


async def tokens_of(connection: Reads, staff_id: UUID) -> list[StaffToken]:
    """A person's tokens, newest first."""
    found = await connection.execute(
        select(staff_token)
        .where(staff_token.c.staff_id == staff_id)
        .order_by(staff_token.c.issued_at.desc(), staff_token.c.token_id.desc())
        .limit(TOKENS_MAX)
    )
    return [_token(row) for row in found]


async def holder_of(connection: Reads, digest: bytes) -> TokenHolder | None:
    """Whose token has this hash, live or not; or None."""
    row = (await connection.execute(select(staff_token).where(staff_token.c.token_sha256 == digest))).first()
    if row is None:
        return None
    person = await by_id(connection, row.staff_id)
    return TokenHolder(person, _token(row)) if person else None


async def _roles(connection: Reads, staff_id: UUID | None = None) -> dict[UUID, tuple[str, ...]]:
    """Roles by person: of each role the last change counts."""
    last = (
        select(staff_role.c.staff_id, staff_role.c.role, staff_role.c.assigned)
        .ext(distinct_on(staff_role.c.staff_id, staff_role.c.role))
        .order_by(staff_role.c.staff_id, staff_role.c.role, staff_role.c.version.desc())
    )
    if staff_id is not None:
        last = last.where(staff_role.c.staff_id == staff_id)
    held: dict[UUID, set[str]] = {}
    for row in await connection.execute(last):
        if row.assigned:
            held.setdefault(row.staff_id, set()).add(row.role)
    return {person: tuple(role for role in ROLES if role in roles) for person, roles in held.items()}


def _token(row: Any) -> StaffToken:
    return StaffToken(
        row.token_id,
        row.staff_id,
        row.label,
        row.hint,
        to_micros(row.issued_at),
        to_micros(row.expires_at) if row.expires_at else 0,
        to_micros(row.revoked_at) if row.revoked_at else 0,
    )
