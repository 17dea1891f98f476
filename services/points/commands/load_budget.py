"""Loads points into a campaign's budget."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.clients.partners import Partners
from services.points.commands.open_ledger import Doors
from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Accepted, ParkedAnswer, Waiting
from services.points.domain.campaigns import Standing
from services.points.domain.wallet_movements import Load
from services.points.storage import campaigns
from services.runtime.coalescer import Lane
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest, NotFound, error_of
from services.runtime.principal import Programme


class LoadBudget:
    """The use case behind LoadBudget: goes through the door, as all that moves points does."""

    def __init__(self, doors: Doors, database: WriteDatabase, partners: Partners) -> None:
        self._doors, self._database, self._partners = doors, database, partners

    async def __call__(
        self, programme: Programme, asked: Load, deadline_us: int
    ) -> tuple[Accepted, Standing]:
        """Posts the load; the same key gets the same posting. Answers it with the campaign as it stands since.

        Nothing is loaded, nor told again, while one of the funders has not the role `fund`.

        Raises NotFound (CAMPAIGN_UNKNOWN), InvalidRequest, Conflict (IDEMPOTENCY_KEY_REUSED), Unavailable.
        """
        door = await self._doors.to(programme)
        async with self._database.dedicated() as connection:
            newest = await campaigns.newest(connection, programme.ledger_id, asked.campaign_id)
        for funder in newest.terms.funders if newest else ():
            if funder.partner_id != PROGRAMME and not await self._partners.may_fund(
                programme, funder.partner_id
            ):
                raise InvalidRequest(
                    "one who funds the campaign has not the role fund in its contract", field="campaign_id"
                )
        (answer,) = await door.post([asked], Lane.INTERACTIVE, deadline_us)
        if isinstance(answer, Waiting | ParkedAnswer):
            raise TypeError("a load was answered as something else")
        if not isinstance(answer, Accepted):
            raise error_of(answer.reason, answer.message, answer.metadata)
        async with self._database.dedicated() as connection:
            found = await campaigns.standing(connection, programme.ledger_id, asked.campaign_id, 0, 1)
        if not found:
            raise NotFound("no campaign has this id", reason=Reason.REASON_CAMPAIGN_UNKNOWN)
        return answer, found[0]
