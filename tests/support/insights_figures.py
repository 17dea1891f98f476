"""Figures counted from what happened, with nothing but Python: what the service's SQL is held against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tests.support.insights_world import OPERATOR, Bought, Spent, World

#: A row by its partner's slug, `all` for all of them.
Rows = dict[str, tuple[int, ...]]
_KINDS = ("issued", "reversed", "redeemed", "expired", "taken")


class Counted:
    """Figures of a world for the days from `first` to `last`, of one partner or of all."""

    def __init__(self, world: World, first: date, last: date, partner: UUID | None = None) -> None:
        self.world, self.first, self.last, self.partner = world, first, last, partner

    def repeat(self) -> Rows:
        found: Rows = {}
        for slug, sales in self._places(self._sales()):
            days: defaultdict[UUID, set[date]] = defaultdict(set)
            for sale in sales:
                days[self.world.who(sale.member)].add(sale.day)
            if days:
                found[slug] = (len(days), sum(len(each) > 1 for each in days.values()))
        return found

    def basket(self) -> Rows:
        found = {
            slug: (len(sales), sum(each.gross - each.refunded for each in sales), len(self._members(sales)))
            for slug, sales in self._places(self._sales())
        }
        return found | ({} if self.partner or "all" in found else {"all": (0, 0, 0)})

    def cohorts(self, unit: str) -> dict[str, tuple[int, ...]]:
        bought: defaultdict[UUID, set[date]] = defaultdict(set)
        for sale in self.world.sales:
            if sale.counts and sale.day <= self.last and self.partner in (None, sale.partner):
                bought[self.world.who(sale.member)].add(sale.day)
        found: dict[date, list[int]] = {}
        for days in bought.values():
            if min(days) < self.first:
                continue
            start = _start(unit, min(days))
            row = found.setdefault(start, [0] * (_steps(unit, start, self.last) + 1))
            for step in {_steps(unit, start, day) for day in days}:
                row[step] += 1
        return {start.isoformat(): tuple(row) for start, row in sorted(found.items())}

    def redemption(self) -> Rows:
        issued: defaultdict[str, int] = defaultdict(int)
        for lot in {change.lot for change in self.world.changes if change.kind == "issued"}:
            if self.first <= lot.day <= self.last:
                issued[self._slug(lot.issuer)] += lot.kept
                issued["all"] += lot.kept
        redeemed = {
            slug: (sum(part for each in burns for _, part in each.parts), len(self._members(burns)))
            for slug, burns in self._places(self._burns())
        }
        both = {slug: (issued[slug], *redeemed.get(slug, (0, 0))) for slug in {*issued, *redeemed}}
        if self.partner is None:
            return {"all": (0, 0, 0)} | both
        own = self.world.slugs[self.partner]
        return {slug: row for slug, row in both.items() if slug == own}

    def active(self) -> Rows:
        sales, burns = dict(self._places(self._sales())), dict(self._places(self._burns()))
        found: Rows = {}
        for slug in {*sales, *burns}:
            buyers, redeemers = self._members(sales.get(slug, [])), self._members(burns.get(slug, []))
            found[slug] = (len(buyers | redeemers), len(buyers), len(redeemers))
        return found | ({} if self.partner or "all" in found else {"all": (0, 0, 0)})

    def membership(self) -> tuple[int, int]:
        world, known = self.world, defaultdict[UUID, list[bool]](list)
        enrolled = {
            member: each.anonymous and (each.claimed is None or each.claimed > self.last)
            for member, each in world.people.items()
            if each.enrolled <= self.last
        }
        for member, anonymous in enrolled.items():
            if self.partner in (None, world.people[member].partner):
                known[world.who(member)].append(anonymous)
        seen = [each for each in world.sales if each.counts] + [each for each in world.burns if each.parts]
        for each in seen:
            if each.day <= self.last and self.partner in (None, each.partner):
                mine = [no for member, no in enrolled.items() if world.who(member) == world.who(each.member)]
                known[world.who(each.member)].append(bool(mine) and all(mine))
        for member, person in world.people.items():
            if person.closed and person.closed <= self.last:
                known.pop(member, None)
        return len(known), sum(all(each) for each in known.values())

    def breakage(self) -> dict[str, tuple[int, ...]]:
        found: dict[date, dict[str, int]] = {}
        for change in self.world.changes:
            lot = change.lot
            if (
                change.day <= self.last
                and self.first <= lot.day <= self.last
                and self.partner in (None, lot.issuer)
            ):
                row = found.setdefault(lot.day.replace(day=1), dict.fromkeys(_KINDS, 0))
                row[change.kind] += change.points
        return {
            month.isoformat(): (_steps("month", month, self.last), *_became(row))
            for month, row in sorted(found.items())
        }

    def liability(self) -> Rows:
        found: dict[str, dict[str, int]] = {}
        for change in self.world.changes:
            if change.day <= self.last and self.partner in (None, change.lot.issuer):
                for slug in (self._slug(change.lot.issuer), *(() if self.partner else ("all",))):
                    row = found.setdefault(slug, dict.fromkeys(_KINDS, 0))
                    row[change.kind] += change.points
        nothing = {} if self.partner else {"all": (0,) * 6}
        return nothing | {slug: _became(row) for slug, row in found.items()}

    def rfm_members(self) -> dict[UUID, tuple[Any, ...]]:
        bought: defaultdict[UUID, list[Bought]] = defaultdict(list)
        for sale in self._sales():
            if self.partner in (None, sale.partner):
                bought[self.world.who(sale.member)].append(sale)
        facts: dict[UUID, tuple[Any, ...]] = {
            member: (
                max(each.day for each in sales),
                len({each.day for each in sales}),
                sum(each.gross - each.refunded for each in sales),
            )
            for member, sales in bought.items()
        }
        # How many stand below, in fifths of how many there are.
        scores = {
            member: tuple(
                1 + sum(other[place] < mine[place] for other in facts.values()) * 5 // len(facts)
                for place in range(3)
            )
            for member, mine in facts.items()
        }
        return {member: (*scores[member], *facts[member]) for member in facts}

    def rfm(self) -> dict[tuple[int, ...], tuple[int, ...]]:
        found: dict[tuple[int, ...], tuple[int, ...]] = {}
        for recency, frequency, money, _, days, net in self.rfm_members().values():
            before = found.get((recency, frequency, money), (0, 0, 0))
            found[recency, frequency, money] = (before[0] + 1, before[1] + days, before[2] + net)
        return found

    def flow(self) -> dict[tuple[str, str], int]:
        found: defaultdict[tuple[str, str], int] = defaultdict(int)
        for burn in self.world.burns:
            for lot, part in burn.parts if self._is_in(burn.day) else []:
                if self.partner in (None, lot.issuer, burn.partner):
                    found[self._slug(lot.issuer), self._slug(burn.partner)] += part
        return dict(found)

    def shared(self) -> dict[tuple[str, str], int]:
        bought: defaultdict[UUID, set[UUID]] = defaultdict(set)
        for sale in self.world.sales:
            if sale.counts and self._is_in(sale.day):
                bought[sale.partner].add(self.world.who(sale.member))
        pairs = {
            (one, other): bought[one] & bought[other] for one in bought for other in bought if one <= other
        }
        return {
            (self._slug(one), self._slug(other)): len(members)
            for (one, other), members in pairs.items()
            if members and (self.partner is None or self.partner in (one, other))
        }

    def _is_in(self, day: date) -> bool:
        return self.first <= day <= self.last

    def _sales(self) -> list[Bought]:
        return [each for each in self.world.sales if each.counts and self._is_in(each.day)]

    def _burns(self) -> list[Spent]:
        return [each for each in self.world.burns if each.parts and self._is_in(each.day)]

    def _slug(self, partner: UUID) -> str:
        return "operator" if partner == OPERATOR else self.world.slugs[partner]

    def _members(self, doings: Iterable[Bought | Spent]) -> set[UUID]:
        return {self.world.who(each.member) for each in doings}

    def _places(self, doings: list[Any]) -> list[tuple[str, list[Any]]]:
        """All together, then by partner; of one partner alone its own."""
        by_slug: dict[str, list[Any]] = {}
        for each in doings:
            by_slug.setdefault(self._slug(each.partner), []).append(each)
        if self.partner is not None:
            own = self.world.slugs[self.partner]
            return [(own, by_slug[own])] if own in by_slug else []
        return [("all", doings), *by_slug.items()] if doings else []


def _became(row: dict[str, int]) -> tuple[int, ...]:
    counted = tuple(row[kind] for kind in _KINDS)
    return (*counted, counted[0] - sum(counted[1:]))


def _start(unit: str, day: date) -> date:
    return day.replace(day=1) if unit == "month" else day - timedelta(days=day.weekday())


def _steps(unit: str, start: date, day: date) -> int:
    if unit == "month":
        return (day.year * 12 + day.month) - (start.year * 12 + start.month)
    return (_start("week", day) - _start("week", start)).days // 7
