"""Card ranges are issued to partners by the operator's staff."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain import access
from services.members.domain.card_ranges import RANGES_MAX, CardRange, check_range
from services.members.storage.card_ranges import add_range, ranges_of
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.errors import Conflict, InvalidRequest
from services.runtime.principal import Principal


class SetCardRange:
    """Says to whom cards of a prefix and a length are issued from a moment on."""

    def __init__(self, database: WriteDatabase) -> None:
        self._database = database

    async def __call__(
        self, principal: Principal, prefix: str, digits: int, partner_id: UUID | None, valid_from_us: int
    ) -> CardRange:
        """What holds from then on. `valid_from_us` 0: now; `partner_id` None: the range ends.

        Raises PermissionDenied for all but staff, InvalidRequest, Conflict (ALREADY_EXISTS) where something else is
        set for the very moment.
        """
        principal.require_role(*access.STAFF_ROLES)
        ledger_id = principal.in_programme().ledger_id
        check_range(prefix, digits)
        now_us = wall_now_us()
        if valid_from_us < 0:
            raise InvalidRequest("a moment lies after 1970", field="valid_from_us")
        new = CardRange(prefix, digits, partner_id, valid_from_us or now_us, principal.actor, now_us)

        async def work(connection: AsyncConnection) -> CardRange:
            there = await ranges_of(connection, ledger_id)
            if len(there) >= RANGES_MAX:
                raise InvalidRequest(f"a programme has at most {RANGES_MAX} entries of card ranges")
            same = [each for each in there if (each.prefix, each.digits) == (prefix, digits)]
            at_once = [each for each in same if each.valid_from_us == new.valid_from_us]
            before = [each for each in same if each.valid_from_us <= new.valid_from_us]
            if at_once and at_once[0].partner_id != partner_id:
                raise Conflict(Reason.REASON_ALREADY_EXISTS, "this range has another entry for that moment")
            if before and before[-1].partner_id == partner_id:
                return before[-1]
            if not await add_range(connection, ledger_id, new):
                raise Conflict(Reason.REASON_ALREADY_EXISTS, "this range has another entry for that moment")
            return new

        return await self._database.run(work)
