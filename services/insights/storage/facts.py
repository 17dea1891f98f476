"""Writes facts by the block, each row once: what is there already stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.insights.domain.facts import MemberFacts, Merge, PartnerFacts, PointsFacts
from services.runtime.database import driver_of


@dataclass(frozen=True)
class _FactTable:
    """A table with the types of its columns; the first is the ledger's."""

    name: str
    columns: dict[str, str]

    @cached_property
    def insert(self) -> str:
        """Takes the ledger's id, then an array for each other column."""
        names = list(self.columns)
        arrays = ", ".join(f"${place}::{self.columns[name]}[]" for place, name in enumerate(names, start=2))
        return (
            f"INSERT INTO {self.name} (ledger_id, {', '.join(names)}) "
            f"SELECT $1, t.* FROM unnest({arrays}) AS t ON CONFLICT DO NOTHING"
        )


_SALE: Final = _FactTable(
    "sale",
    {
        "seq": "bigint", "transaction_id": "uuid", "member_id": "uuid", "partner_id": "uuid", "store_id": "uuid",
        "channel": "text", "day": "date", "gross_minor": "bigint", "eligible_minor": "bigint", "points": "bigint",
    },
)  # fmt: skip
_REFUND: Final = _FactTable(
    "refund",
    {
        "seq": "bigint", "original_id": "uuid", "member_id": "uuid", "partner_id": "uuid", "day": "date",
        "amount": "bigint", "written_off": "bigint",
    },
)  # fmt: skip
_MOVEMENT: Final = _FactTable(
    "movement",
    {
        "seq": "bigint", "line": "integer", "kind": "text", "member_id": "uuid", "partner_id": "uuid", "issuer_id": "uuid",
        "earned_seq": "bigint", "undoes_seq": "bigint", "points": "bigint", "day": "date",
    },
)  # fmt: skip
_MEMBER: Final = _FactTable(
    "member", {"member_id": "uuid", "partner_id": "uuid", "anonymous": "boolean", "enrolled_on": "date"}
)
_PARTNER: Final = _FactTable("partner", {"partner_id": "uuid", "slug": "text", "name": "text"})
_WINDOW: Final = _FactTable(
    "closed_window", {"number": "integer", "last_seq": "bigint", "ends_at": "timestamptz"}
)
# Whoever was merged into one that is merged now is merged into that one's.
_MERGE: Final = text(
    "INSERT INTO merged (ledger_id, member_id, into_member_id) VALUES (:ledger_id, :member_id, :into) ON CONFLICT DO NOTHING"
)
_FOLLOW: Final = text(
    "UPDATE merged SET into_member_id = :into WHERE ledger_id = :ledger_id AND into_member_id = :member_id"
)
_CLAIM: Final = text(
    "UPDATE member SET claimed_on = :day WHERE ledger_id = :ledger_id AND member_id = :member_id"
)
_CLOSE: Final = text(
    "UPDATE member SET closed_on = :day WHERE ledger_id = :ledger_id AND member_id = :member_id"
)


async def add_points(connection: AsyncConnection, ledger_id: int, told: PointsFacts) -> None:
    """Sales, refunds, movements, then merges in their order. The transaction has begun."""
    await _insert(connection, _SALE, ledger_id, told.sales)
    await _insert(connection, _REFUND, ledger_id, told.refunds)
    await _insert(connection, _MOVEMENT, ledger_id, told.movements)
    for each in told.merges:
        await _merge(connection, ledger_id, each)


async def _merge(connection: AsyncConnection, ledger_id: int, merge: Merge) -> None:
    row = {"ledger_id": ledger_id, "member_id": merge.member_id, "into": merge.into_member_id}
    await connection.execute(_MERGE, row)
    await connection.execute(_FOLLOW, row)


async def add_members(connection: AsyncConnection, ledger_id: int, told: MemberFacts) -> None:
    """Enrolments, then what became of members. The transaction has begun."""
    await _insert(connection, _MEMBER, ledger_id, told.enrolments)
    for statement, days in ((_CLAIM, told.claimed), (_CLOSE, told.closed)):
        rows = [{"ledger_id": ledger_id, "member_id": each, "day": day} for each, day in days.items()]
        if rows:
            await connection.execute(statement, rows)


async def add_partners(connection: AsyncConnection, ledger_id: int, told: PartnerFacts) -> None:
    """Partners and windows. The transaction has begun."""
    await _insert(connection, _PARTNER, ledger_id, told.partners)
    await _insert(connection, _WINDOW, ledger_id, told.windows)


async def forget_points(connection: AsyncConnection, ledger_id: int) -> None:
    """Deletes what add_points wrote of a programme."""
    await _forget(connection, ledger_id, "sale", "refund", "movement", "merged")


async def forget_members(connection: AsyncConnection, ledger_id: int) -> None:
    """Deletes what add_members wrote of a programme."""
    await _forget(connection, ledger_id, "member")


async def forget_partners(connection: AsyncConnection, ledger_id: int) -> None:
    """Deletes what add_partners wrote of a programme."""
    await _forget(connection, ledger_id, "partner", "closed_window")


async def _forget(connection: AsyncConnection, ledger_id: int, *tables: str) -> None:
    for table in tables:
        await connection.execute(
            text(f"DELETE FROM {table} WHERE ledger_id = :ledger_id"), {"ledger_id": ledger_id}
        )


async def _insert(
    connection: AsyncConnection, table: _FactTable, ledger_id: int, facts: Sequence[Any]
) -> None:
    if not facts:
        return
    driver = await driver_of(connection)
    arrays = [[_plain(getattr(each, name)) for each in facts] for name in table.columns]
    await driver.execute(table.insert, ledger_id, *arrays)


def _plain(value: Any) -> Any:
    """A kind is kept by its word."""
    return getattr(value, "value", value)
