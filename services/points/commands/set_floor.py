"""Sets how far a partner's issuance balance may fall: the ledger's half of the credit gate."""

from __future__ import annotations

from uuid import UUID

from services.points.clients.partners import Partners
from services.points.commands.open_ledger import Doors
from services.points.domain.answers import FloorSet, TurnedAway
from services.points.domain.deciding.earn import ISSUED_POINTS_MAX
from services.points.domain.movements import CreditFloor, FloorChange
from services.runtime import telemetry
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


class SetFloor:
    """The use case behind SetFloor."""

    def __init__(self, doors: Doors, partners: Partners) -> None:
        self._doors, self._partners = doors, partners

    async def __call__(
        self,
        programme: Programme,
        partner_id: UUID,
        asked: CreditFloor,
        set_by: str,
        deadline_us: int,
        *,
        registered: bool,
    ) -> FloorSet:
        """Sets the floor unless it stands already, or one that is based on more of the journal does.

        `registered`: whoever asks keeps the register of partners, so it is not asked back. Raises InvalidRequest,
        NotFound (PARTNER_UNKNOWN), Unavailable.
        """
        if asked.floor is not None and abs(asked.floor) > ISSUED_POINTS_MAX:
            raise InvalidRequest(f"floor must be within ±{ISSUED_POINTS_MAX} points", field="floor")
        if asked.floor is None and asked.parks:
            raise InvalidRequest("nothing is parked where there is no floor", field="parks")
        if asked.basis_seq < 0:
            raise InvalidRequest("basis_seq is a seq of the journal, or 0", field="basis_seq")
        if not registered:
            # Only a partner that exists has stores to tell of, be they none.
            await self._partners.stores(programme, partner_id)
        door = await self._doors.to(programme)
        change = FloorChange(partner_id, asked, set_by, telemetry.current_traceparent())
        answer = await door.set_floor(change, deadline_us)
        if isinstance(answer, TurnedAway):
            raise InvalidRequest(answer.message, field="basis_seq")
        return answer
