"""Whatever happens, in whatever blocks it is told: every figure is that of plain Python, and so is its documented query."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.insights import InsightsHouse, period
from tests.support.insights_figures import Counted
from tests.support.insights_world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

_BECAME: Final = ("issued", "reversed", "redeemed", "expired", "taken", "outstanding")
_BEGINS: Final = date(2026, 1, 1)


async def _counted_by_the_service(
    house: InsightsHouse, world: World, first: date, last: date, partner: UUID | None
) -> dict[str, Any]:
    wanted: dict[str, Any] = {"partner_id": partner.bytes if partner else b""}

    async def ask(method: str, **more: Any) -> Any:
        return await house.ask(world, method, period=period(first, last), **wanted, **more)

    async def rows(method: str, *fields: str) -> dict[str, Any]:
        answer = await ask(method)
        return {row.party.slug: tuple(getattr(row, name) for name in fields) for row in answer.rows}

    active = await ask("GetActive")
    liability = await house.ask(world, "GetLiability", day=last.isoformat(), **wanted)
    return {
        "repeat": await rows("GetRepeat", "members", "repeaters"),
        "basket": await rows("GetBasket", "purchases", "net_minor", "members"),
        "redemption": await rows("GetRedemption", "issued", "redeemed", "redeemers"),
        "active": await rows("GetActive", "active", "buyers", "redeemers"),
        "membership": (active.members, active.anonymous),
        "months": {row.starts_on: tuple(row.buyers) for row in (await ask("GetCohorts")).cohorts},
        "weeks": {row.starts_on: tuple(row.buyers) for row in (await ask("GetCohorts", unit=2)).cohorts},
        "breakage": {
            row.month: (row.age_months, *(getattr(row, name) for name in _BECAME))
            for row in (await ask("GetBreakage")).rows
        },
        "rfm": {
            (row.recency, row.frequency, row.money): (row.members, row.days, row.net_minor)
            for row in (await ask("GetRfm")).cells
        },
        "flow": {(row.issuer.slug, row.redeemer.slug): row.points for row in (await ask("GetFlow")).cells},
        "shared": {(row.first.slug, row.second.slug): row.members for row in (await ask("GetShared")).pairs},
        "liability": {
            row.issuer.slug: tuple(getattr(row, name) for name in _BECAME) for row in liability.rows
        },
    }


def _counted_in_python(counted: Counted) -> dict[str, Any]:
    return {
        "repeat": counted.repeat(),
        "basket": counted.basket(),
        "redemption": counted.redemption(),
        "active": counted.active(),
        "membership": counted.membership(),
        "months": counted.cohorts("month"),
        "weeks": counted.cohorts("week"),
        "breakage": counted.breakage(),
        "rfm": counted.rfm(),
        "flow": counted.flow(),
        "shared": counted.shared(),
        "liability": counted.liability(),
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    acts=st.integers(0, 160),
    days=st.integers(1, 120),
    first=st.integers(0, 90),
    length=st.integers(1, 120),
    of_partner=st.none() | st.integers(0, 2),
    pieces=st.integers(1, 5),
)
async def test_every_figure_is_what_happened(
    house: InsightsHouse,
    seed: int,
    acts: int,
    days: int,
    first: int,
    length: int,
    of_partner: int | None,
    pieces: int,
) -> None:
    world = house.begin(seed)
    if acts:
        world.live(days, acts)
    size = -(-len(world.events) // pieces)
    for start in range(0, len(world.events), size):
        await house.tell(world, world.events[start : start + size])
        await house.catch_up(world)
    begins = _BEGINS + timedelta(days=first)
    ends = begins + timedelta(days=length - 1)
    partner = None if of_partner is None else world.partners[of_partner]
    found = await _counted_by_the_service(house, world, begins, ends, partner)
    assert found == _counted_in_python(Counted(world, begins, ends, partner))
    if partner is None:
        (repeat,) = await house.documented("repeat", world, begins, ends)
        (basket,) = await house.documented("basket", world, begins, ends)
        (redemption,) = await house.documented("redemption", world, begins, ends)
        assert repeat == found["repeat"].get("all", (0, 0))
        assert (basket, redemption) == (found["basket"]["all"], found["redemption"]["all"])
