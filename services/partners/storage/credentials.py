"""API keys in the database, by the hash of their secret."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.credentials import ApiKey
from services.partners.domain.partner import Partner
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import api_key, partner
from services.runtime.clock import from_micros, to_micros

KEYS_MAX: Final = 1_000


class KeyHolder(NamedTuple):
    """A live API key, whose it is and where."""

    ledger_id: int
    key: ApiKey
    partner: Partner


async def add_key(connection: AsyncConnection, ledger_id: int, added: ApiKey, digest: bytes, by: str) -> None:
    """Writes an API key. Raises NotFound with PARTNER_UNKNOWN."""
    with constraints_explained():
        await connection.execute(
            insert(api_key).values(
                ledger_id=ledger_id,
                key_id=added.key_id,
                partner_id=added.partner_id,
                label=added.label,
                hint=added.hint,
                scopes=list(added.scopes),
                secret_sha256=digest,
                issued_at=from_micros(added.issued_at_us),
                issued_by=by,
            )
        )


async def revoke_key(
    connection: AsyncConnection, ledger_id: int, key_id: UUID, at_us: int, by: str
) -> tuple[ApiKey | None, bool]:
    """Revokes a key; answers it (None: there is none) and whether it was live until now."""
    mine = (api_key.c.ledger_id == ledger_id, api_key.c.key_id == key_id)
    changed = await connection.execute(
        update(api_key)
        .where(*mine, api_key.c.revoked_at.is_(None))
        .values(revoked_at=from_micros(at_us), revoked_by=by)
        .returning(*api_key.c)
    )
    row = changed.first()
    if row is not None:
        return _key(row), True
    found = (await connection.execute(select(api_key).where(*mine))).first()
    return (_key(found) if found else None), False


async def keys_of(connection: Reads, ledger_id: int, partner_id: UUID) -> list[ApiKey]:
    """A partner's keys, newest first."""
    found = await connection.execute(
        select(api_key)
        .where(api_key.c.ledger_id == ledger_id, api_key.c.partner_id == partner_id)
        .order_by(api_key.c.issued_at.desc(), api_key.c.key_id.desc())
        .limit(KEYS_MAX)
    )
    return [_key(row) for row in found]


async def holder_of(connection: Reads, digest: bytes) -> KeyHolder | None:
    """Whose live key has this hash, or None."""
    found = await connection.execute(
        select(api_key, partner.c.slug, partner.c.name, partner.c.status, partner.c.first_window)
        .join(
            partner,
            (partner.c.ledger_id == api_key.c.ledger_id) & (partner.c.partner_id == api_key.c.partner_id),
        )
        .where(api_key.c.secret_sha256 == digest, api_key.c.revoked_at.is_(None))
    )
    row = found.first()
    if row is None:
        return None
    return KeyHolder(
        row.ledger_id, _key(row), Partner(row.partner_id, row.slug, row.name, row.status, row.first_window)
    )


def _key(row: Any) -> ApiKey:
    return ApiKey(
        row.key_id,
        row.partner_id,
        row.label,
        row.hint,
        tuple(row.scopes),
        to_micros(row.issued_at),
        to_micros(row.revoked_at) if row.revoked_at else 0,
    )
