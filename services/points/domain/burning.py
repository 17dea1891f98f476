"""What a partner takes points for: so many points are worth so many minor units, floor(points × worth ÷ per points), once per burn.

The rule that decides a burn is found as an earn rate is: of those that start at or before the till's time the one that starts
last, and of one start the newest. A capture goes by the rule that decided its hold. A partner without a rule takes any number
of points, and what they are worth is its own affair.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

_HUNDRED: Final = 100


class Treatment(StrEnum):
    """What points are to the sale that they are burned for."""

    DISCOUNT = "discount"
    """They lower its price: the sale is told without what they are worth."""
    TENDER = "tender"
    """They pay for it: the sale is told with a tender of kind `points` of what they are worth."""


class Basket(NamedTuple):
    """What is to be paid, in minor units.

    Lines and tenders as in the books: JSON arrays of [sku, category, quantity, amount, …] and of [kind, amount].
    """

    amount_minor: int
    lines_json: str
    tenders_json: str


class BurnRule(NamedTuple):
    """`points` points are worth `worth_minor` minor units, from valid_from_us (microseconds UTC) on.

    A burn is of `minimum` points or more, a multiple of `step`, and worth something; a member burns `daily` a day (0: no limit) at most. Up to
    share_percent of a basket is paid in points, less lines of excluded categories and what excluded tenders pay.
    """

    valid_from_us: int
    points: int
    worth_minor: int
    minimum: int
    step: int
    share_percent: int
    daily: int
    excluded_categories: frozenset[str]
    excluded_tenders: frozenset[str]
    treatment: Treatment

    @property
    def needs_basket(self) -> bool:
        """Whether it cannot be decided without what is bought."""
        return self.share_percent < _HUNDRED or bool(self.excluded_categories or self.excluded_tenders)

    def worth_of(self, points: int) -> int:
        """What points are worth, in minor units; rounded down."""
        return points * self.worth_minor // self.points

    def counts(self, basket: Basket) -> int:
        """What of a basket counts, of which a share may be paid in points: minor units, 0 or more."""
        counted = basket.amount_minor
        if self.excluded_categories:
            lines = json.loads(basket.lines_json)
            counted -= sum(line[3] for line in lines if line[1] in self.excluded_categories)
        if self.excluded_tenders:
            tenders = json.loads(basket.tenders_json)
            counted -= sum(amount for kind, amount in tenders if kind in self.excluded_tenders)
        return max(0, min(counted, basket.amount_minor))

    def most_minor(self, counted: int) -> int:
        """What of so much that counts may be paid in points, in minor units; rounded down."""
        return counted * self.share_percent // _HUNDRED

    def most_points(self, counted: int) -> int:
        """Most points that it takes for so much that counts; 0 where that is fewer than the minimum."""
        return self._worth_up_to(self.most_minor(counted))

    def points_for(self, money_minor: int) -> int:
        """The fewest points that are worth the most that is no more than so many minor units; 0 where it takes none of these."""
        most = self._worth_up_to(money_minor)
        needed = -(-self.worth_of(most) * self.points // self.worth_minor)
        return max(self.fewest, -(-needed // self.step) * self.step) if most else 0

    def _worth_up_to(self, money_minor: int) -> int:
        # The most that are worth no more: worth_of(n) <= m holds up to n = ((m + 1) × points - 1) ÷ worth_minor.
        return self.taken_up_to(((money_minor + 1) * self.points - 1) // self.worth_minor)

    @property
    def fewest(self) -> int:
        """Fewest points that it takes: of its minimum or more, a multiple of its step, and worth a minor unit at least."""
        needed = max(self.minimum, -(-self.points // self.worth_minor))
        return -(-needed // self.step) * self.step

    def taken_up_to(self, points: int) -> int:
        """The most points that it takes which are no more than so many; 0 where it takes none of these."""
        most = points - points % self.step
        return most if most >= self.fewest else 0


class RuleVersion(NamedTuple):
    """A rule in the books: of a partner, with its number in the ledger, from the seq known_from_seq on."""

    partner_id: UUID
    rule: BurnRule
    version: int
    known_from_seq: int


class Worth(NamedTuple):
    """What points are worth where they are burned, in minor units, and the version of the rule that says so."""

    amount_minor: int
    rule_version: int
    treatment: Treatment


class BurnRules:
    """The burn rules of all partners of a ledger, at one version of its configuration."""

    def __init__(self, versions: Iterable[RuleVersion] = ()) -> None:
        by_start = sorted(versions, key=lambda each: (each.rule.valid_from_us, each.version))
        self._by_version = {each.version: each for each in by_start}
        self._by_partner: dict[UUID, list[RuleVersion]] = {}
        for each in by_start:
            self._by_partner.setdefault(each.partner_id, []).append(each)
        self._starts = {
            partner: [each.rule.valid_from_us for each in found]
            for partner, found in self._by_partner.items()
        }
        self.partners = frozenset(self._by_partner)

    def at(self, partner_id: UUID, occurred_at_us: int) -> RuleVersion | None:
        """The rule that decides a partner's burn of a time; None where it had none then."""
        starts = self._starts.get(partner_id)
        if starts is None:
            return None
        place = bisect_right(starts, occurred_at_us)
        return self._by_partner[partner_id][place - 1] if place else None

    def numbered(self, version: int) -> RuleVersion:
        """A version. Raises KeyError where there is none."""
        return self._by_version[version]


NO_BURN_RULES: Final = BurnRules()
