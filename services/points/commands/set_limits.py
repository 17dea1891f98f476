"""Sets what one person may adjust alone, and what members may give each other."""

from __future__ import annotations

from typing import Final

from services.points.commands.open_ledger import Doors
from services.points.domain.terms import Limits
from services.points.storage import ledgers, limits
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme

_POINTS_MAX: Final = 10**9


class SetLimits:
    """The use cases behind SetAdjustmentLimit and SetTransferLimits. What stands already is not set again."""

    def __init__(self, doors: Doors, database: WriteDatabase) -> None:
        self._doors, self._database = doors, database

    async def adjustment(self, programme: Programme, points: int, set_by: str) -> Limits:
        """Sets the largest adjustment of one person. Raises InvalidRequest."""
        _check("points", points)
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            await ledgers.lock_head(connection, programme.ledger_id)
            standing = await limits.read(connection, programme.ledger_id)
            if standing.adjustment_points != points:
                await limits.set_adjustment(connection, programme.ledger_id, points, set_by)
        return standing._replace(adjustment_points=points)

    async def transfer(self, programme: Programme, points: int, points_a_day: int, set_by: str) -> Limits:
        """Sets the most points of one transfer, and of all of a giver in a day. Raises InvalidRequest."""
        _check("points", points)
        _check("points_a_day", points_a_day)
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            await ledgers.lock_head(connection, programme.ledger_id)
            standing = await limits.read(connection, programme.ledger_id)
            wanted = standing._replace(transfer_points=points, transfer_points_a_day=points_a_day)
            if wanted != standing:
                await limits.set_transfer(connection, programme.ledger_id, points, points_a_day, set_by)
        return wanted


def _check(field: str, points: int) -> None:
    if not 0 <= points <= _POINTS_MAX:
        raise InvalidRequest(f"{field} must be 0 to {_POINTS_MAX}", field=field)
