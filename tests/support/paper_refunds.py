"""What is refunded and owed, as a ledger on paper reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from services.points.domain.accounts import AccountKey, AccountKind
from services.points.domain.movements import Movement, Refund
from services.points.domain.opened import Debts, OpenDebt, Refunded
from services.points.domain.refunding import TenderOrder

if TYPE_CHECKING:
    from tests.support.paper_ledger import PaperLedger


def refunded(paper: PaperLedger, movements: Sequence[Movement]) -> dict[int, Refunded]:
    """What is known of the originals that are refunded, from the last of their refunds and the sums of all."""
    found: dict[int, Refunded] = {}
    named = {item.sale.seq for item in movements if isinstance(item, Refund) and item.sale is not None}
    for seq in named:
        rows = [row for row in paper.refunds if row.original_seq == seq]
        if rows:
            found[seq] = Refunded(
                max(row.no for row in rows), sum(row.given for row in rows), sum(row.returned for row in rows),
                sum(row.clawed_back + row.owed for row in rows), sum(row.money_minor for row in rows),
                TenderOrder(rows[0].tender_order),
            )  # fmt: skip
    return found


def open_debts(paper: PaperLedger, members: Iterable[UUID]) -> dict[UUID, Debts]:
    """What members owe."""
    found: dict[UUID, Debts] = {}
    for member in members:
        open_debts = [debt for debt in paper.debts.values() if debt.member == member and debt.left]
        if open_debts:
            account = paper.accounts[AccountKey(AccountKind.DEBT, member)]
            debts = [
                OpenDebt(
                    debt.seq,
                    debt.issuer,
                    debt.original_seq,
                    debt.left,
                    paper.accounts[AccountKey(AccountKind.ISSUANCE, debt.issuer)],
                )
                for debt in open_debts
            ]
            found[member] = Debts(account, debts)
    return found
