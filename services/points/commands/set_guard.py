"""Sets what must be shown at a partner for a burn, and how much is too much in a day."""

from __future__ import annotations

from uuid import UUID

from services.points.clients.partners import Partners
from services.points.commands.open_ledger import Doors
from services.points.domain.guarding import POINTS_MAX, Guard
from services.points.storage import guards, ledgers
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


class SetGuard:
    """The use case behind SetGuard."""

    def __init__(self, doors: Doors, database: WriteDatabase, partners: Partners) -> None:
        self._doors, self._database, self._partners = doors, database, partners

    async def __call__(self, programme: Programme, partner_id: UUID, guard: Guard, set_by: str) -> Guard:
        """Adds the guard unless it is what stands already; answers what stands.

        Raises InvalidRequest for numbers out of range, NotFound (PARTNER_UNKNOWN), Unavailable.
        """
        _check(guard)
        # Only a partner that exists has stores to tell of, be they none.
        await self._partners.stores(programme, partner_id)
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            await ledgers.lock_head(connection, programme.ledger_id)
            standing = await guards.versions(connection, programme.ledger_id, partner_id)
            if not standing or standing[0].guard != guard:
                await guards.add(connection, programme.ledger_id, partner_id, guard, set_by)
        return guard


def _check(guard: Guard) -> None:
    """Raises InvalidRequest for what is out of its range."""
    shown = {
        "offline_points": guard.offline_points,
        "card_points": guard.card_points,
        "pin_points": guard.pin_points,
    }
    days = {
        f"{name}.{measure}": value
        for name in ("member_burns", "card_burns", "till_burns", "member_earns")
        for measure, value in getattr(guard, name)._asdict().items()
    }
    for field, value in (shown | days).items():
        if not 0 <= value <= POINTS_MAX:
            raise InvalidRequest(f"{field}: 0 to {POINTS_MAX:,}", field=field)
