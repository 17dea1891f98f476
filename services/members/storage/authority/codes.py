"""Codes that were sent to members, and what became of them. What they say is not here."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.authority.codes import DAY_US, HOUR_US, Code, CodeRule, SentCode
from services.members.storage.authority.tables import one_time_code
from services.members.storage.sealing import Owner
from services.runtime.clock import from_micros, to_micros

_FORGOTTEN_AT_ONCE: Final = 5_000
_SMALL_MAX: Final = 32_767


async def add_code(connection: AsyncConnection, code: Code, sent_at_us: int) -> None:
    """Stores a new code, the newest of its member and partner. The caller has locked the member."""
    earlier = one_time_code.alias().c
    newest = select(func.coalesce(func.max(earlier.number), 0)).where(
        earlier.ledger_id == code.ledger_id,
        earlier.member_id == code.member_id,
        earlier.partner_id == code.partner_id,
    )
    await connection.execute(
        insert(one_time_code).values(number=newest.scalar_subquery() + 1),
        {
            "ledger_id": code.ledger_id,
            "code_id": code.code_id,
            "member_id": code.member_id,
            "partner_id": code.partner_id,
            "sent_at": from_micros(sent_at_us),
            "expires_at": from_micros(code.expires_at_us),
            "wrong": 0,
            "used_key": None,
        },
    )


async def sent_in_a_day(connection: AsyncConnection, owner: Owner, now_us: int) -> list[SentCode]:
    """The codes of a member in the last 24 hours, the oldest first."""
    c = one_time_code.c
    found = await connection.execute(
        select(c.partner_id, c.sent_at, c.wrong)
        .where(
            c.ledger_id == owner.ledger_id,
            c.member_id == owner.member_id,
            c.sent_at > from_micros(now_us - DAY_US),
        )
        .order_by(c.sent_at)
    )
    return [SentCode(row.partner_id, to_micros(row.sent_at), row.wrong) for row in found]


async def lock_sender(connection: AsyncConnection, ledger_id: int, partner_id: UUID) -> None:
    """Waits for whoever has a code sent for the same partner, until the transaction ends. After the member's lock, never before."""
    lock = func.hashtextextended(f"codes {ledger_id} {partner_id}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(lock)))


async def partner_sends_again_from_us(
    connection: AsyncConnection, ledger_id: int, partner_id: UUID, rule: CodeRule, now_us: int
) -> int:
    """When a partner may have another code sent, whoever the member is; 0: now. The caller has locked the sender."""
    c = one_time_code.c
    found = await connection.execute(
        select(c.sent_at)
        .where(
            c.ledger_id == ledger_id, c.partner_id == partner_id, c.sent_at > from_micros(now_us - HOUR_US)
        )
        .order_by(c.sent_at.desc())
        .offset(rule.partner_all_hour_max - 1)
        .limit(1)
    )
    # When this one is older than an hour, there is room for one more.
    oldest = found.scalar()
    return 0 if oldest is None else to_micros(oldest) + HOUR_US


async def code_to_check(
    connection: AsyncConnection, owner: Owner, partner_id: UUID, key_hash: bytes
) -> Code | None:
    """The code that was used under a partner's key; else the newest of member and partner; None: none was sent."""
    c = one_time_code.c
    mine = _of(owner, partner_id)
    used = (await connection.execute(mine.where(c.used_key == key_hash))).first()
    row = used or (await connection.execute(_newest(mine))).first()
    return None if row is None else _code(row)


async def newest_code(connection: AsyncConnection, ledger_id: int, code_id: UUID) -> Code | None:
    """A code, where it is the newest of its member and partner; else None."""
    c = one_time_code.c
    found = await connection.execute(
        select(one_time_code).where(c.ledger_id == ledger_id, c.code_id == code_id)
    )
    row = found.first()
    if row is None:
        return None
    newest = await connection.execute(_newest(_of(Owner(ledger_id, row.member_id), row.partner_id)))
    return _code(row) if newest.one().code_id == code_id else None


async def use_code(connection: AsyncConnection, code: Code, key_hash: bytes) -> None:
    """Stores under which key a code was used. The caller has locked the member."""
    await connection.execute(_change(code).values(used_key=key_hash))


async def count_wrong(connection: AsyncConnection, code: Code) -> None:
    """Counts a wrong try of a code. The caller has locked the member."""
    await connection.execute(_change(code).values(wrong=func.least(one_time_code.c.wrong + 1, _SMALL_MAX)))


async def forget_codes(connection: AsyncConnection, before_us: int) -> int:
    """Removes up to 5,000 codes that were sent before a time; answers how many."""
    key = (one_time_code.c.ledger_id, one_time_code.c.code_id)
    old = select(*key).where(one_time_code.c.sent_at < from_micros(before_us)).limit(_FORGOTTEN_AT_ONCE)
    gone = await connection.execute(delete(one_time_code).where(tuple_(*key).in_(old)))
    return gone.rowcount


def _of(owner: Owner, partner_id: UUID) -> Select[Any]:
    c = one_time_code.c
    return select(one_time_code).where(
        c.ledger_id == owner.ledger_id, c.member_id == owner.member_id, c.partner_id == partner_id
    )


def _newest(codes: Select[Any]) -> Select[Any]:
    return codes.order_by(one_time_code.c.number.desc()).limit(1)


def _change(code: Code) -> Any:
    c = one_time_code.c
    return update(one_time_code).where(c.ledger_id == code.ledger_id, c.code_id == code.code_id)


def _code(row: Any) -> Code:
    return Code(
        row.code_id,
        row.ledger_id,
        row.member_id,
        row.partner_id,
        to_micros(row.expires_at),
        row.wrong,
        bytes(row.used_key) if row.used_key is not None else None,
    )
