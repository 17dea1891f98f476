"""Take what the bank sends: match it with payments, book what moved, and open a break for what nothing explains.

One transaction a message, and the same bytes are taken once. So after a crash a message is there with all that came of it, or may
be sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.bank.reading import BankFile as Said
from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.settlement.bank_continuity import continuity_of, end_gaps
from services.partners.commands.settlement.bank_effects import effects_of
from services.partners.commands.settlement.bank_outcomes import outcomes_of, standings_of
from services.partners.commands.settlement.run_states import follow
from services.partners.commands.telling import Tell
from services.partners.domain.payments.bank_entries import (
    BankStatement,
    StatusReport,
)
from services.partners.domain.settlement.records import Item, Message
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import bank_messages, bank_statements, money, payments
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.principal import Principal, Programme

_ROLES: Final = ("maker", "checker")


@dataclass(frozen=True, slots=True)
class Received:
    """A message with what became of its items. `known`: the same bytes were taken before, and nothing was done."""

    message: Message
    items: tuple[Item, ...]
    known: bool


class ReceiveBankMessage:
    """Staff with role `maker` or `checker`, the host."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, body: bytes, said: Said) -> Received:
        """What came of a message; `said`: what its bytes say, read. Raises PermissionDenied."""
        programme = who.in_programme()
        digest = sha256(body).digest()

        async def work(connection: AsyncConnection) -> Received:
            (await acting_now(connection, who)).require(*_ROLES)
            await money.lock(connection, programme.ledger_id)
            known = await bank_messages.by_sha256(connection, programme.ledger_id, digest)
            if known is not None:
                items = await bank_messages.items_of(connection, programme.ledger_id, known.number)
                return Received(known, tuple(items), True)
            return await self._take(connection, who, programme, body, said)

        return await self._database.writer.run(work)

    async def _take(
        self,
        connection: AsyncConnection,
        who: Principal,
        programme: Programme,
        body: bytes,
        said: Said,
    ) -> Received:
        ledger_id = programme.ledger_id
        now_us = await programme_now_us(connection, ledger_id)
        number = await bank_messages.next_number(connection, ledger_id)
        kind, message_id = _named(said)
        message = Message(number, sha256(body).digest(), kind, message_id, now_us, who.actor, body)
        standings = await standings_of(connection, ledger_id, said)
        today = in_zone(now_us, programme.zone).date()
        outcomes = await outcomes_of(connection, programme, said, standings.values(), today)
        statements = said if isinstance(said, tuple) else ()
        follows = await continuity_of(connection, ledger_id, number, statements, today)
        effects = await effects_of(connection, programme, message, [*outcomes, *follows.told], standings)
        await bank_messages.add_message(connection, ledger_id, message, len(effects.items))
        await bank_statements.add(connection, ledger_id, follows.statements)
        await bank_messages.add_items(connection, ledger_id, effects.items, effects.breaks)
        await bank_statements.add_gaps(connection, ledger_id, effects.gaps)
        ended = await end_gaps(connection, who, ledger_id, now_us, follows)
        await payments.tell(connection, ledger_id, now_us, effects.events)
        await money.post(connection, ledger_id, now_us, who.actor, effects.journals)
        numbers = {
            standings[each].payment.run_number
            for each in effects.events
            if standings[each].payment.run_number
        }
        moved = await follow(connection, programme, [each for each in numbers if each], now_us, who)
        await self._tell(connection, programme, now_us, moved)
        after = {
            "breaks": len(effects.breaks),
            "items": len(effects.items),
            "kind": kind,
            "sha256": message.sha256.hex(),
        }
        for change in (*ended, Change("bank.received", str(number), None, after)):
            await audited(connection, who, ledger_id, change)
        return Received(message, tuple(effects.items), False)


def _named(said: Said) -> tuple[str, str]:
    """The kind of a message, and its id in the words of the bank."""
    if isinstance(said, StatusReport):
        return "pain.002", said.message_id
    first: BankStatement | None = said[0] if said else None
    return "camt.053", first.statement_id if first else ""
