"""Escalate a dispute: its partner wants another person to decide what is left of it."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.partners.commands.disputes.open_dispute import SCOPE
from services.partners.commands.disputes.steps import Step, happen, named, noted
from services.partners.commands.telling import Tell
from services.partners.domain.disputes.dispute import Dispute, Happened, State
from services.partners.domain.disputes.texts import Said
from services.partners.storage.programme_time import programme_now_us
from services.runtime.clock import from_micros
from services.runtime.database import Database
from services.runtime.errors import Refused
from services.runtime.principal import Principal


class EscalateDispute:
    """A partner, its own dispute; with scope `statements:accept`."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, dispute_id: UUID, said: Said) -> Dispute:
        """The dispute; one that is escalated as it stands, so that a call may be repeated.

        Raises NotFound, Refused with DISPUTE_STATE where nothing is decided or it was the second decision, or with
        DISPUTE_LATE once the days for it are over, whether it is closed by then or not; PermissionDenied.
        """
        who.require(SCOPE)
        who.as_partner()
        programme = who.in_programme()
        async with self._database.writer.transaction() as connection:
            found = await named(connection, who, dispute_id)
            if found.state is State.ESCALATED:
                return found
            now_us = await programme_now_us(connection, programme.ledger_id)
            until_us = found.escalate_until_us
            if until_us and now_us >= until_us:
                raise Refused(
                    Reason.REASON_DISPUTE_LATE,
                    "the days to escalate it are over",
                    until=from_micros(until_us).isoformat(),
                )
            if found.escalated or not found.left_minor:
                state = found.state.value
                raise Refused(Reason.REASON_DISPUTE_STATE, "it is decided for good", state=state)
            step = Step(Happened.ESCALATED, now_us, who.actor, said, by_partner=True)
            found = await happen(connection, programme.ledger_id, found, step)
            await noted(connection, who, programme, self._tell, now_us, found)
        return found
