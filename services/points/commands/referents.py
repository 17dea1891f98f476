"""What movements refer to: the holds that they resolve, the sales that they refund."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import TurnedAway
from services.points.domain.movements import (
    Capture,
    Earn,
    Movement,
    ParkedEarn,
    Receipt,
    Refund,
    Reversal,
    Void,
)
from services.points.storage import journal, parks, sales
from services.points.storage.journal import HoldOf
from services.points.storage.parks import Named
from services.points.storage.sales import SaleOf, Target
from services.runtime.database import PgConnection, ReadDatabase
from services.runtime.ids import to_text

Asked = Movement | TurnedAway
_UNDONE: Final = frozenset({"earn", "redeem", "capture"})
_NO_RECEIPT: Final = Receipt(None, "", "", "", "", "[]")


Parked = Mapping[tuple[UUID, str], ParkedEarn]


class _Sales(NamedTuple):
    by_id: Mapping[UUID, SaleOf]
    by_reference: Mapping[tuple[UUID, str], SaleOf]

    def of(self, item: Refund) -> SaleOf | None:
        if item.original_id is not None:
            return self.by_id.get(item.original_id)
        return self.by_reference.get((item.partner_id, item.original_reference))


class Referents:
    """Finds them before the door is asked. What is told of them never changes, so it needs no lock."""

    def __init__(self, reader: ReadDatabase) -> None:
        self._reader = reader

    async def find(self, ledger_id: int, asked: Sequence[Asked]) -> Sequence[Asked]:
        """The items with what they refer to; one whose hold or sale is not the partner's is turned away."""
        if not any(isinstance(item, Capture | Void | Refund | Reversal) for item in asked):
            return asked
        async with self._reader.snapshot() as connection:
            driver = await connection.driver()
            targets = {(item.partner_id, item.target_key) for item in asked if isinstance(item, Reversal)}
            if targets:
                posted = await sales.by_keys(driver, ledger_id, list(targets))
                parked = await parks.by_keys(
                    driver, ledger_id, [place for place in targets if place not in posted]
                )
                asked = [
                    _undoing(item, posted, parked) if isinstance(item, Reversal) else item for item in asked
                ]
            hold_ids = {item.hold_id for item in asked if isinstance(item, Capture | Void)}
            holds = await journal.holds(driver, ledger_id, list(hold_ids)) if hold_ids else {}
            asked, sold = await self._sold(driver, ledger_id, asked)
        with_referents = (_of(item, holds, sold) for item in asked)
        return _exchanged(
            [
                found._replace(linked=item.linked) if isinstance(found, TurnedAway) else found
                for item, found in zip(asked, with_referents, strict=True)
            ]
        )

    @staticmethod
    async def _sold(
        driver: PgConnection, ledger_id: int, asked: Sequence[Asked]
    ) -> tuple[Sequence[Asked], _Sales]:
        """The sales that are refunded; and the items, those that name what parked a sale with what is found of it since."""
        ids = {
            item.original_id for item in asked if isinstance(item, Refund) and item.original_id is not None
        }
        by_id = await _by_ids(driver, ledger_id, ids)
        if by_id.keys() < ids:
            named = await parks.named(driver, ledger_id, list(ids - by_id.keys()))
            asked = [_since_parked(item, named) if isinstance(item, Refund) else item for item in asked]
            since = {of.posted_id for of in named.values() if of.posted_id is not None}
            by_id |= await _by_ids(driver, ledger_id, since)
        references = {
            (item.partner_id, item.original_reference)
            for item in asked
            if isinstance(item, Refund) and item.original_id is None
        }
        found = await sales.by_references(driver, ledger_id, list(references)) if references else ()
        return asked, _Sales(by_id, {(of.partner_id, of.reference): of for of in found})


async def _by_ids(driver: PgConnection, ledger_id: int, ids: Collection[UUID]) -> dict[UUID, SaleOf]:
    found = await sales.by_ids(driver, ledger_id, list(ids)) if ids else ()
    return {of.sale.transaction_id: of for of in found}


def _since_parked(item: Refund, named: Mapping[UUID, Named]) -> Refund:
    """A refund of a sale that was parked: of the earn that it became, or it waits for that by its reference.

    Where that was taken away, it goes on all the same: what was decided of it before stands under its key.
    """
    of = named.get(item.original_id) if item.original_id is not None else None
    if of is None or of.partner_id != item.partner_id:
        return item
    if of.posted_id is not None:
        return item._replace(original_id=of.posted_id)
    if not of.is_open:
        return item._replace(parked_seq=of.seq, taken_away=True)
    return item._replace(original_id=None, original_reference=of.reference, parked_seq=of.seq)


