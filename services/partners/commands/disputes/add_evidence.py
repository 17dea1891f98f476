"""Evidence in a dispute: the operator asks for it, the partner gives it, and either may add to it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.partners.commands.disputes.open_dispute import SCOPE
from services.partners.commands.disputes.steps import Step, happen, named, noted
from services.partners.commands.persons import acting_now
from services.partners.commands.telling import Tell
from services.partners.domain.disputes.dispute import EVIDENCE_MAX, Dispute, Happened
from services.partners.domain.disputes.texts import Said
from services.partners.storage.programme_time import programme_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, Refused
from services.runtime.principal import Kind, Principal

ROLES: Final = ("maker", "checker")


class AddEvidence:
    """A partner in its own dispute, with scope `statements:accept`; staff with role `maker` or `checker`, the host."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, dispute_id: UUID, said: Said) -> Dispute:
        """The dispute; what is said last again changes nothing, so that a call may be repeated.

        Raises NotFound, Refused with DISPUTE_STATE once it is decided, InvalidRequest beyond 40, PermissionDenied.
        """
        programme, by_partner = who.in_programme(), who.kind is Kind.PARTNER
        if by_partner:
            who.require(SCOPE)
        async with self._database.writer.transaction() as connection:
            if not by_partner:
                (await acting_now(connection, who)).require(*ROLES)
            found = await named(connection, who, dispute_id)
            last = found.events[-1]
            if (last.kind, last.by, last.text) == (Happened.EVIDENCE, who.actor, said.text):
                return found
            if found.evidence_count >= EVIDENCE_MAX:
                raise InvalidRequest(
                    f"evidence is added to a dispute at most {EVIDENCE_MAX} times", field="text"
                )
            now_us = await programme_now_us(connection, programme.ledger_id)
            step = Step(Happened.EVIDENCE, now_us, who.actor, said, by_partner=by_partner)
            found = await happen(connection, programme.ledger_id, found, step)
            await noted(connection, who, programme, self._tell, now_us, found)
        return found


class AskForEvidence:
    """Staff with role `maker` or `checker`, the host."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, dispute_id: UUID, said: Said) -> Dispute:
        """The dispute, which waits for its partner now: once a dispute. Raises NotFound, Refused with DISPUTE_STATE, PermissionDenied."""
        programme = who.in_programme()
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require(*ROLES)
            found = await named(connection, who, dispute_id)
            if found.asked:
                state = found.state.value
                raise Refused(
                    Reason.REASON_DISPUTE_STATE, "evidence is asked for once in a dispute", state=state
                )
            now_us = await programme_now_us(connection, programme.ledger_id)
            step = Step(Happened.ASKED, now_us, who.actor, said)
            found = await happen(connection, programme.ledger_id, found, step)
            await noted(connection, who, programme, self._tell, now_us, found)
        return found
