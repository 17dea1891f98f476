"""Which tokens were used, where, and which of them were shown again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.authority.tokens import AppToken, TokenReplay
from services.members.storage.authority.tables import app_token_replay, app_token_use
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import ReadConnection

_FORGOTTEN_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class TokenUse:
    """By whom a token was used, and under which key (hashed)."""

    partner_id: UUID
    key_hash: bytes


async def use_token(
    connection: AsyncConnection, ledger_id: int, token: AppToken, by: TokenUse, now_us: int
) -> bool:
    """Uses a token up; False where it was used before. Waits for whoever uses it at the same time."""
    stored = await connection.execute(
        insert(app_token_use)
        .values(
            ledger_id=ledger_id,
            nonce=token.nonce,
            member_id=token.member_id,
            partner_id=by.partner_id,
            key_hash=by.key_hash,
            used_at=from_micros(now_us),
        )
        .on_conflict_do_nothing(constraint="app_token_use_pk")
        .returning(app_token_use.c.nonce)
    )
    return stored.first() is not None


async def find_use(connection: AsyncConnection, ledger_id: int, nonce: bytes) -> TokenUse | None:
    """Who has used a token; None: nobody."""
    table = app_token_use
    found = await connection.execute(
        select(table.c.partner_id, table.c.key_hash).where(
            table.c.ledger_id == ledger_id, table.c.nonce == nonce
        )
    )
    row = found.first()
    return None if row is None else TokenUse(row.partner_id, row.key_hash)


async def note_replay(
    connection: AsyncConnection, ledger_id: int, nonce: bytes, partner_id: UUID, now_us: int
) -> bool:
    """Stores that a used token was shown again; False where that is known already."""
    stored = await connection.execute(
        insert(app_token_replay)
        .values(ledger_id=ledger_id, nonce=nonce, partner_id=partner_id, replayed_at=from_micros(now_us))
        .on_conflict_do_nothing(constraint="app_token_replay_pk")
        .returning(app_token_replay.c.nonce)
    )
    return stored.first() is not None


async def list_replays(
    connection: ReadConnection, ledger_id: int, before_us: int, limit: int
) -> list[TokenReplay]:
    """Replays before a time (0: all), newest first."""
    replay, use = app_token_replay, app_token_use
    query = (
        select(
            use.c.member_id,
            use.c.partner_id.label("used_by"),
            use.c.used_at,
            replay.c.partner_id,
            replay.c.replayed_at,
        )
        .join_from(replay, use, (use.c.ledger_id == replay.c.ledger_id) & (use.c.nonce == replay.c.nonce))
        .where(replay.c.ledger_id == ledger_id)
        .order_by(replay.c.replayed_at.desc(), replay.c.nonce)
        .limit(limit)
    )
    if before_us:
        query = query.where(replay.c.replayed_at < from_micros(before_us))
    return [
        TokenReplay(
            row.member_id, row.used_by, row.partner_id, to_micros(row.used_at), to_micros(row.replayed_at)
        )
        for row in (await connection.execute(query)).all()
    ]


async def forget_uses(connection: AsyncConnection, before_us: int) -> int:
    """Removes up to 5,000 uses from before a time, with their replays; answers how many."""
    table = app_token_use
    old = (
        select(table.c.ledger_id, table.c.nonce)
        .where(table.c.used_at < from_micros(before_us))
        .limit(_FORGOTTEN_AT_ONCE)
    )
    gone = await connection.execute(delete(table).where(tuple_(table.c.ledger_id, table.c.nonce).in_(old)))
    return gone.rowcount
