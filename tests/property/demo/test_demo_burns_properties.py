"""Whatever the visits and balances: a burn never exceeds its limits, and the plan is a pure function."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.demo.burns import Visit, plan_burns
from services.demo.config import load_config

CONFIG = load_config()
EAGER = replace(
    CONFIG, partners=tuple(replace(partner, burn_share_permille=700) for partner in CONFIG.partners)
)
PLACES = {partner.slug: place for place, partner in enumerate(CONFIG.partners)}

days = st.integers(0, 364).map(lambda count: date(2017, 1, 1) + timedelta(days=count))
balances = st.dictionaries(st.integers(1, 8), st.integers(0, 3_000), min_size=8, max_size=8)
visits = st.dictionaries(
    st.tuples(st.integers(1, 8), st.sampled_from(sorted(PLACES))), st.integers(0, 80_000), max_size=30
).map(
    lambda found: tuple(
        Visit(household, partner, "S1", found[household, partner])
        for household, partner in sorted(found, key=lambda key: (key[0], PLACES[key[1]]))
    )
)


@given(days, visits, balances)
def test_burns_stay_within_balance_cap_cost_and_step(
    day: date, candidates: tuple[Visit, ...], before: dict[int, int]
) -> None:
    burned: Counter[int] = Counter()
    cost = {(visit.household, visit.partner): visit.amount_minor for visit in candidates}
    for burn in plan_burns(EAGER, day, candidates, before):
        assert before[burn.household] - burned[burn.household] >= EAGER.burns.balance_min
        burned[burn.household] += burn.points
        assert 0 < burn.points <= EAGER.burns.points_max
        assert burn.points % EAGER.burns.points_step == 0
        assert burn.points <= cost[burn.household, burn.partner]
    assert all(points <= before[household] for household, points in burned.items())


@given(days, visits, balances)
def test_a_members_plan_does_not_depend_on_other_members(
    day: date, candidates: tuple[Visit, ...], before: dict[int, int]
) -> None:
    together = plan_burns(EAGER, day, candidates, before)
    alone = [
        burn
        for household in sorted(before)
        for burn in plan_burns(EAGER, day, [v for v in candidates if v.household == household], before)
    ]
    assert together == tuple(alone)
    assert [(burn.household, PLACES[burn.partner]) for burn in together] == sorted(
        (burn.household, PLACES[burn.partner]) for burn in together
    )
