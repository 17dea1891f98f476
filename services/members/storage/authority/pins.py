"""PINs as they are kept, and how they stand. Only sealed hashes reach the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.authority.pins import MemberLock, PinGuard
from services.members.storage.authority.pin_hash import PinHash
from services.members.storage.authority.tables import (
    member_pin,
    member_pin_guard,
    partner_pin_guard,
    pin_pass,
)
from services.members.storage.sealing import DataKey, Owner
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import ReadConnection
from services.runtime.principal import Principal

_FORGOTTEN_AT_ONCE: Final = 5_000
_SMALL_MAX: Final = 32_767
AnyConnection = ReadConnection | AsyncConnection


@dataclass(frozen=True, slots=True)
class StoredPin:
    """A member's PIN of a number, opened."""

    number: int
    hash: PinHash


@dataclass(frozen=True, slots=True)
class PinPass:
    """That the PIN of a number was typed under a key, and how often a wrong one since."""

    pin_number: int
    misses: int


async def newest_number(connection: AnyConnection, owner: Owner) -> int:
    """The number of the PIN that counts; 0: the member has none."""
    query = select(func.coalesce(func.max(member_pin.c.number), 0)).where(_of(member_pin, owner))
    return (await connection.execute(query)).scalar_one()


async def read_pin(connection: AnyConnection, owner: Owner, key: DataKey, number: int) -> StoredPin:
    """The PIN of a number, which there is. Raises SealBroken."""
    query = select(member_pin.c.sealed_value).where(_of(member_pin, owner), member_pin.c.number == number)
    sealed = (await connection.execute(query)).scalar_one()
    return StoredPin(number, PinHash.of_text(key.open(_field(number), sealed)))


async def add_pin(
    connection: AsyncConnection, owner: Owner, key: DataKey, pin: StoredPin, set_at_us: int, by: Principal
) -> None:
    """Stores a PIN."""
    await connection.execute(
        insert(member_pin),
        {
            "ledger_id": owner.ledger_id,
            "member_id": owner.member_id,
            "number": pin.number,
            "sealed_value": key.seal(_field(pin.number), pin.hash.text),
            "set_at": from_micros(set_at_us),
            "set_by": by.partner_id,
            "actor": by.actor,
        },
    )


async def read_lock(connection: AnyConnection, owner: Owner, *, lock: bool = False) -> MemberLock:
    """Whether a member's PIN is locked with all partners; `lock` keeps others from changing that, and all guards, until the transaction ends."""
    table = member_pin_guard
    query = select(table.c.locks, table.c.locked_until).where(_of(table, owner))
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return MemberLock() if row is None else MemberLock(row.locks, _micros(row.locked_until))


async def take_lock(connection: AsyncConnection, owner: Owner) -> MemberLock:
    """As read_lock, kept; makes the row where there is none."""
    await connection.execute(
        postgresql_insert(member_pin_guard)
        .values(ledger_id=owner.ledger_id, member_id=owner.member_id, locks=0, locked_until=None)
        .on_conflict_do_nothing(constraint="member_pin_guard_pk")
    )
    return await read_lock(connection, owner, lock=True)


async def save_lock(connection: AsyncConnection, owner: Owner, lock: MemberLock) -> None:
    """Stores whether a member's PIN is locked with all partners; the caller has taken the lock."""
    await connection.execute(
        update(member_pin_guard)
        .where(_of(member_pin_guard, owner))
        .values(locks=min(lock.locks, _SMALL_MAX), locked_until=_moment(lock.locked_until_us))
    )


async def read_guard(connection: AnyConnection, owner: Owner, partner_id: UUID) -> PinGuard:
    """How a member's PIN stands with a partner."""
    table = partner_pin_guard
    columns = (table.c.wrong, table.c.locks, table.c.locked_until, table.c.recent, table.c.recent_since)
    query = select(*columns).where(_of(table, owner), table.c.partner_id == partner_id)
    row = (await connection.execute(query)).first()
    if row is None:
        return PinGuard()
    return PinGuard(row.wrong, row.locks, _micros(row.locked_until), row.recent, _micros(row.recent_since))


