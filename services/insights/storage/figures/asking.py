"""How the queries of figures are asked: what they take, and the rows they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, SmallInteger, TextClause, Uuid, bindparam, text

from services.insights.domain.periods import Period
from services.runtime.database import ReadConnection

#: Of a view or table with a day: rows of the programme, the period, and of a partner where one is asked for.
AT_PARTNER: Final = (
    "ledger_id = :ledger_id AND day BETWEEN :first AND :last AND (:partner IS NULL OR partner_id = :partner)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a figure is about; `partner_id` None: all partners."""

    ledger_id: int
    period: Period
    partner_id: UUID | None


def query(sql: str) -> TextClause:
    """A statement over what is asked: types are said, since a parameter may be null."""
    statement = text(sql)
    types = {"ledger_id": SmallInteger, "first": Date, "last": Date, "partner": Uuid}
    names = statement.compile().params
    return statement.bindparams(
        *(bindparam(name, type_=type_) for name, type_ in types.items() if name in names)
    )


async def rows(connection: ReadConnection, statement: TextClause, asked: Asked, **more: Any) -> list[Any]:
    """The rows of a statement, given what it names of what is asked."""
    wanted = {
        "ledger_id": asked.ledger_id,
        "first": asked.period.first,
        "last": asked.period.last,
        "partner": asked.partner_id,
        **more,
    }
    used = {name: wanted[name] for name in statement.compile().params}
    return list((await connection.execute(statement, used)).all())
