"""API keys in the database, by the hash of their secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.credentials import ApiKey
from services.partners.domain.partner import Partner
from services.partners.storage.access_tables import api_key_addresses, api_key_roll
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import api_key, partner
from services.runtime.clock import from_micros, to_micros

KEYS_MAX: Final = 1_000
#: The newest list of addresses of a key, or null.
_NETWORKS: Final = (
    select(api_key_addresses.c.networks)
    .where(
        api_key_addresses.c.ledger_id == api_key.c.ledger_id,
        api_key_addresses.c.key_id == api_key.c.key_id,
    )
    .order_by(api_key_addresses.c.version.desc())
    .limit(1)
    .correlate(api_key)
    .scalar_subquery()
    .label("networks")
)
_KEY: Final = (*api_key.c, api_key_roll.c.ends_at, api_key_roll.c.next_key_id, _NETWORKS)
_ROLLED: Final = api_key.outerjoin(
    api_key_roll,
    (api_key_roll.c.ledger_id == api_key.c.ledger_id) & (api_key_roll.c.key_id == api_key.c.key_id),
)


class KeyHolder(NamedTuple):
    """A live API key, whose it is and where."""

    ledger_id: int
    key: ApiKey
    partner: Partner


async def add_key(connection: AsyncConnection, ledger_id: int, added: ApiKey, digest: bytes, by: str) -> None:
    """Writes an API key, with its addresses where it has some. Raises NotFound with PARTNER_UNKNOWN."""
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
    if added.addresses:
        await add_addresses(connection, ledger_id, added.key_id, 1, added.addresses, added.issued_at_us, by)


async def add_addresses(
    connection: AsyncConnection,
    ledger_id: int,
    key_id: UUID,
    version: int,
    networks: Sequence[str],
    at_us: int,
    by: str,
) -> None:
    """Writes from where a key is taken; `version` from 1."""
    await connection.execute(
        insert(api_key_addresses).values(
            ledger_id=ledger_id,
            key_id=key_id,
            version=version,
            networks=list(networks),
            set_at=from_micros(at_us),
            set_by=by,
        )
    )


async def addresses_version(connection: Reads, ledger_id: int, key_id: UUID) -> int:
    """The number of the newest list of addresses of a key; 0: there is none."""
    of = api_key_addresses.c
    found = await connection.execute(
        select(of.version)
        .where(of.ledger_id == ledger_id, of.key_id == key_id)
        .order_by(of.version.desc())
        .limit(1)
    )
    return found.scalar() or 0


async def add_roll(
    connection: AsyncConnection, ledger_id: int, old: ApiKey, next_key_id: UUID, at_us: int, by: str
) -> None:
    """Writes that a key was rolled; `old` with its end."""
    await connection.execute(
        insert(api_key_roll).values(
            ledger_id=ledger_id,
            key_id=old.key_id,
            partner_id=old.partner_id,
            next_key_id=next_key_id,
            ends_at=from_micros(old.ends_at_us),
            rolled_at=from_micros(at_us),
            rolled_by=by,
        )
    )


async def locked_key(connection: AsyncConnection, ledger_id: int, key_id: UUID) -> ApiKey | None:
    """A key that nobody else rolls, revokes or gives other addresses meanwhile; None: there is none."""
    locked = await connection.execute(
        select(api_key.c.key_id)
        .where(api_key.c.ledger_id == ledger_id, api_key.c.key_id == key_id)
        .with_for_update()
    )
    return await _by_id(connection, ledger_id, key_id) if locked.first() else None


async def revoke_key(
    connection: AsyncConnection, ledger_id: int, key_id: UUID, at_us: int, by: str
) -> tuple[ApiKey | None, bool]:
    """Revokes a key; answers it (None: there is none) and whether it was not revoked until now."""
    changed = await connection.execute(
        update(api_key)
        .where(api_key.c.ledger_id == ledger_id, api_key.c.key_id == key_id, api_key.c.revoked_at.is_(None))
        .values(revoked_at=from_micros(at_us), revoked_by=by)
    )
    return await _by_id(connection, ledger_id, key_id), bool(changed.rowcount)


async def keys_of(connection: Reads, ledger_id: int, partner_id: UUID) -> list[ApiKey]:
    """A partner's keys, newest first."""
    found = await connection.execute(
        _keys()
        .where(api_key.c.ledger_id == ledger_id, api_key.c.partner_id == partner_id)
        .order_by(api_key.c.issued_at.desc(), api_key.c.key_id.desc())
        .limit(KEYS_MAX)
    )
    return [_key(row) for row in found]


async def holder_of(connection: Reads, digest: bytes, now_us: int) -> KeyHolder | None:
    """Whose key has this hash and opens something at a wall-clock time, or None."""
    found = await connection.execute(
        select(*_KEY, partner.c.slug, partner.c.name, partner.c.status, partner.c.first_window)
        .select_from(
            _ROLLED.join(
                partner,
                (partner.c.ledger_id == api_key.c.ledger_id) & (partner.c.partner_id == api_key.c.partner_id),
            )
        )
        .where(
            api_key.c.secret_sha256 == digest,
            api_key.c.revoked_at.is_(None),
            or_(api_key_roll.c.ends_at.is_(None), api_key_roll.c.ends_at > from_micros(now_us)),
        )
    )
    row = found.first()
    if row is None:
        return None
    return KeyHolder(
        row.ledger_id, _key(row), Partner(row.partner_id, row.slug, row.name, row.status, row.first_window)
    )


def _keys() -> Select[Any]:
    return select(*_KEY).select_from(_ROLLED)


async def _by_id(connection: Reads, ledger_id: int, key_id: UUID) -> ApiKey | None:
    mine = (api_key.c.ledger_id == ledger_id, api_key.c.key_id == key_id)
    row = (await connection.execute(_keys().where(*mine))).first()
    return _key(row) if row else None


def _key(row: Any) -> ApiKey:
    return ApiKey(
        row.key_id,
        row.partner_id,
        row.label,
        row.hint,
        tuple(row.scopes),
        to_micros(row.issued_at),
        to_micros(row.revoked_at) if row.revoked_at else 0,
        to_micros(row.ends_at) if row.ends_at else 0,
        row.next_key_id,
        tuple(row.networks or ()),
    )
