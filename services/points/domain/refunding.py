"""What a sale's refunds come to, all of them together: so it never matters how they are split.

Of a sale of T minor units, V of them paid with P points, the rest M = T - V in money that earned E points, and
of which r minor units have been given back in all:

- the part v of r that goes back in points: floor(V × r ÷ T), or points first, or money first;
- points returned: floor(P × r ÷ T) in proportion, else floor(P × v ÷ V); all of them at r = T;
- money to pay out: r - v; never more than M;
- points taken back: E less what M - (r - v) earns at the rate that the sale was decided at;
- of each grant: what was granted less what its campaign would have granted had M - (r - v) been all that was paid.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from services.points.domain.earning import EarnRate
from services.points.domain.movements import Sale


class Shortfall(StrEnum):
    """What happens where the wallet has not the points that are due back."""

    ALLOW_NEGATIVE = "allow_negative"
    """The member owes the rest."""
    WITHIN_BALANCE = "within_balance"
    """The rest is written off, until a later refund of the same sale finds points."""
    PENDING_ONLY = "pending_only"
    """Only what the member could not spend yet is taken back; the rest is written off."""


class TenderOrder(StrEnum):
    """What goes back first."""

    PRO_RATA = "pro_rata"
    POINTS_FIRST = "points_first"
    MONEY_FIRST = "money_first"


class RefundRule(NamedTuple):
    """What a partner's refunds do."""

    shortfall: Shortfall
    tender_order: TenderOrder


DEFAULT_RULE: Final = RefundRule(Shortfall.ALLOW_NEGATIVE, TenderOrder.PRO_RATA)


class Due(NamedTuple):
    """What all refunds of a sale come to: points returned and taken back, money in minor units.

    of_grants: points of each of its grants that are taken back.
    """

    returned: int
    taken: int
    money_minor: int
    of_grants: tuple[int, ...] = ()


def due(sale: Sale, order: TenderOrder, given: int) -> Due:
    """What is due once `given` of a sale's whole has been given back, 0 up to the whole."""
    if sale.of_points:
        return Due(given, 0, 0)
    whole, in_points = sale.amount_minor, sale.points_minor
    in_money = whole - in_points
    if order is TenderOrder.POINTS_FIRST:
        as_points = min(in_points, given)
    elif order is TenderOrder.MONEY_FIRST:
        as_points = given - min(in_money, given)
    else:
        as_points = in_points * given // whole
    # Points whose worth the till did not tell have no place among the tenders: they go back in proportion.
    if order is TenderOrder.PRO_RATA or not in_points:
        returned = sale.burned * given // whole
    else:
        returned = sale.burned * as_points // in_points
    money = given - as_points
    left = EarnRate(0, sale.rate_points, sale.rate_per_minor).points_for(in_money - money)
    of_grants = tuple(grant.points - grant.effect.points_for(left, in_money - money) for grant in sale.grants)
    return Due(returned, sale.earned - left, money, of_grants)


def first_due(sale: Sale, order: TenderOrder, given: int, points: int) -> tuple[int, ...]:
    """Of so many points that are taken back once `given` has been given back, those of the sale itself and of each grant.

    Points fall due one after the other as what was given back rises, the sale's own first where some fall due together. So
    where a wallet has not all of them, however a refund is split, the same ones are taken.
    """
    low, high = 0, given
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(_taken(sale, order, middle)) <= points else (low, middle - 1)
    found = list(_taken(sale, order, low))
    missing = points - sum(found)
    if missing:
        following = _taken(sale, order, low + 1)
        for place, reached in enumerate(following):
            part = min(missing, reached - found[place])
            found[place] += part
            missing -= part
    return tuple(found)


def _taken(sale: Sale, order: TenderOrder, given: int) -> tuple[int, ...]:
    reached = due(sale, order, given)
    return reached.taken, *reached.of_grants
