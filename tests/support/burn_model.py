"""What partners take points for, as the rules say it; a part of the model of the ledger."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.support.ledger_facts import SECOND_US, Ask, Verdict

if TYPE_CHECKING:
    from tests.support.ledger_model import LedgerModel


class TakenFor(NamedTuple):
    """So many points are worth so much; no fewer than minimum, in steps, of a share of the basket, so many a day (0: any).

    barred: lines of one category do not count. discount: points lower the price of a sale, else they pay for it.
    """

    points: int
    worth: int
    minimum: int
    step: int
    share: int
    daily: int
    barred: bool
    discount: bool


class BurnRules:
    """Rules by partner, as (start, in the order in which they were set); of holds the one that decided; burned by day."""

    def __init__(self) -> None:
        self.rules: dict[UUID, list[tuple[int, int, TakenFor]]] = {}
        self.of_holds: dict[int, TakenFor | None] = {}
        self.burned: dict[tuple[UUID, UUID, date], int] = {}

    def set(self, partner: UUID, start_us: int, rule: TakenFor) -> None:
        """Adds a rule."""
        self.rules.setdefault(partner, []).append((start_us, len(self.rules.get(partner, ())), rule))

    def deciding(self, ask: Ask) -> TakenFor | None:
        """The rule of an ask: a capture's is its hold's."""
        if ask.kind == "capture":
            return self.of_holds.get(ask.hold_seq)
        started = [each for each in self.rules.get(ask.partner, ()) if each[0] <= ask.occurred_us]
        return max(started)[2] if started else None


def against(model: LedgerModel, ask: Ask, points: int, sale: Ask | None, now_us: int) -> Verdict | None:
    """What the partner's rule has against a burn of so many points, be it of a sale."""
    rule = model.burn_rules.deciding(ask)
    if rule is None:
        return None
    worth = points * rule.worth // rule.points
    counted = None
    if sale is not None:
        if sale.in_points != (0 if rule.discount else worth):
            return Verdict("turned away", "BURN_WORTH_MISMATCH")
        if rule.barred and sale.amount:
            # (The sales of these tests have no lines.)
            return Verdict("turned away", "INVALID_REQUEST")
        counted = sale.amount + (worth if rule.discount else 0)
    elif ask.kind != "capture":
        if ask.basket is None and (rule.share < 100 or rule.barred):
            return Verdict("turned away", "INVALID_REQUEST")
        if ask.basket is not None:
            counted = ask.basket[0] - (max(0, ask.basket[1]) if rule.barred else 0)
    beyond = _beyond(rule, points, worth, counted)
    if beyond is None and rule.daily and ask.kind != "capture":
        left = rule.daily - burned_today(model, ask.member, ask.partner, now_us)
        if points > left:
            return Verdict("refused", "BURN_DAILY_LIMIT", available=_taken(rule, left))
    return beyond


def _taken(rule: TakenFor, left: int) -> int:
    """The most points that are taken of those left for the day."""
    return max(
        (many for many in range(rule.step, left + 1, rule.step) if _beyond(rule, many, 0, None) is None),
        default=0,
    )


def _beyond(rule: TakenFor, points: int, worth: int, counted: int | None) -> Verdict | None:
    """Whether there are too few points, none of its steps, or too many for what counts of the basket."""
    fewest = next(
        many
        for many in range(rule.step, rule.minimum + rule.points * rule.step + 1, rule.step)
        if many >= rule.minimum and many * rule.worth >= rule.points
    )
    if points < fewest:
        return Verdict("refused", "BURN_TOO_SMALL", available=fewest)
    if points % rule.step:
        return Verdict("refused", "BURN_STEP", available=points // rule.step * rule.step)
    if counted is not None:
        most_minor = max(0, counted) * rule.share // 100
        if worth > most_minor:
            # Found by trying: the largest number that is taken and is worth no more.
            taken = [
                most
                for most in range(fewest, points, rule.step)
                if most * rule.worth // rule.points <= most_minor
            ]
            return Verdict("refused", "BURN_SHARE", available=max(taken, default=0))
    return None


def burned_today(model: LedgerModel, member: UUID, partner: UUID, now_us: int) -> int:
    """What a member has burned with a partner today, and what open holds of that partner set aside."""
    held = sum(
        hold.points
        for hold in model.holds.values()
        if hold.open and (hold.member, hold.partner) == (member, partner)
    )
    return held + model.burn_rules.burned.get((member, partner, _day(model, now_us)), 0)


def note(model: LedgerModel, ask: Ask, points: int, now_us: int) -> int | None:
    """What the points of the next posting are worth; None where no rule says."""
    rule = model.burn_rules.deciding(ask)
    if ask.kind == "hold":
        model.burn_rules.of_holds[len(model.journal) + 1] = rule
    elif rule is not None:
        place = ask.member, ask.partner, _day(model, now_us)
        model.burn_rules.burned[place] = model.burn_rules.burned.get(place, 0) + points
    return points * rule.worth // rule.points if rule is not None else None


def _day(model: LedgerModel, now_us: int) -> date:
    return datetime.fromtimestamp(now_us // SECOND_US, ZoneInfo(model.zone)).date()
