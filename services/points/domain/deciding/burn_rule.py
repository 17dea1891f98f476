"""The partner's burn rule: which burns it takes, and what their points are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Refused, TurnedAway
from services.points.domain.books import Books
from services.points.domain.burning import Basket, BurnRule, RuleVersion, Treatment, Worth
from services.points.domain.movements import Act, Capture, Hold, Purchase, Redemption
from services.points.domain.rows import WorthRow
from services.points.domain.terms import Terms

_Burn = Redemption | Hold | Capture
# As of a hold that tells points.
HOLD_POINTS_MAX: Final = 10**9


class Ruled(NamedTuple):
    """A rule that decides a burn of so many points, and what of the basket counts; None: the basket was not told."""

    of: RuleVersion
    points: int
    counted: int | None

    @property
    def worth(self) -> Worth:
        """What the points are worth."""
        rule = self.of.rule
        return Worth(rule.worth_of(self.points), self.of.version, rule.treatment)


def in_points(items: Sequence[Act], terms: Terms | None) -> Sequence[Act]:
    """The items, holds that were asked for in money with the points that takes by these terms; 0 points where no rule says, or too many."""
    if not any(isinstance(item, Hold) and item.money_minor for item in items):
        return items
    return [_in_points(item, terms) if isinstance(item, Hold) else item for item in items]


def _in_points(item: Hold, terms: Terms | None) -> Hold:
    if not item.money_minor:
        return item
    of = terms.burn_rules.at(item.partner_id, item.occurred_at_us) if terms is not None else None
    points = of.rule.points_for(item.money_minor) if of is not None else 0
    # Some that are larger fit no column together: they would stop all that is posted with them.
    return item._replace(points=points if points <= HOLD_POINTS_MAX else 0)


def refuse_money(books: Books, number: int, item: Hold) -> Refused | TurnedAway | None:
    """What speaks against a hold that was asked for in money: nobody says what points are worth, or it is too little or too much."""
    if item.points:
        return None
    of = books.terms.burn_rules.at(item.partner_id, item.occurred_at_us)
    if of is None:
        message = "money: there is no burn rule that says what points are worth"
        return TurnedAway(Reason.REASON_INVALID_REQUEST, message, {"field": "money"})
    rule = of.rule
    if rule.points_for(item.money_minor):
        message = f"money: more than {HOLD_POINTS_MAX} points are worth so much"
        return TurnedAway(Reason.REASON_INVALID_REQUEST, message, {"field": "money"})
    message = f"points are taken from {rule.fewest} on, worth {rule.worth_of(rule.fewest)}; {item.money_minor} were asked for"
    metadata = {
        "minimum": str(rule.fewest),
        "minimum_minor": str(rule.worth_of(rule.fewest)),
        "asked_minor": str(item.money_minor),
    }
    return books.refuse(number, item, Reason.REASON_BURN_TOO_SMALL, message, metadata)


def ruled(books: Books, item: _Burn, points: int, sale: Purchase | None) -> Ruled | None:
    """The rule that decides a burn, be it of a sale; None where the partner has none."""
    rules = books.terms.burn_rules
    if item.partner_id not in rules.partners:
        return None
    if isinstance(item, Capture):
        of = rules.numbered(item.rule_version) if item.rule_version else None
    else:
        of = rules.at(item.partner_id, item.occurred_at_us)
    if of is None:
        return None
    return Ruled(of, points, _counted(of.rule, item, points, sale))


def _counted(rule: BurnRule, item: _Burn, points: int, sale: Purchase | None) -> int | None:
    if sale is not None:
        # What the member would have paid without them.
        off = rule.worth_of(points) if rule.treatment is Treatment.DISCOUNT else 0
        return rule.counts(Basket(sale.amount_minor + off, sale.lines_json, sale.tenders_json))
    basket = None if isinstance(item, Capture) else item.basket
    return rule.counts(basket) if basket is not None else None


def refuse_by_rule(
    books: Books, number: int, item: _Burn, points: int, sale: Purchase | None
) -> Refused | TurnedAway | None:
    """What of the partner's burn rule speaks against a burn; None: nothing, or there is no rule."""
    decided = ruled(books, item, points, sale)
    if decided is None:
        return None
    rule, worth = decided.of.rule, decided.worth.amount_minor
    if sale is not None:
        in_points = worth if rule.treatment is Treatment.TENDER else 0
        if sale.points_minor != in_points:
            return TurnedAway(
                Reason.REASON_BURN_WORTH_MISMATCH,
                f"{points} points are worth {worth} as a {rule.treatment}, the sale has {sale.points_minor} in points",
                {"worth_minor": str(worth), "treatment": rule.treatment.value, "told_minor": str(sale.points_minor)},
            )  # fmt: skip
        if rule.excluded_categories and sale.lines_json == "[]" and sale.amount_minor:
            return _untold("lines")
    elif decided.counted is None and rule.needs_basket and not isinstance(item, Capture):
        return _untold("basket")
    elif rule.excluded_categories and not isinstance(item, Capture):
        basket = item.basket
        if basket is not None and basket.lines_json == "[]" and basket.amount_minor:
            return _untold("basket.lines")
    against = _against(decided, books.burned_today(item) if not isinstance(item, Capture) else 0)
    return books.refuse(number, item, *against) if against is not None else None


