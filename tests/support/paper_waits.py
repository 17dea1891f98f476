"""Refunds that wait, in a ledger on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.points.domain.accounts import PROGRAMME
from services.points.domain.movements import Movement, Receipt, Refund
from services.points.domain.opened import Opened
from services.points.domain.rows import Rows
from services.points.domain.waits import WaitingRefund
from tests.support.paper_parks import PaperParks


@dataclass
class PaperWaits:
    """Those that are open, by partner and key; all of them are read for every batch."""

    open: dict[tuple[UUID, str], WaitingRefund] = field(default_factory=dict)

    def awaited(self, movements: Sequence[Movement]) -> set[tuple[UUID, str]]:
        """The earns that are waited for, by partner and reference: before a batch, or within it."""
        items = [each.item for each in self.open.values()]
        items += [item for item in movements if isinstance(item, Refund) and item.sale is None]
        return {(item.partner_id, item.original_reference) for item in items}

    def read(self, parks: PaperParks) -> Sequence[WaitingRefund]:
        """As the door finds them: each with whether its original is parked."""
        parked = {(each.item.partner_id, each.item.reference) for each in parks.open.values()}
        return [
            each._replace(of_parked=(each.item.partner_id, each.item.original_reference) in parked)
            for each in self.open.values()
        ]

    def write(self, opened: Opened, rows: Rows, owner: Callable[[int], UUID]) -> None:
        """What a batch has changed."""
        for row in rows.waiting:
            partner = owner(row.partner_no)
            assert (partner, row.key) not in self.open
            receipt = Receipt(
                row.store_id, row.till, row.business_date, row.receipt_number, row.channel, row.lines_json
            )
            item = Refund(
                row.key, partner, PROGRAMME, row.reference, row.content_hash, row.occurred_at_us, None,
                row.original_reference, row.amount_minor, 0, receipt, row.traceparent, 0,
            )  # fmt: skip
            self.open[partner, row.key] = WaitingRefund(item, opened.now_us, opened.batch_no, row.item_no)
        for partner_no, key in rows.waited:
            del self.open[owner(partner_no), key]
