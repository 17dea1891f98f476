"""What follows when a deadline of a dispute passes: it is closed, or told to be overdue. Nothing is ever decided by that."""

from __future__ import annotations

from services.partners.commands.disputes.add_evidence import ROLES
from services.partners.commands.disputes.decide_dispute import close
from services.partners.commands.disputes.steps import ITSELF, Step, happen, noted
from services.partners.commands.persons import acting_now
from services.partners.commands.telling import Tell
from services.partners.domain.disputes.dispute import Dispute, Happened
from services.partners.storage.connection import Reads
from services.partners.storage.disputes import disputes
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import money
from services.runtime.database import Database
from services.runtime.principal import Principal, Programme


class FollowDisputes:
    """A job of this service; on demand for staff with role `maker` or `checker` and the host.

    What it writes bears the time of the deadline, so it is the same whenever it runs.
    """

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def asked(self, who: Principal) -> list[Dispute]:
        """As a call. Raises PermissionDenied."""
        who.require_internal(*ROLES)
        return await self(who.in_programme(), who)

    async def __call__(self, programme: Programme, who: Principal | None = None) -> list[Dispute]:
        """The disputes of a programme whose deadlines had passed."""
        ledger_id = programme.ledger_id
        async with self._database.reader.snapshot() as connection:
            now_us = await programme_now_us(connection, ledger_id)
            if not any(_passed(each, now_us) for each in await _unfinished(connection, ledger_id)):
                return []
        moved: list[Dispute] = []
        async with self._database.writer.transaction() as connection:
            if who is not None:
                (await acting_now(connection, who)).require(*ROLES)
            await money.lock(connection, ledger_id)
            now_us = await programme_now_us(connection, ledger_id)
            by = who.actor if who else ITSELF
            for each in sorted(await _unfinished(connection, ledger_id), key=lambda each: each.number):
                if each.is_over(now_us):
                    moved.append(await close(connection, programme, each, now_us, by))
                elif each.is_overdue(now_us) and not each.overdue_told():
                    step = Step(Happened.OVERDUE, each.decide_until_us, by)
                    moved.append(await happen(connection, ledger_id, each, step))
            for each in moved:
                await noted(connection, who, programme, self._tell, now_us, each)
        return moved


async def _unfinished(connection: Reads, ledger_id: int) -> list[Dispute]:
    return await disputes.listed(connection, ledger_id, unfinished=True, limit=disputes.UNFINISHED_MAX)


def _passed(each: Dispute, now_us: int) -> bool:
    return each.is_over(now_us) or (each.is_overdue(now_us) and not each.overdue_told())