async def save_guard(connection: AsyncConnection, owner: Owner, partner_id: UUID, guard: PinGuard) -> None:
    """Stores how a member's PIN stands with a partner; the caller has taken the member's lock."""
    values = {
        "wrong": guard.wrong,
        "locks": min(guard.locks, _SMALL_MAX),
        "locked_until": _moment(guard.locked_until_us),
        "recent": min(guard.recent, _SMALL_MAX),
        "recent_since": _moment(guard.recent_since_us),
    }
    await connection.execute(
        postgresql_insert(partner_pin_guard)
        .values(ledger_id=owner.ledger_id, member_id=owner.member_id, partner_id=partner_id, **values)
        .on_conflict_do_update(constraint="partner_pin_guard_pk", set_=values)
    )


async def clear_guards(connection: AsyncConnection, owner: Owner) -> None:
    """Forgets all wrong PINs of a member, with all partners; the caller has taken the member's lock."""
    await save_lock(connection, owner, MemberLock())
    cleared = {"wrong": 0, "locks": 0, "locked_until": None, "recent": 0, "recent_since": None}
    await connection.execute(update(partner_pin_guard).where(_of(partner_pin_guard, owner)).values(**cleared))


async def count_recent(connection: AsyncConnection, owner: Owner, since_us: int, of_one_max: int) -> int:
    """Wrong PINs of a member with all partners after a time, of each at most so many."""
    table = partner_pin_guard
    query = select(func.coalesce(func.sum(func.least(table.c.recent, of_one_max)), 0)).where(
        _of(table, owner), table.c.recent_since > from_micros(since_us)
    )
    return (await connection.execute(query)).scalar_one()


async def find_pass(
    connection: AnyConnection, owner: Owner, partner_id: UUID, key_hash: bytes
) -> PinPass | None:
    """What was typed under a partner's key; None: nothing that was right."""
    query = select(pin_pass.c.pin_number, pin_pass.c.misses).where(_passed(owner, partner_id, key_hash))
    row = (await connection.execute(query)).first()
    return None if row is None else PinPass(row.pin_number, row.misses)


async def add_pass(
    connection: AsyncConnection, owner: Owner, partner_id: UUID, key_hash: bytes, pin_number: int, now_us: int
) -> None:
    """Stores that the right PIN was typed under a key."""
    row: dict[str, Any] = {
        "ledger_id": owner.ledger_id,
        "partner_id": partner_id,
        "key_hash": key_hash,
        "member_id": owner.member_id,
        "pin_number": pin_number,
        "misses": 0,
        "passed_at": from_micros(now_us),
    }
    await connection.execute(insert(pin_pass), row)


async def count_miss(connection: AsyncConnection, owner: Owner, partner_id: UUID, key_hash: bytes) -> None:
    """Counts a wrong PIN under a key that a right one was typed under."""
    await connection.execute(
        update(pin_pass)
        .where(_passed(owner, partner_id, key_hash))
        .values(misses=func.least(pin_pass.c.misses + 1, _SMALL_MAX))
    )


async def forget_passes(connection: AsyncConnection, before_us: int) -> int:
    """Removes up to 5,000 passes from before a time; answers how many."""
    key = (pin_pass.c.ledger_id, pin_pass.c.partner_id, pin_pass.c.key_hash, pin_pass.c.member_id)
    old = select(*key).where(pin_pass.c.passed_at < from_micros(before_us)).limit(_FORGOTTEN_AT_ONCE)
    gone = await connection.execute(delete(pin_pass).where(tuple_(*key).in_(old)))
    return gone.rowcount


def _of(table: Table, owner: Owner) -> ColumnElement[bool]:
    return and_(table.c.ledger_id == owner.ledger_id, table.c.member_id == owner.member_id)


def _passed(owner: Owner, partner_id: UUID, key_hash: bytes) -> ColumnElement[bool]:
    mine = (pin_pass.c.partner_id == partner_id, pin_pass.c.key_hash == key_hash)
    return and_(_of(pin_pass, owner), *mine)


def _field(number: int) -> str:
    return f"pin.{number}"


def _micros(moment: datetime | None) -> int:
    return to_micros(moment) if moment else 0


def _moment(micros: int) -> datetime | None:
    return from_micros(micros) if micros else None
