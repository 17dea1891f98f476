"""Reads what was bought and how it was paid, off the wire."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import orjson
from coalition.points.v1 import movement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.points.rpc.reading import Unreadable, invalid

AMOUNT_MINOR_MAX: Final = 10**12
TEXT_CHARACTERS_MAX: Final = 64
LINES_MAX: Final = 500
QUANTITY_CHARACTERS_MAX: Final = 17
TAX_RATE_CHARACTERS_MAX: Final = 7
TENDERS_MAX: Final = 20
_TENDERS: Final = frozenset({"cash", "card", "voucher", "coupon", "points", "other"})
_QUANTITY: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_TAX_RATE: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,4})?")


@lru_cache(maxsize=4_096)
def _is_quantity(text: str) -> bool:
    """Whether this is a decimal; most are ones that were seen before."""
    return _QUANTITY.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _is_tax_rate(text: str) -> bool:
    """Whether this is a rate; there are few."""
    return _TAX_RATE.fullmatch(text) is not None


def read_lines(asked: Sequence[pb.SaleLine], amount_minor: int) -> str:
    """Lines as the books have them, a JSON array; where there are any, their amounts sum to amount_minor. Raises Unreadable."""
    if not asked:
        return "[]"
    if len(asked) > LINES_MAX:
        raise invalid("lines", f"up to {LINES_MAX}")
    total = 0
    lines: list[tuple[str | int | bool, ...]] = []
    for line in asked:
        sku, category, amount, tax_rate = line.sku, line.category, line.amount_minor, line.tax_rate
        quantity = line.quantity or "1"
        if len(sku) > TEXT_CHARACTERS_MAX or len(category) > TEXT_CHARACTERS_MAX:
            raise invalid("lines", f"sku and category have up to {TEXT_CHARACTERS_MAX} characters")
        if not (sku.isprintable() and category.isprintable()):
            # A NUL is no part of a JSON document of the database: it would fail the whole batch.
            raise invalid("lines", "sku and category are visible characters")
        # (Only what is short is looked up: the cache keeps its keys.)
        if len(quantity) > QUANTITY_CHARACTERS_MAX or not _is_quantity(quantity):
            raise invalid("lines", "a quantity is a decimal with up to 6 places, as text")
        if tax_rate and (len(tax_rate) > TAX_RATE_CHARACTERS_MAX or not _is_tax_rate(tax_rate)):
            raise invalid("lines", "a tax rate is per cent from 0 to 99.9999, as text")
        if not -AMOUNT_MINOR_MAX <= amount <= AMOUNT_MINOR_MAX:
            raise invalid("lines", f"an amount is within ±{AMOUNT_MINOR_MAX} minor units")
        total += amount
        # Without names, which would be a tenth of what an earn takes on the disk; what is not told last, and left out.
        if tax_rate:
            lines.append((sku, category, quantity, amount, line.returned, tax_rate))
        elif line.returned:
            lines.append((sku, category, quantity, amount, True))
        else:
            lines.append((sku, category, quantity, amount))
    if total != amount_minor:
        raise Unreadable(
            "amount", f"the lines sum to {total}", Reason.REASON_AMOUNT_MISMATCH,
            amount_minor=str(amount_minor), lines_minor=str(total),
        )  # fmt: skip
    return orjson.dumps(lines).decode()


def read_tenders(tenders: Sequence[pb.Tender]) -> str:
    """Tenders as the books have them, a JSON array. Raises Unreadable."""
    if not tenders:
        return "[]"
    if len(tenders) > TENDERS_MAX:
        raise invalid("tenders", f"up to {TENDERS_MAX}")
    for tender in tenders:
        if tender.kind not in _TENDERS:
            raise invalid("tenders", f"kind is one of {', '.join(sorted(_TENDERS))}")
        if abs(tender.amount_minor) > AMOUNT_MINOR_MAX:
            raise invalid("tenders", f"an amount is within ±{AMOUNT_MINOR_MAX} minor units")
    return orjson.dumps([(tender.kind, tender.amount_minor) for tender in tenders]).decode()


def paid_in_points(sale: pb.Sale) -> int:
    """The part of a sale that was paid in points, in minor units."""
    if not sale.tenders:
        return 0
    points_minor = sum(tender.amount_minor for tender in sale.tenders if tender.kind == "points")
    if not 0 <= points_minor <= sale.amount_minor:
        raise invalid("tenders", "what is paid in points is part of the amount")
    return points_minor
