"""Each figure three times: by the service, by the query of its page, and in plain Python of what happened."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import pytest

from tests.support.insights import InsightsHouse, period
from tests.support.insights_figures import Counted
from tests.support.insights_world import OPERATOR, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST, LAST = date(2026, 1, 20), date(2026, 4, 2)
#: What refunds, late sales, merges, debts and imports come to, three times over.
SEEDS: Final = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed{seed}")
async def world(house: InsightsHouse, request: pytest.FixtureRequest) -> World:
    return await house.told(house.begin(request.param).live(days=110, acts=260))


@pytest.fixture(params=["all partners", "one partner"])
def partner(world: World, request: pytest.FixtureRequest) -> UUID | None:
    return None if request.param == "all partners" else world.partners[1]


async def _ask(house: InsightsHouse, world: World, method: str, partner: UUID | None, **more: Any) -> Any:
    wanted = {"partner_id": partner.bytes if partner else b"", **more}
    return await house.ask(world, method, period=period(FIRST, LAST), **wanted)


def _rows(answer: Any, *fields: str) -> dict[str, tuple[int, ...]]:
    assert len({row.party.slug for row in answer.rows}) == len(answer.rows)
    return {row.party.slug: tuple(getattr(row, name) for name in fields) for row in answer.rows}


def _slugs(world: World) -> dict[UUID, str]:
    return {**world.slugs, OPERATOR: "operator"}


async def test_repeat_purchases(house: InsightsHouse, world: World, partner: UUID | None) -> None:
    found = _rows(await _ask(house, world, "GetRepeat", partner), "members", "repeaters")
    assert found == Counted(world, FIRST, LAST, partner).repeat()
    if partner is None:
        assert await house.documented("repeat", world, FIRST, LAST) == [found["all"]]


async def test_baskets(house: InsightsHouse, world: World, partner: UUID | None) -> None:
    answer = await _ask(house, world, "GetBasket", partner)
    found = _rows(answer, "purchases", "net_minor", "members")
    assert answer.currency == "USD"
    assert found == Counted(world, FIRST, LAST, partner).basket()
    if partner is None:
        assert await house.documented("basket", world, FIRST, LAST) == [found["all"]]


@pytest.mark.parametrize(("unit", "number"), [("month", 1), ("week", 2), ("month", 0)])
async def test_cohorts(
    house: InsightsHouse, world: World, partner: UUID | None, unit: str, number: int
) -> None:
    answer = await _ask(house, world, "GetCohorts", partner, unit=number)
    found = {each.starts_on: tuple(each.buyers) for each in answer.cohorts}
    assert found == Counted(world, FIRST, LAST, partner).cohorts(unit)
    if partner is None:
        rows = await house.documented("cohorts", world, FIRST, LAST, [("'month'", f"'{unit}'")])
        bought = [buyers for row in found.values() for buyers in row if buyers]
        assert [row[2] for row in rows] == bought
        assert {row[0].isoformat() for row in rows} == set(found)


async def test_redemption(house: InsightsHouse, world: World, partner: UUID | None) -> None:
    found = _rows(await _ask(house, world, "GetRedemption", partner), "issued", "redeemed", "redeemers")
    assert found == Counted(world, FIRST, LAST, partner).redemption()
    if partner is None:
        assert await house.documented("redemption", world, FIRST, LAST) == [found["all"]]


_BECAME: Final = ("issued", "reversed", "redeemed", "expired", "taken", "outstanding")


async def test_breakage(house: InsightsHouse, world: World, partner: UUID | None) -> None:
    answer = await _ask(house, world, "GetBreakage", partner)
    found = {row.month: (row.age_months, *(getattr(row, name) for name in _BECAME)) for row in answer.rows}
    assert found == Counted(world, FIRST, LAST, partner).breakage()
    if partner is None:
        rows = await house.documented("breakage", world, FIRST, LAST)
        assert {str(row[0]): row[1:] for row in rows} == {month: row[1:-1] for month, row in found.items()}


async def test_active_members(house: InsightsHouse, world: World, partner: UUID | None) -> None:
    answer = await _ask(house, world, "GetActive", partner)
    counted = Counted(world, FIRST, LAST, partner)
    assert _rows(answer, "active", "buyers", "redeemers") == counted.active()
    assert (answer.members, answer.anonymous) == counted.membership()
    if partner is None:
        active = next(row.active for row in answer.rows if row.party.slug == "all")
        assert await house.documented("active", world, FIRST, LAST) == [(answer.members, active)]


async def test_scores(house: InsightsHouse, world: World, partner: UUID | None) -> None:
    answer = await _ask(house, world, "GetRfm", partner)
    found = {
        (each.recency, each.frequency, each.money): (each.members, each.days, each.net_minor)
        for each in answer.cells
    }
    assert found == Counted(world, FIRST, LAST, partner).rfm()
    assert list(found) == sorted(found, reverse=True)
    if partner is None:
        rows = await house.documented("rfm", world, FIRST, LAST)
        assert rows == [(*scores, row[0], row[2]) for scores, row in found.items()]


async def test_members_with_scores_by_the_page(
    house: InsightsHouse, world: World, partner: UUID | None
) -> None:
    found: dict[UUID, tuple[Any, ...]] = {}
    after, more = b"", True
    while more:
        answer = await _ask(house, world, "ListRfmMembers", partner, after_member_id=after, limit=2)
        assert len(answer.members) <= 2
        for each in answer.members:
            row = (
                each.recency,
                each.frequency,
                each.money,
                date.fromisoformat(each.last_day),
                each.days,
                each.net_minor,
            )
            found[UUID(bytes=each.member_id)] = row
        after, more = answer.members[-1].member_id, answer.has_more
    expected = Counted(world, FIRST, LAST, partner).rfm_members()
    assert found == expected
    best = await _ask(house, world, "ListRfmMembers", partner, money=5)
    assert {UUID(bytes=each.member_id) for each in best.members} == {
        member for member, row in expected.items() if row[2] == 5
    }


async def test_flow(house: InsightsHouse, world: World, partner: UUID | None) -> None:
    answer = await _ask(house, world, "GetFlow", partner)
    found = {(each.issuer.slug, each.redeemer.slug): each.points for each in answer.cells}
    assert found == Counted(world, FIRST, LAST, partner).flow()
    assert not answer.has_more
    assert list(found.values()) == sorted(found.values(), reverse=True)
    pages = [
        await _ask(house, world, "GetFlow", partner, limit=1, offset=place) for place in range(len(found))
    ]
    assert [page.cells[0] for page in pages] == list(answer.cells)
    assert [page.has_more for page in pages] == [True] * (len(found) - 1) + [False]
    if partner is None:
        rows = await house.documented("flow", world, FIRST, LAST)
        names = _slugs(world)
        assert {(names[row[0]], names[row[1]]): row[2] for row in rows} == found


async def test_members_who_buy_at_two_partners(
    house: InsightsHouse, world: World, partner: UUID | None
) -> None:
    answer = await _ask(house, world, "GetShared", partner)
    found = {(each.first.slug, each.second.slug): each.members for each in answer.pairs}
    assert found == Counted(world, FIRST, LAST, partner).shared()
    if partner is None:
        rows = await house.documented("shared", world, FIRST, LAST)
        assert {(world.slugs[row[0]], world.slugs[row[1]]): row[2] for row in rows} == found


@pytest.mark.parametrize("day", [LAST, date(2026, 2, 1), date(2026, 1, 1)])
async def test_liability(house: InsightsHouse, world: World, partner: UUID | None, day: date) -> None:
    partner_id = partner.bytes if partner else b""
    answer = await house.ask(world, "GetLiability", day=day.isoformat(), partner_id=partner_id)
    found = {row.issuer.slug: tuple(getattr(row, name) for name in _BECAME) for row in answer.rows}
    assert found == Counted(world, FIRST, day, partner).liability()
    if partner is None:
        rows = {
            _slugs(world)[row[0]]: row[1:] for row in await house.documented("liability", world, FIRST, day)
        }
        assert rows == {slug: (row[0], row[-1]) for slug, row in found.items() if slug != "all"}


async def test_what_is_outstanding_is_in_wallets(house: InsightsHouse, world: World) -> None:
    answer = await house.ask(world, "GetLiability", day="2027-01-01")
    held: dict[str, int] = {}
    for wallet in world.wallets.values():
        for lot, points in wallet:
            held[_slugs(world)[lot.issuer]] = held.get(_slugs(world)[lot.issuer], 0) + points
    found = {row.issuer.slug: row.outstanding for row in answer.rows if row.outstanding}
    assert found == held | {"all": sum(held.values())}
