"""What documents, payments, the bank's messages, open breaks and disputes say that accounts should hold: counted apart from the journals.

So a journal that was lost, or that is of another amount than its document or its movement at the bank, shows as a difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from services.partners.domain.settlement.accounts import OF_PARTNERS, Account, Journal
from services.partners.storage.connection import Reads
from services.partners.storage.disputes import amounts as disputed
from services.partners.storage.settlement.bank_messages import suspended_minor
from services.partners.storage.settlement.tables import document, payment

_SUPPLIES: Final = {
    "points": Account.POINTS,
    "fees": Account.FEES,
    "prefunding": Account.PREPAID,
    "reimbursement": Account.REIMBURSEMENT,
}
# Out of the documents themselves, by supply, type and partner; a credit note counts the other way round.
_DOCUMENTS: Final = text("""
SELECT partner_id, type, sum(due_minor)::bigint AS due, sum(tax_minor)::bigint AS tax
FROM document WHERE ledger_id = :ledger_id GROUP BY partner_id, type
""")
_LINES: Final = text("""
SELECT d.partner_id, d.type, line ->> 'supply' AS supply, sum((line ->> 'net_minor')::bigint)::bigint AS net
FROM document AS d
CROSS JOIN LATERAL jsonb_array_elements(convert_from(d.body, 'UTF8')::jsonb -> 'lines') AS line
WHERE d.ledger_id = :ledger_id
GROUP BY d.partner_id, d.type, line ->> 'supply'
""")
# What the bank booked for payments, as it booked it: above zero came in.
_APPLIED: Final = text("""
SELECT p.partner_id, sum(i.applied_minor)::bigint AS applied
FROM bank_item AS i
INNER JOIN payment AS p ON p.ledger_id = i.ledger_id AND p.payment_id = i.payment_id
WHERE i.ledger_id = :ledger_id
GROUP BY p.partner_id
""")
# What the bank says that it charged.
_CHARGED: Final = text(
    "SELECT coalesce(sum(charge_minor), 0)::bigint FROM bank_item WHERE ledger_id = :ledger_id"
)
# Whatever was in suspense once, as the bank booked it.
_SUSPENDED: Final = text(
    "SELECT coalesce(sum(amount_minor), 0)::bigint FROM bank_break WHERE ledger_id = :ledger_id"
)
# What is paid by what was paid ahead, by what runs said that they did.
_SET_OFF: Final = text("""
SELECT partner_id, sum(amount_minor)::bigint AS used
FROM prefunding_movement WHERE ledger_id = :ledger_id AND turn = 'used' GROUP BY partner_id
""")
# What breaks and charges moved: of these a journal is the first record.
_MOVED: Final = text("""
SELECT e.account, e.partner_id, sum(e.amount_minor)::bigint AS amount
FROM money_journal AS j
INNER JOIN money_entry AS e ON e.ledger_id = j.ledger_id AND e.journal = j.journal
WHERE j.ledger_id = :ledger_id
    AND j.kind IN ('allocated', 'refunded', 'written_off', 'charged')
    AND e.account <> 'suspense'
GROUP BY e.account, e.partner_id
""")
Key = tuple[Account, UUID | None]


async def amounts(connection: Reads, ledger_id: int) -> dict[Key, int]:
    """What every account should hold, in minor units: debit above zero."""
    found: dict[Key, int] = defaultdict(int)
    wanted = {"ledger_id": ledger_id}
    for row in await connection.execute(_DOCUMENTS, wanted):
        found[Account.PARTNER, row.partner_id] += row.due
        tax = Account.TAX_PAID if row.type in (389, 261) else Account.TAX_CHARGED
        found[tax, None] -= row.tax if row.due > 0 else -row.tax
    for row in await connection.execute(_LINES, wanted):
        account = _SUPPLIES[row.supply]
        owner = row.partner_id if account in OF_PARTNERS else None
        found[account, owner] -= row.net if row.type in (380, 261, 386) else -row.net
    for row in await connection.execute(_APPLIED, wanted):
        found[Account.PARTNER, row.partner_id] -= row.applied
        found[Account.BANK, None] += row.applied
    found[Account.BANK, None] += int((await connection.execute(_SUSPENDED, wanted)).scalar_one())
    charged = int((await connection.execute(_CHARGED, wanted)).scalar_one())
    found[Account.BANK, None] += charged
    found[Account.BANK_CHARGES, None] -= charged
    found[Account.SUSPENSE, None] -= await suspended_minor(connection, ledger_id)
    for row in await connection.execute(_SET_OFF, wanted):
        found[Account.PREPAID, row.partner_id] -= row.used
        found[Account.PARTNER, row.partner_id] += row.used
    for row in await connection.execute(_MOVED, wanted):
        found[Account(row.account), row.partner_id] += row.amount
    for held in await disputed.held(connection, ledger_id):
        found[Account.DISPUTED, held.partner_id] += held.due_minor
        found[Account.PARTNER, held.partner_id] -= held.due_minor
    return {key: amount for key, amount in found.items() if amount}


async def names(connection: Reads, ledger_id: int, journals: Iterable[Journal]) -> dict[UUID, str]:
    """The numbers of documents and the end-to-end ids of payments that journals are about, by their ids."""
    listed = list(journals)
    documents = [each.document_id for each in listed if each.document_id]
    payments = [each.payment_id for each in listed if each.payment_id]
    of, paid = document.c, payment.c
    numbers = await connection.execute(
        select(of.document_id, of.number).where(of.ledger_id == ledger_id, of.document_id.in_(documents))
    )
    ids = await connection.execute(
        select(paid.payment_id, paid.end_to_end_id).where(
            paid.ledger_id == ledger_id, paid.payment_id.in_(payments)
        )
    )
    found: dict[UUID, str] = {row.document_id: row.number for row in numbers}
    return found | {row.payment_id: row.end_to_end_id for row in ids}
