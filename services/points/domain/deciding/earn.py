"""Earning: a purchase brings points into the wallet, in a lot of their own."""

from __future__ import annotations

from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Accepted, Refused, TurnedAway
from services.points.domain.books import NO_LEGS, Books
from services.points.domain.deciding.grant import grant_all
from services.points.domain.deciding.guard import count_earn
from services.points.domain.deciding.lapse import catch_up
from services.points.domain.deciding.opening_lots import open_earned
from services.points.domain.earning import EarnRate
from services.points.domain.expiry import expires_at_us
from services.points.domain.movements import Earn, MovementKind, ParkedEarn, Transaction
from services.runtime.clock import MICROS_PER_DAY
from services.runtime.ids import new_id

# Most points that one partner may have issued, less what was taken back. Counters have 63 bits and thousands of partners fill one wallet; and
# at up to 9.00 a point what they cost is still counted by clearing, in micros.
ISSUED_POINTS_MAX: Final = 10**12


def turn_away(books: Books, item: Earn) -> TurnedAway | None:
    """What speaks against an earn now. Not remembered: the till sends the sale again under the same key.

    (Once the operator has set the rate; or, in the other case, once more is refunded than was issued since.)
    """
    at, purchase = books.at, item.purchase
    rate = books.terms.rates.at(item.partner_id, item.occurred_at_us)
    if rate is None:
        return TurnedAway(Reason.REASON_EARN_RATE_MISSING, "the partner had no earn rate then", {})
    points = rate.points_for(purchase.amount_minor - purchase.points_minor)
    issuance = at.accounts.issuance[item.partner_id]
    if points - at.balances[issuance] > ISSUED_POINTS_MAX:
        return TurnedAway(
            Reason.REASON_INVALID_REQUEST,
            "amount: the partner would have issued more points than the ledger counts",
            {"field": "amount", "limit_points": str(ISSUED_POINTS_MAX)},
        )
    return None


class Beyond(NamedTuple):
    """An earn of so many points, of which the partner may issue no more than `headroom`: it is parked, or refused."""

    points: int
    headroom: int
    parks: bool


def beyond_floor(books: Books, item: Earn, freed: int = 0) -> Beyond | None:
    """Whether an earn would bring the partner's issuance balance below its credit floor. See turn_away first.

    `freed`: points of the partner that are taken back before it.
    """
    at = books.at
    issuance = at.accounts.issuance[item.partner_id]
    floor = at.credit_floors.get(issuance)
    if floor is None:
        return None
    points, headroom = _points(books, item), max(0, at.balances[issuance] + freed - floor)
    return None if points <= headroom else Beyond(points, headroom, issuance in at.parking)


def refuse_credit(books: Books, number: int, item: Earn, beyond: Beyond) -> Refused:
    """Refuses what is beyond the floor, for ever."""
    return books.refuse(
        number,
        item,
        Reason.REASON_CREDIT_LIMIT,
        f"the partner may issue {beyond.headroom} points, {beyond.points} are required",
        {"headroom": str(beyond.headroom), "required": str(beyond.points)},
    )


def _points(books: Books, item: Earn) -> int:
    rate = books.terms.rates.at(item.partner_id, item.occurred_at_us)
    purchase = item.purchase
    return rate.points_for(purchase.amount_minor - purchase.points_minor) if rate is not None else 0


def earn(books: Books, number: int, item: Earn, parked: ParkedEarn | None = None) -> Accepted:
    """Records the purchase and moves what it earns: by what was paid in money, at the rate of its time.

    Nothing speaks against it: see turn_away and beyond_floor. `parked`: as what it was parked until now.
    """
    at, purchase = books.at, item.purchase
    rate = books.terms.rates.at(item.partner_id, item.occurred_at_us)
    if rate is None:
        raise ArithmeticError("an earn without a rate was to be posted")
    points = rate.points_for(purchase.amount_minor - purchase.points_minor)
    issuance = at.accounts.issuance[item.partner_id]
    wallet = at.accounts.wallet[item.member_id]
    catch_up(books, item.member_id, wallet)
    seq, recorded_us = books.next()
    lot_no, lapses_us, matures_us, legs = 0, 0, 0, NO_LEGS
    if points:
        matures_us = _matures_us(item, rate, at.now_us)
        legs = books.move(issuance, at.accounts.pending[item.member_id] if matures_us else wallet, points)
        lapses_us = expires_at_us(item.occurred_at_us, books.terms.expiry, books.rules.zone)
        lot_no = open_earned(books, item, points, lapses_us, matures_us)
    transaction = Transaction(
        new_id(), seq, MovementKind.EARN, item.member_id, item.partner_id, item.reference, 0 if matures_us else points,
        at.balances[wallet], item.occurred_at_us, recorded_us, lapses_us, pending=points if matures_us else 0,
        matures_at_us=matures_us, original_seq=parked.seq if parked is not None else 0,
        original_id=parked.transaction_id if parked is not None else None,
    )  # fmt: skip
    event = ("points.earned", books.tell.earned(transaction, item, lot_no, books.currency))
    told = (*purchase, rate.points, rate.per_minor, rate.pending_days)
    books.write(
        transaction, wallet, legs, event, (number, item), lot_no=lot_no or None, matures_us=matures_us or None,
        purchase=told,
    )  # fmt: skip
    count_earn(books, item, points)
    if books.terms.campaigns:
        transaction = grant_all(books, item, transaction, matures_us or _matures_us(item, rate, at.now_us))
    return Accepted(transaction)


def _matures_us(item: Earn, rate: EarnRate, now_us: int) -> int:
    """When the points can be spent; 0: at once, as where the till tells of the sale once its days are over."""
    matures_us = item.occurred_at_us + rate.pending_days * MICROS_PER_DAY
    return matures_us if rate.pending_days and matures_us > now_us else 0
