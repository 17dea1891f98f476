"""The demo's purchases and burns as events: figures equal those counted in plain Python from the data set."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from services.demo.burns import drawn_visits, plan_burns, visits
from services.demo.config import load_config
from services.demo.dataset import load_dataset
from services.runtime.clock import to_micros
from services.runtime.ids import new_id
from tests.support.insights import InsightsHouse, period
from tests.support.insights_figures import Counted
from tests.support.insights_world import Bought, Change, Lot, Spent, World, earned, redeemed

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _replayed(world: World, weeks: int) -> World:
    """A world in which just that has happened; points come and go as the ledger takes them, oldest first."""
    config = load_config()
    dataset = load_dataset(config, weeks)
    partners = dict(zip([each.slug for each in config.partners], world.partners, strict=True))
    members = {household: new_id() for household in dataset.households()}
    for day in dataset.days():
        purchases = dataset.day(day)
        for each in purchases:
            world.now_us = to_micros(each.occurred_at)
            _bought(world, members[each.household], partners[each.partner], each.amount_minor, day)
        candidates = visits(config, purchases)
        balances = {
            visit.household: world.balance(members[visit.household])
            for visit in drawn_visits(config, day, candidates)
        }
        for burn in plan_burns(config, day, candidates, balances):
            world.now_us = to_micros(burn.occurred_at)
            member, partner = members[burn.household], partners[burn.partner]
            parts = world.take(member, burn.points, "redeemed")
            world.burns.append(Spent(redeemed(world, member, partner, parts), member, partner, day, parts))
    return world


def _bought(world: World, member: UUID, partner: UUID, amount_minor: int, day: date) -> None:
    points = amount_minor // 100
    seq, identity = earned(world, member, partner, amount_minor, points)
    lot = Lot(seq, partner, day, points) if points else None
    if lot:
        world.wallets.setdefault(member, []).append([lot, points])
        world.changes.append(Change(day, lot, "issued", points))
    world.sales.append(Bought(seq, identity, member, partner, day, amount_minor, lot))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("weeks", [1, pytest.param(53, marks=pytest.mark.long)])
async def test_the_figures_of_the_demo(house: InsightsHouse, weeks: int) -> None:
    world = World.begin(f"demo-{weeks}", 500 + weeks, 1, partners=7, members=1)
    _replayed(world, weeks)
    await house.told(world)
    first, last = date(2017, 1, 1), date(2018, 1, 3)
    counted = Counted(world, first, last)
    answer = await house.ask(world, "GetBasket", period=period(first, last))
    found = {row.party.slug: (row.purchases, row.net_minor, row.members) for row in answer.rows}
    assert found == counted.basket()
    if weeks == 53:
        assert found["all"][:2] == (349_222, 459_603_958)
    repeat = await house.ask(world, "GetRepeat", period=period(first, last))
    rows = {row.party.slug: (row.members, row.repeaters) for row in repeat.rows}
    assert rows == counted.repeat()
    assert await house.documented("repeat", world, first, last) == [rows["all"]]
    assert await house.documented("basket", world, first, last) == [found["all"]]
    cohorts = await house.ask(world, "GetCohorts", period=period(first, last), unit=2)
    assert {each.starts_on: tuple(each.buyers) for each in cohorts.cohorts} == counted.cohorts("week")
    flow = await house.ask(world, "GetFlow", period=period(first, last))
    assert {(each.issuer.slug, each.redeemer.slug): each.points for each in flow.cells} == counted.flow()
    spent = await house.ask(world, "GetRedemption", period=period(first, last))
    assert {
        row.party.slug: (row.issued, row.redeemed, row.redeemers) for row in spent.rows
    } == counted.redemption()
    left = await house.ask(world, "GetLiability", day=last.isoformat())
    assert {row.issuer.slug: row.outstanding for row in left.rows} == {
        slug: row[-1] for slug, row in counted.liability().items()
    }
