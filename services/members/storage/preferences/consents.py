"""What members said to purposes: rows are added, and never change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.preferences.consents import Consent, ConsentPurpose, Saying
from services.members.storage.preferences.tables import member_consent
from services.members.storage.sealing import Owner
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import ReadConnection
from services.runtime.principal import Principal

AnyConnection = ReadConnection | AsyncConnection


async def standing_consents(connection: AnyConnection, owner: Owner) -> tuple[Consent, ...]:
    """What stands now, one a purpose that the member said something to."""
    table = member_consent
    query = (
        _select()
        .ext(distinct_on(table.c.purpose))
        .where(_of(owner))
        .order_by(table.c.purpose, table.c.number.desc())
    )
    return tuple(map(_consent, (await connection.execute(query)).all()))


async def consented(connection: AnyConnection, owner: Owner, purpose: ConsentPurpose) -> bool:
    """Whether a member consents to a purpose now."""
    return any(
        each.saying.given
        for each in await standing_consents(connection, owner)
        if each.saying.purpose is purpose
    )


async def consent_history(
    connection: AnyConnection, owner: Owner, before_number: int, limit: int
) -> tuple[Consent, ...]:
    """What a member said before a number (0: all), newest first."""
    table = member_consent
    query = _select().where(_of(owner)).order_by(table.c.number.desc()).limit(limit)
    if before_number:
        query = query.where(table.c.number < before_number)
    return tuple(map(_consent, (await connection.execute(query)).all()))


async def consent_of(connection: AnyConnection, owner: Owner, receipt_id: UUID) -> Consent:
    """What was said under a receipt, which there is."""
    query = _select().where(_of(owner), member_consent.c.receipt_id == receipt_id)
    return _consent((await connection.execute(query)).one())


async def consents_count(connection: AnyConnection, owner: Owner) -> int:
    """How often a member said something: the number of the newest."""
    query = select(func.coalesce(func.max(member_consent.c.number), 0)).where(_of(owner))
    return (await connection.execute(query)).scalar_one()


async def add_consent(
    connection: AsyncConnection,
    owner: Owner,
    number: int,
    receipt_id: UUID,
    saying: Saying,
    at_us: int,
    by: Principal,
) -> None:
    """Stores what a member said. The caller has locked the member."""
    row: dict[str, Any] = {
        "ledger_id": owner.ledger_id,
        "member_id": owner.member_id,
        "number": number,
        "receipt_id": receipt_id,
        "purpose": saying.purpose.value,
        "given": saying.given,
        "wording": saying.wording,
        "source": saying.source,
        "said_at": from_micros(at_us),
        "said_by": by.partner_id,
        "actor": by.actor,
    }
    await connection.execute(insert(member_consent), row)


def _select() -> Select[Any]:
    return select(member_consent)


def _of(owner: Owner) -> ColumnElement[bool]:
    table = member_consent
    return and_(table.c.ledger_id == owner.ledger_id, table.c.member_id == owner.member_id)


def _consent(row: Any) -> Consent:
    return Consent(
        row.number,
        row.receipt_id,
        Saying(ConsentPurpose(row.purpose), row.given, row.wording, row.source),
        to_micros(row.said_at),
        row.said_by,
        row.actor,
    )
