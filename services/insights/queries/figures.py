"""Figures of purchases and of members, for whoever may see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Final, TypeVar
from uuid import UUID

from services.insights.domain.facts import OPERATOR
from services.insights.domain.figures import (
    Active,
    Basket,
    Became,
    Breakage,
    Cohort,
    FlowCell,
    Liability,
    Membership,
    Party,
    Redemption,
    Repeat,
    RfmCell,
    RfmMember,
    Scores,
    SharedPair,
)
from services.insights.domain.periods import CohortUnit, Period, age, months_between
from services.insights.domain.permissions import partner_asked, require_members
from services.insights.storage import programmes
from services.insights.storage.figures import points, purchases
from services.insights.storage.figures.asking import Asked
from services.runtime.database import ReadConnection, ReadDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

PAGE_MAX: Final = 1_000
OFFSET_MAX: Final = 1_000_000
_SCORE_MAX: Final = 5
_ALL: Final = "all"

T = TypeVar("T")
_Slugs = Mapping[UUID, str]


class Figures:
    """Counts figures. Each raises PermissionDenied, and NotFound with PARTNER_UNKNOWN, as `partner_asked` says."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def repeat(self, who: Principal, period: Period, partner_id: UUID | None) -> list[Repeat]:
        """Repeat purchases: all partners together, then each."""
        asked = _asked(who, period, partner_id)
        return await self._by_party(
            asked, purchases.repeat, lambda party, row: Repeat(party, row.members, row.repeaters)
        )

    async def basket(self, who: Principal, period: Period, partner_id: UUID | None) -> list[Basket]:
        """Purchases and what they came to: all partners together, then each."""
        asked = _asked(who, period, partner_id)
        return await self._by_party(
            asked,
            purchases.basket,
            lambda party, row: Basket(party, row.purchases, row.net_minor, row.members),
        )

    async def redemption(self, who: Principal, period: Period, partner_id: UUID | None) -> list[Redemption]:
        """Points issued and redeemed: all together, then each partner."""
        asked = _asked(who, period, partner_id)
        return await self._by_party(
            asked,
            points.redemption,
            lambda party, row: Redemption(party, row.issued, row.redeemed, row.redeemers),
        )

    async def liability(self, who: Principal, until: Period, partner_id: UUID | None) -> list[Liability]:
        """Points outstanding at the end of the last day: all issuers together, then each."""
        asked = _asked(who, until, partner_id)
        return await self._by_party(
            asked, points.liability, lambda party, row: Liability(party, _became(row))
        )

    async def active(
        self, who: Principal, period: Period, partner_id: UUID | None
    ) -> tuple[Membership, list[Active]]:
        """Members there are, and those who bought or redeemed: at all partners together, then at each."""
        asked = _asked(who, period, partner_id)
        async with self._database.snapshot() as connection:
            found = await purchases.membership(connection, asked)
            rows = await purchases.active(connection, asked)
            slugs = await programmes.slugs(connection, asked.ledger_id)
        return Membership(found.members, found.anonymous), _parties(
            asked, rows, slugs, lambda party, row: Active(party, row.active, row.buyers, row.redeemers)
        )

    async def cohorts(
        self, who: Principal, period: Period, partner_id: UUID | None, unit: CohortUnit
    ) -> list[Cohort]:
        """Members by month or week of their first purchase."""
        asked = _asked(who, period, partner_id)
        async with self._database.snapshot() as connection:
            rows = await purchases.cohorts(connection, asked, unit)
        found: list[Cohort] = []
        for start, group in groupby(rows, key=lambda row: row.cohort):
            buyers = [0] * (age(unit, start, period.last) + 1)
            for row in group:
                buyers[age(unit, start, row.start)] = row.buyers
            found.append(Cohort(start, tuple(buyers)))
        return found

    async def breakage(self, who: Principal, period: Period, partner_id: UUID | None) -> list[Breakage]:
        """What became of points, by month of issue."""
        asked = _asked(who, period, partner_id)
        async with self._database.snapshot() as connection:
            rows = await points.breakage(connection, asked)
        return [Breakage(row.month, months_between(row.month, period.last), _became(row)) for row in rows]

    async def rfm(self, who: Principal, period: Period, partner_id: UUID | None) -> list[RfmCell]:
        """How many members have which scores."""
        asked = _asked(who, period, partner_id)
        async with self._database.snapshot() as connection:
            rows = await purchases.rfm(connection, asked)
        return [RfmCell(_scores(row), row.members, row.days, row.net_minor) for row in rows]

    async def rfm_members(
        self,
        who: Principal,
        period: Period,
        partner_id: UUID | None,
        after: UUID | None,
        limit: int,
        wanted: Scores,
    ) -> tuple[list[RfmMember], bool]:
        """A page of members by id, and whether there are more. A score of 0 is any. Raises InvalidRequest."""
        require_members(who)
        asked, size = _asked(who, period, partner_id), _page(limit)
        scores = {"recency": wanted.recency, "frequency": wanted.frequency, "money": wanted.money}
        for name, score in scores.items():
            if not 0 <= score <= _SCORE_MAX:
                raise InvalidRequest(f"{name}: 1 to {_SCORE_MAX}, or 0 for any", field=name)
        async with self._database.snapshot() as connection:
            rows = await purchases.rfm_members(
                connection, asked, after=after or UUID(int=0), limit=size + 1, **scores
            )
        found = [
            RfmMember(row.member_id, _scores(row), row.last_day, row.days, row.net_minor)
            for row in rows[:size]
        ]
        return found, len(rows) > size

    async def flow(
        self, who: Principal, period: Period, partner_id: UUID | None, limit: int, offset: int
    ) -> tuple[list[FlowCell], bool]:
        """Whose points are redeemed where, and whether there are more. Raises InvalidRequest."""
        asked, size = _asked(who, period, partner_id), _page(limit, offset)
        async with self._database.snapshot() as connection:
            rows = await points.flow(connection, asked, size + 1, offset)
            slugs = await programmes.slugs(connection, asked.ledger_id)
        found = [
            FlowCell(_party(row.issuer_id, slugs), _party(row.partner_id, slugs), row.points)
            for row in rows[:size]
        ]
        return found, len(rows) > size

    async def shared(
        self, who: Principal, period: Period, partner_id: UUID | None, limit: int, offset: int
    ) -> tuple[list[SharedPair], bool]:
        """Members who buy at two partners: staff and services. Raises InvalidRequest."""
        who.require_internal()
        asked, size = _asked(who, period, partner_id), _page(limit, offset)
        async with self._database.snapshot() as connection:
            rows = await purchases.shared(connection, asked, size + 1, offset)
            slugs = await programmes.slugs(connection, asked.ledger_id)
        found = [
            SharedPair(_party(row.first_id, slugs), _party(row.second_id, slugs), row.members)
            for row in rows[:size]
        ]
        return found, len(rows) > size

    async def _by_party(
        self,
        asked: Asked,
        read: Callable[[ReadConnection, Asked], Awaitable[list[Any]]],
        make: Callable[[Party, Any], T],
    ) -> list[T]:
        async with self._database.snapshot() as connection:
            rows = await read(connection, asked)
            slugs = await programmes.slugs(connection, asked.ledger_id)
        return _parties(asked, rows, slugs, make)


