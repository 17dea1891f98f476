"""Refunds that wait for their originals, as the door finds them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.points.domain.accounts import PROGRAMME, AccountKey, AccountKind, AccountNumbers
from services.points.domain.movements import Receipt, Refund
from services.points.domain.waits import WaitingRefund


def waiting_of(found: str, numbers: AccountNumbers) -> Sequence[WaitingRefund]:
    """Refunds that wait, from the JSON of ledger_open; the numbers of their partners are learned."""
    rows: list[Mapping[str, Any]] = json.loads(found)
    for row in rows:
        numbers.learn(AccountKey(AccountKind.ISSUANCE, UUID(row["partner_id"])), row["partner_no"])
    return [
        WaitingRefund(_refund(row), row["arrived_us"], row["batch_no"], row["item_no"], row["of_parked"])
        for row in rows
    ]


def _refund(row: Mapping[str, Any]) -> Refund:
    store_id = UUID(row["store_id"]) if row["store_id"] else None
    receipt = Receipt(
        store_id, row["till"], row["business_date"], row["receipt_number"], row["channel"], row["lines"]
    )
    return Refund(
        row["key"], UUID(row["partner_id"]), PROGRAMME, row["reference"], bytes.fromhex(row["content_hash"]),
        row["occurred_us"], None, row["original_reference"], row["amount_minor"], 0, receipt, row["traceparent"], 0,
    )  # fmt: skip
