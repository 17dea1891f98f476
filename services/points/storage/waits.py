"""Refunds that wait for their originals, as the door finds them."""

from __future__ import annotations

import asyncpg

from services.points.domain.accounts import PROGRAMME, AccountKey, AccountKind, AccountNumbers
from services.points.domain.movements import Receipt, Refund
from services.points.domain.waits import WaitingRefund


def waiting_of(found: asyncpg.Record, numbers: AccountNumbers) -> WaitingRefund:
    """A refund that waits, from a door_waiting_refund; its partner's number is learned."""
    numbers.learn(AccountKey(AccountKind.ISSUANCE, found["partner_id"]), found["partner_no"])
    receipt = Receipt(
        found["store_id"], found["till"], found["business_date"], found["receipt_number"], found["channel"], found["lines"]
    )  # fmt: skip
    item = Refund(
        found["key"], found["partner_id"], PROGRAMME, found["reference"], found["content_hash"], found["occurred_us"],
        None, found["original_reference"], found["amount_minor"], 0, receipt, found["traceparent"], 0,
    )  # fmt: skip
    return WaitingRefund(item, found["arrived_us"], found["batch_no"], found["item_no"])
