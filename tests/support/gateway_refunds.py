"""What can be refunded of a sale, as the double of the ledger keeps it: points and money in proportion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from coalition.points.v1 import movement_pb2

EARN_PER_MINOR = 100


class Due(NamedTuple):
    """What one refund comes to, beyond those before it."""

    amount: int
    returned: int
    taken: int
    money_minor: int


@dataclass
class Sale:
    """A sale of `whole` minor units, `in_points` of them paid with `burned` points; or a burn alone (whole: points)."""

    transaction_id: bytes
    partner: bytes
    member_id: bytes
    reference: str
    whole: int
    in_points: int = 0
    burned: int = 0
    burn_id: bytes = b""
    given: int = 0

    @property
    def left(self) -> int:
        """What can still be refunded."""
        return self.whole - self.given

    def refund(self, amount: int) -> Due:
        """Gives so much back, up to what is left."""
        before = self._due(self.given)
        self.given += amount
        after = self._due(self.given)
        return Due(amount, *(now - then for now, then in zip(after, before, strict=True)))

    def _due(self, given: int) -> tuple[int, int, int]:
        if self.burn_id == self.transaction_id:
            return given, 0, 0
        in_money = self.whole - self.in_points
        money = given - self.in_points * given // self.whole
        taken = in_money // EARN_PER_MINOR - (in_money - money) // EARN_PER_MINOR
        return self.burned * given // self.whole, taken, money


def sale_of(sales: Iterable[Sale], partner: bytes, asked: movement_pb2.Refund) -> Sale | None:
    """The partner's sale that a refund names, by id or by reference."""
    for sale in sales:
        named = sale.transaction_id == asked.original_id or sale.reference == asked.original_reference != ""
        if named and sale.partner == partner:
            return sale
    return None
