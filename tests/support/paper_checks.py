"""The invariants of a ledger on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.points.domain.accounts import AccountKey, AccountKind
from services.runtime.expiry_policy import ExpiryRule
from tests.support.paper_campaigns import check_campaigns
from tests.support.paper_wallets import check_wallets

if TYPE_CHECKING:
    from tests.support.paper_ledger import PaperLedger


def check(ledger: PaperLedger) -> None:
    """What can be seen on paper."""
    assert sum(credited - debited for debited, credited, _, _ in ledger.counters.values()) == 0
    for key, account in ledger.accounts.items():
        if key.kind is AccountKind.WALLET:
            lots = [row.lot for row in ledger.lots.values() if row.member == key.owner_id]
            left = sum(lot.remaining for lot in lots if not lot.matures_us)
            assert ledger.balance_of(account) == left >= 0
            held = [hold for hold in ledger.holds.values() if hold.member_id == key.owner_id]
            assert ledger.held_of(account) == sum(hold.points for hold in held) <= left
            assert ledger.held_of(account) == sum(
                row.lot.reserved for row in ledger.lots.values() if row.member == key.owner_id
            )
    assert all(0 <= row.lot.reserved <= row.lot.remaining for row in ledger.lots.values())
    for key, account in ledger.accounts.items():
        if key.kind is AccountKind.PENDING:
            lots = [
                row.lot
                for row in ledger.lots.values()
                if row.lot.pending_no == account and row.lot.matures_us
            ]
            assert ledger.balance_of(account) == sum(lot.remaining for lot in lots) >= 0
    check_wallets(ledger)
    check_campaigns(ledger)
    for member in {row.member for row in ledger.lots.values() if row.lot.remaining}:
        # Points either have a date, or are in a wallet that has one; no points are pending for longer than that.
        whole_us = ledger.expires.get(ledger.wallet_no(member), 0)
        lots = [row.lot for row in ledger.lots.values() if row.member == member and row.lot.remaining]
        if ledger.expiry.rule is ExpiryRule.ACTIVITY:
            assert all(lot.expires_at_us or lot.matures_us < whole_us for lot in lots)
        else:
            assert whole_us == 0
    used: dict[int, int] = {}
    for _, lot_no, points in ledger.uses:
        used[lot_no] = used.get(lot_no, 0) + points
    for _, lot_no, points in ledger.returns:
        used[lot_no] -= points
    opened = {row.lot_no: row.amount for row in ledger.postings.values() if row.lot_no is not None}
    opened |= {lot_no: row.points for lot_no, row in ledger.children.items()}
    for key, account in ledger.accounts.items():
        if key.kind is AccountKind.DEBT:
            owed = sum(debt.left for debt in ledger.debts.values() if debt.member == key.owner_id)
            assert ledger.balance_of(account) == -owed <= 0
            # Nobody owes points and has some to spend.
            wallet = ledger.accounts[AccountKey(AccountKind.WALLET, key.owner_id)]
            assert owed == 0 or ledger.balance_of(wallet) == ledger.held_of(wallet)
    for lot_no, row in ledger.lots.items():
        assert opened[lot_no] == row.lot.remaining + used.get(lot_no, 0)
