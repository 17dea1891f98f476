"""One key, one effect, one answer: for every write that is not a movement of points.

(The ledger keeps its keys itself, in the posting.) The row is made before the work in the same
transaction, so a concurrent twin waits for the first and then gets its answer.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from google.protobuf.message import Message
from sqlalchemy import (
    TIMESTAMP,
    Column,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    select,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.errors import Conflict, InvalidRequest

KEY_CHARACTERS_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose key it is: one partner (or the platform: the zero UUID) in one programme."""

    ledger_id: int
    partner_id: UUID


def idempotency_table(metadata: MetaData) -> Table:
    """The table of keys and answers; each service that takes keys has one."""
    return Table(
        "idempotency",
        metadata,
        Column("ledger_id", SmallInteger, nullable=False),
        Column("partner_id", Uuid, nullable=False),
        Column("key", Text, nullable=False),
        Column("operation", Text, nullable=False),
        Column("request_hash", LargeBinary, nullable=False),
        Column("response", LargeBinary),
        Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
        PrimaryKeyConstraint("ledger_id", "partner_id", "key", name="idempotency_pk"),
    )


def request_hash(secret: bytes, request: Message) -> bytes:
    """Keyed hash of what the caller asked: card numbers are guessable, so a plain hash would tell them."""
    return hmac.digest(secret, request.SerializeToString(deterministic=True), sha256)


class Idempotency:
    """Runs a use case once per key."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def once(
        self,
        connection: AsyncConnection,
        scope: Scope,
        key: str,
        operation: str,
        request: bytes,
        work: Callable[[], Awaitable[bytes]],
    ) -> tuple[bytes, bool]:
        """The answer of `work`, and whether it is a replay. Runs inside the caller's transaction.

        `request` is the request_hash. Raises InvalidRequest for a key that is missing, overlong or holds
        control characters (a column of text takes no NUL), Conflict (IDEMPOTENCY_KEY_REUSED) where the key
        stands for another request or operation. What `work` raises rolls back and is not remembered.
        """
        if not (1 <= len(key) <= KEY_CHARACTERS_MAX and key.isprintable()):
            reason = Reason.REASON_IDEMPOTENCY_KEY_MISSING
            raise InvalidRequest(
                f"an idempotency key of 1 to {KEY_CHARACTERS_MAX} printable characters is needed", reason
            )
        table = self._table
        row = {"ledger_id": scope.ledger_id, "partner_id": scope.partner_id, "key": key}
        made = await connection.execute(
            postgresql_insert(table)
            .values(**row, operation=operation, request_hash=request)
            .on_conflict_do_nothing()
            .returning(table.c.key)
        )
        same = [table.c[name] == value for name, value in row.items()]
        if made.first() is not None:
            answer = await work()
            await connection.execute(update(table).where(*same).values(response=answer))
            return answer, False
        found = (
            await connection.execute(
                select(table.c.operation, table.c.request_hash, table.c.response).where(*same)
            )
        ).one()
        if found.operation != operation or not hmac.compare_digest(found.request_hash, request):
            raise Conflict(
                Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                "this idempotency key was used with another request",
                key=key,
            )
        return found.response, True
