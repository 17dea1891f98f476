"""Burns follow their rule and nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.demo.burns import Burn, Visit, drawn_visits, plan_burns, visits
from services.demo.config import DemoConfig
from services.demo.dataset import Dataset

DAY = date(2017, 3, 1)


@pytest.fixture
def eager(config: DemoConfig) -> DemoConfig:
    """Everybody burns at every visit."""
    partners = tuple(replace(partner, burn_share_permille=1000) for partner in config.partners)
    return replace(config, partners=partners)


def test_a_visit_sums_a_days_purchases_at_a_partner_in_member_and_partner_order(
    config: DemoConfig, year: Dataset
) -> None:
    purchases = year.day(DAY)
    found = visits(config, purchases)
    places = {partner.slug: place for place, partner in enumerate(config.partners)}
    keys = [(visit.household, places[visit.partner]) for visit in found]
    assert keys == sorted(set(keys))
    assert sum(visit.amount_minor for visit in found) == sum(each.amount_minor for each in purchases)
    assert visits(config, reversed(purchases)) == found


def test_points_are_the_least_of_balance_cap_and_cost_in_whole_steps(eager: DemoConfig) -> None:
    at = datetime(2017, 3, 2, 4, 59, 59, tzinfo=UTC)
    plan = plan_burns(
        eager,
        DAY,
        [
            Visit(1, "grocer", "S1", 9_000),  # the cap
            Visit(1, "fuel", "S2", 9_000),  # what the first left: 230
            Visit(2, "grocer", "S1", 349),  # the cost
            Visit(3, "grocer", "S1", 9_000),  # a point short
            Visit(4, "grocer", "S1", 49),  # less than a step
        ],
        {1: 730, 2: 400, 3: 199, 4: 1_000},
    )
    assert plan == (
        Burn(1, "grocer", "S1", 500, 9_000, "burn-20170301-1", at),
        Burn(1, "fuel", "S2", 200, 9_000, "burn-20170301-1", at),
        Burn(2, "grocer", "S1", 300, 349, "burn-20170301-2", at),
    )


def test_a_burn_comes_after_every_purchase_of_its_local_date(config: DemoConfig, year: Dataset) -> None:
    for day in (date(2017, 1, 7), date(2017, 7, 4)):
        everybody = dict.fromkeys(year.households(), 1_000)
        purchases = year.day(day)
        plan = plan_burns(config, day, visits(config, purchases), everybody)
        assert plan
        for burn in plan:
            assert burn.occurred_at.astimezone(config.programme.zone).date() == day
            assert burn.occurred_at >= max(purchase.occurred_at for purchase in purchases)


def test_only_drawn_households_need_a_balance(config: DemoConfig, year: Dataset) -> None:
    candidates = visits(config, year.day(DAY))
    drawn = drawn_visits(config, DAY, candidates)
    assert 0 < len(drawn) < len(candidates) / 20
    asked = {visit.household: 300 for visit in drawn}
    assert plan_burns(config, DAY, candidates, asked)
    with pytest.raises(KeyError):
        plan_burns(config, DAY, candidates, {})


def test_the_draw_depends_on_seed_date_household_and_partner(config: DemoConfig) -> None:
    some = [Visit(household, "leisure", "S1", 1_000) for household in range(400)]
    base = drawn_visits(config, DAY, some)
    other_seed = replace(config, burns=replace(config.burns, seed="another"))
    assert drawn_visits(config, DAY, some) == base
    assert drawn_visits(config, date(2017, 3, 2), some) != base
    assert drawn_visits(other_seed, DAY, some) != base
    # 250 of 1000 at leisure.
    assert 70 < len(base) < 130