def _untold(field: str) -> TurnedAway:
    message = f"{field}: what may be paid in points depends on what is bought"
    return TurnedAway(Reason.REASON_INVALID_REQUEST, message, {"field": field})


def _against(decided: Ruled, burned: int) -> tuple[Reason.ValueType, str, dict[str, str]] | None:
    rule, points = decided.of.rule, decided.points
    required = {"required": str(points)}
    if points < rule.fewest:
        message = f"points are taken from {rule.fewest} on, {points} were asked for"
        return Reason.REASON_BURN_TOO_SMALL, message, {"minimum": str(rule.fewest), **required}
    if points % rule.step:
        below = points - points % rule.step
        message = f"points are taken in steps of {rule.step}, {points} were asked for"
        return Reason.REASON_BURN_STEP, message, {"step": str(rule.step), **required, "below": str(below)}
    worth = decided.worth.amount_minor
    if decided.counted is not None and worth > rule.most_minor(decided.counted):
        most, most_minor = rule.most_points(decided.counted), rule.most_minor(decided.counted)
        return (
            Reason.REASON_BURN_SHARE,
            f"{most} points may be taken for this basket, {points} were asked for",
            {"most": str(most), **required, "most_minor": str(most_minor), "worth_minor": str(worth)},
        )
    if rule.daily and points > rule.daily - burned:
        left = rule.taken_up_to(rule.daily - burned)
        message = f"the member may burn {left} more points with the partner today, {points} were asked for"
        metadata = {"limit": str(rule.daily), "left": str(left), **required}
        return Reason.REASON_BURN_DAILY_LIMIT, message, metadata
    return None


def note_worth(books: Books, seq: int, item: _Burn, points: int, sale: Purchase | None) -> Worth | None:
    """Notes what a burn, or what a hold sets aside, is worth; None where no rule says."""
    decided = ruled(books, item, points, sale)
    if isinstance(item, Hold) or decided is not None:
        # (Points that are set aside without a rule are free for none that comes under one.)
        books.burn_more(item.member_id, item.partner_id, points)
    if decided is None:
        return None
    accounts = books.at.accounts
    burned = not isinstance(item, Hold)
    worth = decided.worth
    books.rows.worths.append(
        WorthRow(
            seq, points, worth.amount_minor, decided.counted, worth.rule_version, accounts.wallet[item.member_id],
            accounts.issuance[item.partner_id], books.at.today, burned,
        )
    )  # fmt: skip
    return worth
