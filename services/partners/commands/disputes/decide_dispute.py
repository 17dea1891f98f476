"""Decide a dispute: accept it, wholly or in part, or reject it; once more by another person where it was escalated."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.disputes.add_evidence import ROLES
from services.partners.commands.disputes.steps import Step, happen, named, noted, release
from services.partners.commands.persons import person_now
from services.partners.commands.telling import Tell
from services.partners.domain.disputes.dispute import Dispute, Happened
from services.partners.domain.disputes.texts import Said
from services.partners.storage import windows
from services.partners.storage.programme_time import programme_now_us
from services.runtime.clock import from_micros
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, Refused, error_of
from services.runtime.principal import Principal, Programme

_AGAIN = "checker"


class DecideDispute:
    """A person with role `maker` or `checker`; of an escalated one, another person, with role `checker`."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, dispute_id: UUID, accepted_minor: int, said: Said) -> Dispute:
        """The dispute; `accepted_minor`: how much of it, net of tax, 0 to reject it. What is accepted is given back in the open window.

        Raises NotFound, Refused with DISPUTE_STATE or EVIDENCE_AWAITED, InvalidRequest for more than is left of the claim,
        PermissionDenied (PERSON_NEEDED, DECIDED_BEFORE, or without the role).
        """
        programme = who.in_programme()
        ledger_id = programme.ledger_id
        async with self._database.writer.transaction() as connection:
            actor, person = await person_now(connection, who)
            # Windows before settlement, as where a window is stated: so no two wait for each other.
            window = await windows.lock(connection, ledger_id) + 1
            found = await named(connection, who, dispute_id)
            actor.require(*((_AGAIN,) if found.escalated else ROLES))
            if found.may(Happened.ACCEPTED) and person.staff_id in found.deciders:
                raise error_of(
                    Reason.REASON_DECIDED_BEFORE, "whoever decided a dispute does not decide it again", {}
                )
            now_us = await programme_now_us(connection, ledger_id)
            if found.may(Happened.ACCEPTED):
                _refuse_amount(found, accepted_minor, now_us)
            kind = Happened.ACCEPTED if accepted_minor else Happened.REJECTED
            step = Step(
                kind,
                now_us,
                who.actor,
                said,
                person.staff_id,
                accepted_minor=accepted_minor,
                window=window if accepted_minor else 0,
            )
            found = await happen(connection, ledger_id, found, step)
            told = [found]
            if found.is_over(now_us):
                told.append(await close(connection, programme, found, now_us, who.actor))
            for each in told:
                await noted(connection, who, programme, self._tell, now_us, each)
        return told[-1]


def _refuse_amount(found: Dispute, accepted_minor: int, now_us: int) -> None:
    if not 0 <= accepted_minor <= found.left_minor:
        raise InvalidRequest(
            f"0 to {found.left_minor:,} minor units are left of the claim", field="accepted_amount"
        )
    until_us = found.evidence_until_us
    if accepted_minor < found.left_minor and now_us < until_us:
        raise Refused(
            Reason.REASON_EVIDENCE_AWAITED,
            "the partner was asked for evidence, and has time for it still",
            until=from_micros(until_us).isoformat(),
        )


async def close(
    connection: AsyncConnection, programme: Programme, found: Dispute, now_us: int, by: str
) -> Dispute:
    """Closes a dispute that nothing can follow, and lets go what was withheld of what is not given back. The caller tells it."""
    step = Step(Happened.CLOSED, found.over_since_us(now_us), by)
    closed = await happen(connection, programme.ledger_id, found, step)
    await release(connection, programme.ledger_id, now_us, by, [found.partner_id])
    return closed
