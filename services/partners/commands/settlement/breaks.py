"""Breaks: say who looks after one, and end it once it is understood."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.settlement.run_states import follow
from services.partners.commands.telling import Tell
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.settlement.accounts import Account, JournalKind, out_of_suspense
from services.partners.domain.settlement.payments import EventKind, PaymentEvent
from services.partners.domain.settlement.records import Break
from services.partners.domain.text import read_name, read_why
from services.partners.storage import partners
from services.partners.storage.errors import partner_unknown
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import bank_messages, money, payments
from services.partners.storage.settlement.bank_messages import ASSIGNED
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, NotFound, Refused
from services.runtime.principal import Principal, Programme

_ROLES: Final = ("maker", "checker")
# As many as are open at once.
_BREAKS_LOOKED_AT: Final = 10_000
# How a break ends, and the account that its money goes to; None: there is none, and the break explains itself, or another one does.
_ENDS: Final = {
    "allocated": (JournalKind.ALLOCATED, Account.PARTNER),
    "written_off": (JournalKind.WRITTEN_OFF, Account.WRITTEN_OFF),
    "bank_charge": (JournalKind.ALLOCATED, Account.BANK_CHARGES),
    "explained": (JournalKind.ALLOCATED, None),
    "refunded": (JournalKind.REFUNDED, None),
}


class AssignBreak:
    """Staff with role `maker` or `checker`, the host."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, number: int, owner: str) -> Break:
        """The break, looked after by a person or a team. Raises NotFound, Refused with BREAK_ENDED, PermissionDenied."""
        programme, called = who.in_programme(), read_name(owner, "owner")
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require(*_ROLES)
            await money.lock(connection, programme.ledger_id)
            before = await _open(connection, programme.ledger_id, number)
            now_us = await programme_now_us(connection, programme.ledger_id)
            await bank_messages.tell_break(
                connection, programme.ledger_id, number, ASSIGNED, now_us, who.actor, owner=called
            )
            change = Change("break.assigned", str(number), {"owner": before.owner}, {"owner": called})
            await audited(connection, who, programme.ledger_id, change)
            return await _named(connection, programme.ledger_id, number)


class EndBreak:
    """Staff with role `checker`, the host: it moves money between accounts."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(
        self, who: Principal, number: int, how: str, partner_id: UUID | None, why: str
    ) -> Break:
        """The break, ended by `how`.

        `allocated`: its money goes to the account of a partner: to what it has not paid, oldest first, and what is over is settled
        with the next run; `refunded`: it was sent back, which the bank has booked: an open break of the opposite amount ends with
        it; `written_off`; `bank_charge`: the bank took it for itself; `explained`: there is none.

        Raises NotFound (PARTNER_UNKNOWN too), Refused with BREAK_ENDED, InvalidRequest, PermissionDenied.
        """
        programme, why = who.in_programme(), read_why(why)
        if how not in _ENDS:
            raise InvalidRequest(f"a break ends by {', '.join(_ENDS)}", field="how")
        if (how == "allocated") != (partner_id is not None):
            raise InvalidRequest("a partner is named with allocated, and only there", field="partner_id")
        ledger_id = programme.ledger_id
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("checker")
            await money.lock(connection, ledger_id)
            found = await _open(connection, ledger_id, number)
            kind, to = _ENDS[how]
            if (how == "explained") != (found.amount_minor == 0):
                raise InvalidRequest(
                    "explained is for a break without money in suspense, and the others for one with it",
                    field="how",
                )
            opposite = await _opposite(connection, ledger_id, found) if how == "refunded" else None
            if partner_id is not None and await partners.by_id(connection, ledger_id, partner_id) is None:
                raise partner_unknown()
            now_us = await programme_now_us(connection, ledger_id)
            if to is not None:
                journal = out_of_suspense(kind, number, found.amount_minor, to, partner_id, why)
                await money.post(connection, ledger_id, now_us, who.actor, [journal])
            if partner_id is not None:
                await self._pay(connection, programme, partner_id, found.amount_minor, now_us, who)
            for each in (number, *([opposite.number] if opposite else [])):
                await bank_messages.tell_break(connection, ledger_id, each, how, now_us, who.actor, why=why)
            after = {"amount_minor": found.amount_minor, "how": how, "type": found.type}
            await audited(connection, who, ledger_id, Change("break.ended", str(number), None, after, why))
            return await _named(connection, ledger_id, number)

    async def _pay(
        self,
        connection: AsyncConnection,
        programme: Programme,
        partner_id: UUID,
        amount_minor: int,
        now_us: int,
        who: Principal,
    ) -> None:
        """Takes money of a partner for what it has not paid, oldest first, as a transfer that names it would have been."""
        ledger_id, on = programme.ledger_id, in_zone(now_us, programme.zone).date()
        left, told = amount_minor, dict[UUID, list[PaymentEvent]]()
        touched: set[int] = set()
        for each in await payments.all_unpaid(connection, ledger_id):
            payment = each.payment
            if payment.partner_id != partner_id or payment.direction is not Direction.COLLECT or left <= 0:
                continue
            paid = min(left, each.left_minor)
            told[payment.payment_id] = [PaymentEvent(EventKind.TRANSFERRED, paid, on, "allocated")]
            left -= paid
            touched.update([payment.run_number] if payment.run_number else [])
        await payments.tell(connection, ledger_id, now_us, told)
        moved = await follow(connection, programme, touched, now_us, who)
        await self._tell(connection, programme, now_us, moved)


async def _opposite(connection: AsyncConnection, ledger_id: int, found: Break) -> Break:
    """The newest open break with which one sums to zero. Raises InvalidRequest where there is none."""
    others = await bank_messages.breaks(connection, ledger_id, with_ended=False, limit=_BREAKS_LOOKED_AT)
    for each in others:
        if each.amount_minor == -found.amount_minor:
            return each
    raise InvalidRequest(
        "the bank has not booked that it was sent back: no open break has the opposite amount", field="how"
    )


async def _named(connection: AsyncConnection, ledger_id: int, number: int) -> Break:
    found = await bank_messages.breaks(connection, ledger_id, with_ended=True, limit=1, number=number)
    if not found:
        raise NotFound("there is no such break")
    return found[0]


async def _open(connection: AsyncConnection, ledger_id: int, number: int) -> Break:
    found = await _named(connection, ledger_id, number)
    if found.ended:
        raise Refused(
            Reason.REASON_BREAK_ENDED, f"break {number} was {found.ended} before", ended=found.ended
        )
    return found