def _asked(who: Principal, period: Period, partner_id: UUID | None) -> Asked:
    return Asked(who.in_programme().ledger_id, period, partner_asked(who, partner_id))


def _parties(asked: Asked, rows: Iterable[Any], slugs: _Slugs, make: Callable[[Party, Any], T]) -> list[T]:
    """All together first, then by name; of one partner alone its row, if there is anything to tell."""
    found = [(_party(row.partner_id, slugs), row) for row in rows]
    if asked.partner_id is not None:
        found = [each for each in found if each[0].partner_id is not None]
    return [make(party, row) for party, row in sorted(found, key=lambda each: _order(each[0]))]


def _order(party: Party) -> tuple[bool, bool, str, str]:
    who = party.partner_id
    return who is not None, who == OPERATOR, party.slug, str(who)


def _party(partner_id: UUID | None, slugs: _Slugs) -> Party:
    if partner_id is None:
        return Party(None, _ALL)
    return Party(partner_id, "operator" if partner_id == OPERATOR else slugs.get(partner_id, ""))


def _page(limit: int, offset: int = 0) -> int:
    if not 0 <= limit <= PAGE_MAX:
        raise InvalidRequest(f"limit: 1 to {PAGE_MAX:,}, or 0 for {PAGE_MAX:,}", field="limit")
    if not 0 <= offset <= OFFSET_MAX:
        raise InvalidRequest(f"offset: 0 to {OFFSET_MAX:,}", field="offset")
    return limit or PAGE_MAX


def _scores(row: Any) -> Scores:
    return Scores(row.recency, row.frequency, row.money)


def _became(row: Any) -> Became:
    return Became(row.issued, row.reversed, row.redeemed, row.expired, row.taken)
