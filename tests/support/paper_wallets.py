"""What movements of wallets read and write, on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.points.domain.accounts import AccountKey, AccountKind
from services.points.domain.lots import Lot
from services.points.domain.movements import Act
from services.points.domain.opened import Opened, OpenHold
from services.points.domain.posting import Posting
from services.points.domain.wallet_movements import Merge, Opening
from services.points.storage import wallet_reads
from services.runtime.clock import from_micros, in_zone, to_micros

if TYPE_CHECKING:
    from tests.support.paper_ledger import PaperLedger


def accounts_of(acts: Sequence[Act]) -> list[AccountKey]:
    """The accounts that only such movements touch."""
    issuers = [item.issuer_id for item in acts if isinstance(item, Opening)]
    owing = [item.into_member_id for item in acts if isinstance(item, Merge)]
    return [
        *wallet_reads.accounts(acts),
        *(AccountKey(AccountKind.ISSUANCE, issuer) for issuer in issuers),
        *(AccountKey(AccountKind.DEBT, member) for member in owing),
    ]


def read_wallets(ledger: PaperLedger, opened: Opened, acts: Sequence[Act]) -> Opened:
    """What was given up, and what was given today."""
    opened.merged = dict(ledger.merged)
    midnight = in_zone(opened.now_us, ledger.rules.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    opened.given_today = {
        member: sum(
            row.amount
            for seq, row in ledger.postings.items()
            if row.kind == "transfer"
            and row.wallet_no == ledger.accounts[AccountKey(AccountKind.WALLET, member)]
            and ledger.recorded_us[seq] >= to_micros(midnight)
        )
        for member in wallet_reads.givers(acts)
    }
    assert from_micros(opened.now_us) - midnight < timedelta(hours=26)
    return opened


def write_wallets(ledger: PaperLedger, posting: Posting) -> None:
    """Adds wallets that were given up, and adjustments; each must be what a row of its table may be."""
    for row in posting.rows.merges:
        from_member, into = (ledger.owner(number) for number in (row.from_wallet, row.into_wallet))
        assert ledger.postings[row.seq].kind == "merge"
        assert from_member not in ledger.merged
        assert from_member != into
        ledger.merged[from_member] = into
    for row in posting.rows.adjustments:
        posted = ledger.postings[row.seq]
        assert (posted.kind, posted.points, posted.content_hash) == ("adjust", row.points, row.content_hash)
        assert abs(row.points) <= row.limit_points or row.proposal_id is not None


def check_lot_home(ledger: PaperLedger, child: Lot, parent_no: int, member: UUID, seq: int) -> None:
    """A lot that comes of another one has its facts; it is in the same wallet, or points came from there to this one."""
    parent, posted = ledger.lots[parent_no], ledger.postings[seq]
    assert (child.issuer_id, child.earned_at_us, child.earned_seq) == (
        parent.lot.issuer_id, parent.lot.earned_at_us, parent.lot.earned_seq,
    )  # fmt: skip
    if posted.kind == "receive":
        assert posted.original_seq == seq - 1
        assert ledger.postings[seq - 1].wallet_no == ledger.wallet_no(parent.member)
        assert child.expires_at_us == parent.lot.expires_at_us
    else:
        home = parent.member
        while home != member:
            home = ledger.merged[home]


def check_wallets(ledger: PaperLedger) -> None:
    """Nothing is in transit, and what was given up is empty."""
    for key, account in ledger.accounts.items():
        if key.kind is AccountKind.TRANSIT:
            assert ledger.counters[account][0] == ledger.counters[account][1]
    for member in ledger.merged:
        assert ledger.balance(member) == 0
        assert not any(debt.left for debt in ledger.debts.values() if debt.member == member)


def write_holds(ledger: PaperLedger, posting: Posting) -> None:
    """Holds that were opened, and those that were resolved."""
    rows = posting.rows
    for row in rows.holds:
        parts = [(lot_no, points) for seq, lot_no, points in rows.hold_lots if seq == row.seq]
        assert sum(points for _, points in parts) == row.points
        moved = next(told.transaction for told in ledger.told if told.transaction.seq == row.seq)
        ledger.holds[row.seq] = OpenHold(
            row.seq, moved.transaction_id, ledger.owner(row.partner_no), row.partner_no,
            ledger.owner(row.wallet_no), row.points, row.expires_at_us, parts,
        )  # fmt: skip
    for end in rows.hold_ends:
        hold = ledger.holds.pop(end.hold_seq)
        assert end.held == hold.points >= end.captured >= 0
