"""The journal of the clearing house in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.settlement.accounts import Account, Entry, Journal, JournalKind
from services.partners.domain.settlement.records import Numbered
from services.partners.storage.connection import Reads
from services.partners.storage.settlement.tables import money_entry, money_journal, settlement_head
from services.runtime.clock import from_micros, to_micros

JOURNALS_A_PAGE_MAX: Final = 1_000


async def lock(connection: AsyncConnection, ledger_id: int) -> int:
    """Makes all steps with money of a programme take turns until this transaction ends; answers the number of the last run."""
    await connection.execute(
        insert_once(settlement_head)
        .values(ledger_id=ledger_id, last_run=0, last_journal=0)
        .on_conflict_do_nothing()
    )
    of = settlement_head.c
    found = await connection.execute(select(of.last_run).where(of.ledger_id == ledger_id).with_for_update())
    return found.scalar_one()


async def post(
    connection: AsyncConnection, ledger_id: int, now_us: int, by: str, journals: Sequence[Journal]
) -> None:
    """Writes journals with the next numbers; the caller holds the lock. Programme time in microseconds."""
    if not journals:
        return
    of = settlement_head.c
    found = await connection.execute(
        update(settlement_head)
        .where(of.ledger_id == ledger_id)
        .values(last_journal=of.last_journal + len(journals))
        .returning(of.last_journal)
    )
    first = found.scalar_one() - len(journals) + 1
    numbered = list(enumerate(journals, start=first))
    await connection.execute(
        insert(money_journal),
        [
            {
                "ledger_id": ledger_id,
                "journal": number,
                "kind": each.kind,
                "at": from_micros(now_us),
                "run_number": each.run_number,
                "document_id": each.document_id,
                "payment_id": each.payment_id,
                "break_number": each.break_number,
                "dispute_id": each.dispute_id,
                "by": by,
                "why": each.why,
            }
            for number, each in numbered
        ],
    )
    await connection.execute(
        insert(money_entry),
        [
            {
                "ledger_id": ledger_id,
                "journal": number,
                "line": line,
                "account": entry.account,
                "partner_id": entry.partner_id,
                "amount_minor": entry.amount_minor,
            }
            for number, each in numbered
            for line, entry in enumerate(each.entries, start=1)
        ],
    )


async def balances(connection: Reads, ledger_id: int) -> dict[tuple[Account, UUID | None], int]:
    """What every account holds, in minor units: debit above zero."""
    of = money_entry.c
    found = await connection.execute(
        select(of.account, of.partner_id, func.sum(of.amount_minor).label("balance"))
        .where(of.ledger_id == ledger_id)
        .group_by(of.account, of.partner_id)
    )
    return {(Account(row.account), row.partner_id): int(row.balance) for row in found}


async def partner_balances(connection: Reads, ledger_id: int) -> dict[UUID, int]:
    """What every partner that has an account owes (above zero) or is owed, in minor units."""
    found = await balances(connection, ledger_id)
    return {
        partner: amount
        for (account, partner), amount in found.items()
        if account is Account.PARTNER and partner is not None
    }


async def journals(
    connection: Reads,
    ledger_id: int,
    *,
    account: Account | None = None,
    partner_id: UUID | None = None,
    after: int = 0,
    limit: int,
) -> list[Numbered]:
    """Journals by number, with all their entries; those that touch an account, or a partner, where it is named."""
    of, line = money_journal.c, money_entry.c
    wanted = select(of.journal).where(of.ledger_id == ledger_id, of.journal > after)
    if account is not None or partner_id is not None:
        touched = select(line.journal).where(line.ledger_id == ledger_id, line.journal == of.journal)
        if account is not None:
            touched = touched.where(line.account == account)
        if partner_id is not None:
            touched = touched.where(line.partner_id == partner_id)
        wanted = wanted.where(touched.exists())
    page = wanted.order_by(of.journal).limit(limit).subquery()
    found = await connection.execute(
        select(money_journal, line.account, line.partner_id, line.amount_minor)
        .join(page, page.c.journal == of.journal)
        .join(money_entry, (line.ledger_id == of.ledger_id) & (line.journal == of.journal))
        .where(of.ledger_id == ledger_id)
        .order_by(of.journal, line.line)
    )
    by_number: dict[int, tuple[Any, list[Entry]]] = {}
    for row in found:
        _, lines = by_number.setdefault(row.journal, (row, []))
        lines.append(Entry(Account(row.account), row.partner_id, row.amount_minor))
    return [_numbered(row, tuple(lines)) for row, lines in by_number.values()]


def _numbered(row: Any, lines: tuple[Entry, ...]) -> Numbered:
    journal = Journal(
        JournalKind(row.kind),
        lines,
        row.run_number,
        row.document_id,
        row.payment_id,
        row.break_number,
        row.dispute_id,
        row.why,
    )
    return Numbered(row.journal, to_micros(row.at), row.by, journal)
