"""What a document does to the accounts of the clearing house."""

from __future__ import annotations

from uuid import UUID

from services.partners.domain.documents.document import Document
from services.partners.domain.documents.tax import Supply
from services.partners.domain.settlement.accounts import Account, Journal, JournalKind, entries

# Where the net of a supply stands. The operator sells the first three; reimbursement it buys.
_ACCOUNTS = {
    Supply.POINTS: Account.POINTS,
    Supply.FEES: Account.FEES,
    Supply.PREFUNDING: Account.PREPAID,
    Supply.REIMBURSEMENT: Account.REIMBURSEMENT,
}


def document_journal(
    document: Document, document_id: UUID, partner_id: UUID, run_number: int | None
) -> Journal | None:
    """The journal of an issued document: the partner's account against supplies and tax. None: the document is of nothing.

    A credit note books what its invoice would, the other way round.
    """
    if not document.total_minor:
        return None
    sign = -1 if document.type.partner_owes else 1
    tax = Account.TAX_PAID if document.type.self_billed else Account.TAX_CHARGED
    amounts = {Account.PARTNER: document.due_minor, tax: sign * document.tax_minor}
    for line in document.lines:
        account = _ACCOUNTS[line.supply]
        amounts[account] = amounts.get(account, 0) + sign * line.net_minor
    return Journal(JournalKind.DOCUMENT, entries(amounts, partner_id), run_number, document_id=document_id)
