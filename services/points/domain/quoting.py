"""Quotes: what movements would come to, decided as if they were posted at one moment, by the functions that post them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from uuid import UUID

from services.points.domain.answers import Accepted, Answer, Refused, TurnedAway
from services.points.domain.books import Books
from services.points.domain.burning import RuleVersion, Worth
from services.points.domain.deciding.burn import refuse_burn
from services.points.domain.deciding.burn_rule import ruled
from services.points.domain.deciding.checks import refuse_gone
from services.points.domain.deciding.guard import left_by_guard
from services.points.domain.deciding.lapse import catch_up
from services.points.domain.deciding.standing import turn_away_standing
from services.points.domain.guarding import Authority, Shown
from services.points.domain.movements import Earn, Redemption, Refund
from services.points.domain.opened import LedgerRules, Opened
from services.points.domain.posting import Posting
from services.points.domain.telling import Telling
from services.points.domain.terms import Terms


@dataclass(frozen=True, slots=True)
class Burnable:
    """What may be burned for a basket: from `least` to `most` points in steps of `step`; most 0: nothing, by `refusal`.

    `worth`: of the most, `of`: the rule that says so; both None without a rule. `left_today`: None without a limit a day.
    `shown`: what has to be shown at least for the most.
    """

    least: int
    most: int
    step: int
    worth: Worth | None
    of: RuleVersion | None
    left_today: int | None
    refusal: Refused | TurnedAway | None
    shown: Shown = Shown.NOTHING


@dataclass(frozen=True, slots=True)
class Quote:
    """What it would come to at a programme time, in microseconds UTC. `available` and `owed` are the points before it.

    `earn` and `refund` are the decisions on them, `burn` is of a sale that is no exchange. `names`: of the campaigns among the bonuses.
    """

    as_of_us: int
    member_id: UUID
    available: int
    owed: int
    earn: Answer | None
    burn: Burnable | None
    refund: Answer | None
    names: Sequence[tuple[UUID, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A sale with the least burn for it, or a refund; a refund and a sale are an exchange, linked as it would be posted."""

    earn: Earn | None
    burn: Redemption | None
    refund: Refund | None

    @property
    def items(self) -> Sequence[Refund | Earn | Redemption]:
        """All of them, in the order in which they would be posted."""
        return [item for item in (self.refund, self.earn, self.burn) if item is not None]


class Quoting:
    """One quote being made from what was seen of the ledger, which is used up by it."""

    def __init__(
        self, opened: Opened, rules: LedgerRules, terms: Terms, telling: Telling, currency: str
    ) -> None:
        self._opened, self._rules, self._terms = opened, rules, terms
        self._telling, self._currency = telling, currency

    def quote(self, asked: Asked) -> Quote:
        """What it would come to. Each part as if it were asked for alone, an exchange as one."""
        member_id = asked.items[0].member_id
        aside = deepcopy(self._opened)
        books = Books(aside, self._rules, self._terms, self._telling, self._currency)
        wallet = aside.accounts.wallet[member_id]
        catch_up(books, member_id, wallet)
        debts = aside.debts.get(member_id)
        available, owed = books.available(member_id, wallet), debts.points if debts is not None else 0
        burn = burnable(books, asked.burn) if asked.burn is not None else None
        movements = [item for item in (asked.refund, asked.earn) if item is not None]
        posting = Posting(self._opened, self._rules, self._terms, self._telling, self._currency)
        decided = [_answer(each) for each in posting.decide(movements, 0)]
        refund = decided[0] if asked.refund is not None else None
        earn = decided[-1] if asked.earn is not None else None
        names = self._names(asked.earn, earn) if asked.earn is not None else ()
        return Quote(self._opened.now_us, member_id, available, owed, earn, burn, refund, names)

    def _names(self, item: Earn, earn: Answer | None) -> Sequence[tuple[UUID, str]]:
        if not isinstance(earn, Accepted):
            return ()
        given = {bonus.campaign_id for bonus in earn.transaction.bonuses}
        deciding = self._terms.campaigns.at(item.partner_id, item.occurred_at_us)
        return [
            (each.terms.campaign_id, each.terms.name) for each in deciding if each.terms.campaign_id in given
        ]


def _answer(decided: object) -> Answer:
    if isinstance(decided, Answer):
        return decided
    raise ArithmeticError("a quote was answered as something else")


def burnable(books: Books, least: Redemption) -> Burnable:
    """What may be burned as `least` is asked for, whatever its points: of its partner, time and basket, by whatever can be shown."""
    least = least._replace(authority=Authority(Shown.APP_TOKEN))
    wallet = books.at.accounts.wallet[least.member_id]
    of = books.terms.burn_rules.at(least.partner_id, least.occurred_at_us)
    available = min(max(0, books.available(least.member_id, wallet)), left_by_guard(books, least))
    fewest, step, most, left_today = 1, 1, available, None
    if of is not None:
        rule = of.rule
        fewest, step = rule.fewest, rule.step
        if rule.daily:
            left_today = max(0, rule.daily - books.burned_today(least))
            most = min(most, left_today)
        if least.basket is not None:
            most = min(most, rule.most_points(rule.counts(least.basket)))
        most = rule.taken_up_to(most)
    item = least._replace(points=most or fewest)
    refusal = turn_away_standing(books, item) or refuse_gone(books, 0, item) or refuse_burn(books, 0, item)
    if refusal is not None:
        return Burnable(fewest, 0, step, None, of, left_today, refusal)
    if not most:
        raise ArithmeticError(f"{fewest} points may be burned, although none may")
    decided = ruled(books, item, most, None)
    worth = decided.worth if decided is not None else None
    (shown, *_) = books.terms.guards.of(least.partner_id).enough(most)
    return Burnable(fewest, most, step, worth, of, left_today, None, shown)