def _exchanged(found: list[Asked]) -> list[Asked]:
    """The items, those that are taken in exchange with the member of the sale that is refunded for them.

    That sale has to be there: nobody can tell what an exchange comes to that waits for it.
    """
    for place, item in enumerate(found[:-1]):
        taking = found[place + 1]
        if not (isinstance(item, Refund) and item.linked and isinstance(taking, Earn) and taking.in_exchange):
            continue
        if item.sale is None:
            found[place] = TurnedAway(
                Reason.REASON_ORIGINAL_UNKNOWN, "the sale has not arrived", {"field": "original"}, linked=True
            )
        elif taking.member_id == PROGRAMME:
            found[place + 1] = taking._replace(member_id=item.member_id)
    return found


def _of(item: Asked, holds: Mapping[UUID, HoldOf], sold: _Sales) -> Asked:
    if isinstance(item, Capture | Void):
        hold = holds.get(item.hold_id)
        if hold is None or hold.partner_id != item.partner_id:
            return TurnedAway(Reason.REASON_HOLD_UNKNOWN, "the partner has no hold with this id", {})
        found = item._replace(member_id=hold.member_id, hold_seq=hold.seq)
        return found._replace(rule_version=hold.rule_version) if isinstance(found, Capture) else found
    return _of_sale(item, sold.of(item)) if isinstance(item, Refund) else item


def _undoing(
    item: Reversal, posted: Mapping[tuple[UUID, str], Target], parked: Parked
) -> Movement | TurnedAway:
    """What undoes that which was posted under a key: all that is left of a sale or burn, or a hold that is open."""
    target = posted.get((item.partner_id, item.target_key))
    if target is None:
        of = parked.get((item.partner_id, item.target_key))
        if of is None:
            return item
        if of.burn is None:
            return item._replace(member_id=of.item.member_id)
        target = Target("redeem", of.burn.transaction_id, None, of.seq)
    if target.kind == "hold":
        return Void(
            item.key, item.partner_id, item.member_id, target.transaction_id, 0, item.content_hash,
            item.occurred_at_us, item.traceparent, item.deadline_us, linked=item.linked,
        )  # fmt: skip
    if target.kind not in _UNDONE:
        return _not_taken("key", f"what was posted under it, a {target.kind}, cannot be reversed")
    return Refund(
        item.key, item.partner_id, item.member_id, None, item.content_hash, item.occurred_at_us,
        target.of_sale or target.transaction_id, "", 0, 0, _NO_RECEIPT, item.traceparent, item.deadline_us,
        linked=item.linked, unparks=target.parked_seq,
    )  # fmt: skip


def _of_sale(item: Refund, of: SaleOf | None) -> Refund | TurnedAway:
    if item.taken_away:
        return item
    if item.original_id is None:
        # An earn, whether or not it has arrived: where it has not, the refund waits for it.
        if item.points:
            return _not_taken("points", "a sale is refunded by amount or lines")
        if of is None:
            return item
    if of is None or of.partner_id != item.partner_id:
        return TurnedAway(
            Reason.REASON_ORIGINAL_UNKNOWN, "the partner has no such sale or burn", {"field": "original"}
        )
    if of.part_of is not None and not item.unparks:
        return TurnedAway(
            Reason.REASON_PART_OF_SALE,
            "the burn belongs to a sale, and is refunded with it",
            {"field": "original", "original": to_text("txn", of.part_of)},
        )
    # (Of one that is named by its reference the ledger decides: it may have waited, and been answered, before the sale was known.)
    if item.amount_minor and of.sale.of_points and item.original_id is not None:
        return _not_taken(
            "amount", "a burn without a sale, or one that points paid for wholly, is refunded in points"
        )
    if item.points and not of.sale.of_points:
        return _not_taken("points", "a sale is refunded by amount or lines")
    return item._replace(member_id=of.member_id, sale=of.sale)


def _not_taken(field: str, message: str) -> TurnedAway:
    return TurnedAway(Reason.REASON_INVALID_REQUEST, f"{field}: {message}", {"field": field})
