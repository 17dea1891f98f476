"""Earns that are parked, in a ledger on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from services.points.domain.movements import Earn, ParkedBurn, ParkedEarn, Purchase, Unpark
from services.points.domain.rows import ParkedRow, Rows

if TYPE_CHECKING:
    from tests.support.paper_ledger import PaperLedger


@dataclass
class PaperParks:
    """Those that are open, by the posting that parked them, and all that ever were; the open ones are read for every batch."""

    open: dict[int, ParkedEarn] = field(default_factory=dict)
    rows: dict[int, ParkedRow] = field(default_factory=dict)

    def write(self, ledger: PaperLedger, rows: Rows) -> None:
        """What a batch has changed."""
        for row in rows.parked:
            assert row.seq not in self.rows
            self.rows[row.seq] = row
            told = next(told.transaction for told in ledger.told if told.transaction.seq == row.seq)
            purchase = Purchase(
                row.store_id, row.till, row.business_date, row.receipt_number, row.channel, row.entry_mode,
                row.amount_minor, row.lines_json, row.tenders_json, row.points_minor,
            )  # fmt: skip
            item = Earn(
                row.key, ledger.owner(row.partner_no), told.member_id, row.reference, row.content_hash,
                told.occurred_at_us, purchase, row.traceparent, 0,
            )  # fmt: skip
            self.open[row.seq] = ParkedEarn(
                row.seq, told.transaction_id, item, row.points, told.recorded_at_us
            )
        for seq in rows.unparked:
            del self.open[seq]

    def read(self, ledger: PaperLedger) -> Sequence[ParkedEarn]:
        """As the door finds them: each with its burn."""
        return [self._with_burn(ledger, parked) for parked in self.open.values()]

    def acts(self, ledger: PaperLedger) -> list[Unpark]:
        """As they are brought to the door: by partner in their order, each for the wallet that it is for now."""
        found = [
            parked._replace(item=parked.item._replace(member_id=ledger.now_of(parked.item.member_id)))
            for parked in self.read(ledger)
        ]
        return [Unpark(each) for each in sorted(found, key=lambda each: (each.item.partner_id, each.seq))]

    def under(self, partner: UUID, key: str) -> ParkedEarn | None:
        """The one that was asked for under a key."""
        places = {(each.item.partner_id, each.item.key): each for each in self.open.values()}
        return places.get((partner, key))

    def sale_of(self, ledger: PaperLedger, seq: int) -> int:
        """The earn that was posted of what a posting parked, if it was; else that posting itself."""
        return next(
            (no for no, row in ledger.postings.items() if row.kind == "earn" and row.original_seq == seq), seq
        )

    def is_ended(self, ledger: PaperLedger, seq: int) -> bool:
        """Whether what a posting parked was taken away."""
        return seq in self.rows and seq not in self.open and self.sale_of(ledger, seq) == seq

    def burn_of(self, ledger: PaperLedger, seq: int) -> int:
        """The burn that was posted with a sale that was parked; 0: none."""
        kinds = ("redeem", "capture")
        return next(
            (no for no, row in ledger.postings.items() if row.original_seq == seq and row.kind in kinds), 0
        )

    def reference_of(self, ledger: PaperLedger, seq: int) -> str:
        """The reference of what a posting parked or took away; else none."""
        row = ledger.postings[seq]
        parked = self.rows.get(seq if row.kind == "park" else (row.original_seq or 0))
        return parked.reference if parked is not None and row.kind in ("park", "unpark") else ""

    def _with_burn(self, ledger: PaperLedger, parked: ParkedEarn) -> ParkedEarn:
        burn_seq = self.burn_of(ledger, parked.seq)
        if not burn_seq:
            return parked
        row = ledger.postings[burn_seq]
        lots = [(lot_no, points) for seq, lot_no, points in ledger.uses if seq == burn_seq]
        burn = ParkedBurn(burn_seq, row.transaction_id, row.content_hash or b"", row.amount, lots)
        return parked._replace(burn=burn)
