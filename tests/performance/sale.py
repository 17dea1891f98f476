"""The purchase that every row sends: three lines, one tender, a receipt with a store.

One place for all its forms, so that a posting over gRPC, one over HTTP and one in the filled ledger are the
same work for whoever handles them.
"""

from __future__ import annotations

import json
from typing import Any, Final

from coalition.points.v1 import movement_pb2

from services.runtime.clock import from_micros

CURRENCY: Final = "EUR"
POINTS_PER_MAJOR: Final = 1
MINOR_PER_MAJOR: Final = 100
#: (sku, category, quantity as decimal text, amount in minor units).
LINES: Final = (
    ("4006381333931", "STATIONERY", "1", 299),
    ("5449000000996", "BEVERAGES", "6", 834),
    ("4012345678901", "PRODUCE", "0.742", 222),
)
AMOUNT_MINOR: Final = sum(line[3] for line in LINES)
#: Of a purchase that points pay for in part.
BURNED_POINTS: Final = 5
TILL: Final = "7"
RECEIPT_NUMBER: Final = "20260105-1001"
BUSINESS_DATE: Final = "2026-01-05"
# What differs from one HTTP request to the next; load.lua puts it in.
CARD, REFERENCE, STORE = "@card@", "@reference@", "@store@"


def sale_message(store_id: bytes, occurred_at_us: int) -> movement_pb2.Sale:
    """The purchase as points takes it."""
    return movement_pb2.Sale(
        receipt=receipt_message(store_id),
        occurred_at_us=occurred_at_us,
        channel="store",
        entry_mode="scanned",
        amount_minor=AMOUNT_MINOR,
        currency=CURRENCY,
        lines=[
            movement_pb2.SaleLine(sku=sku, category=category, quantity=quantity, amount_minor=amount)
            for sku, category, quantity, amount in LINES
        ],
        tenders=[movement_pb2.Tender(kind="card", amount_minor=AMOUNT_MINOR)],
    )


def receipt_message(store_id: bytes) -> movement_pb2.Receipt:
    """The receipt at a store, as points takes it."""
    return movement_pb2.Receipt(
        store_id=store_id, till=TILL, business_date=BUSINESS_DATE, number=RECEIPT_NUMBER
    )


def refund_message(store_id: bytes, occurred_at_us: int) -> movement_pb2.Refund:
    """One line of the purchase given back, as points takes it; without the references."""
    sku, category, quantity, amount = LINES[1]
    line = movement_pb2.SaleLine(sku=sku, category=category, quantity=quantity, amount_minor=amount)
    return movement_pb2.Refund(
        amount_minor=amount, currency=CURRENCY, lines=[line], occurred_at_us=occurred_at_us,
        receipt=receipt_message(store_id), channel="store",
    )  # fmt: skip


def http_pieces(occurred_at_us: int, *, in_batch: bool, burns: bool = False) -> list[str]:
    """The purchase as JSON, cut at the card, the reference and the store, which come in this order; `burns`: points too."""
    body: dict[str, Any] = {"type": "earn"} if in_batch else {}
    body |= {
        "member": {"card": CARD},
        "reference": REFERENCE,
        "store": STORE,
        "occurred_at": from_micros(occurred_at_us).isoformat().replace("+00:00", "Z"),
        "channel": "store",
        "entry_mode": "scanned",
        "receipt": {"till": TILL, "business_date": BUSINESS_DATE, "number": RECEIPT_NUMBER},
        "amount": AMOUNT_MINOR,
        "currency": CURRENCY,
        "lines": [
            {"sku": sku, "category": category, "quantity": quantity, "amount": amount}
            for sku, category, quantity, amount in LINES
        ],
        "tenders": [{"kind": "card", "amount": AMOUNT_MINOR}],
    }
    if burns:
        body |= {"redeem": {"points": BURNED_POINTS}, "authorisation": {"method": "card"}}
    pieces: list[str] = []
    rest = json.dumps(body, separators=(",", ":"))
    for marker in (CARD, REFERENCE, STORE):
        piece, _, rest = rest.partition(marker)
        pieces.append(piece)
    return [*pieces, rest]


def stored_lines(amount_minor: int) -> str:
    """Lines of another amount, as the ledger stores them: JSON text."""
    last = amount_minor - sum(line[3] for line in LINES[:-1])
    amounts = [line[3] for line in LINES[:-1]] + [last]
    return json.dumps(
        [
            [sku, category, quantity, amount]
            for (sku, category, quantity, _), amount in zip(LINES, amounts, strict=True)
        ],
        separators=(",", ":"),
    )


def stored_tenders(amount_minor: int) -> str:
    """The tender of an amount, as the ledger stores it: JSON text."""
    return json.dumps([["card", amount_minor]], separators=(",", ":"))
