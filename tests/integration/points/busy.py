"""A ledger in which every kind of row is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from coalition.points.v1 import movement_pb2
from coalition.points.v1.points_pb2 import Funder

from services.runtime.event_log import PARTITIONS
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule
from tests.support.campaign_wire import load_budget, promote, set_campaign
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, hold, redemption, refund, reversal, void
from tests.support.wallet_wire import adjustment, merge, opening, transfer

FIXED_DATE = ExpiryPolicy(ExpiryRule.FIXED_DATE, 12, 2, 29, 30)
ACTIVITY = ExpiryPolicy(ExpiryRule.ACTIVITY, 12, 0, 0, 30)
STORE = UUID("01900000-0000-7000-8000-000000000001")
DAY_US = 86_400_000_000
LAPSE_US = STARTS_AT_US + 800 * DAY_US


@dataclass(frozen=True)
class Busy:
    """The ledger, one beside it in the same tables, and one in which points expire with inactivity."""

    house: PointsHouse
    beside: PointsHouse
    by_activity: PointsHouse
    tills: tuple[Till, Till]
    members: tuple[UUID, ...]

    @property
    def ledger_id(self) -> int:
        return self.house.programme.ledger_id


async def make_busy(running: RunningPoints) -> Busy:
    """Fills two ledgers the same way, and a third one."""
    house, beside, by_activity = running.house(), running.house(), running.house(expiry=ACTIVITY)
    await _fill(beside)
    await _fill_by_activity(by_activity)
    tills, members = await _fill(house)
    return Busy(house, beside, by_activity, tills, members)


async def _fill_by_activity(house: PointsHouse) -> None:
    """Points that expired with inactivity, points that came back after that, and some that live."""
    till = await house.till()
    idle, active = house.member(), house.member()
    burns = await till.post(
        earn(idle, 5_000), earn(active, 5_000), redemption(idle, 20), redemption(active, 10)
    )
    await till.hold(active, 5)
    await house.move_clock(LAPSE_US)
    now = {"occurred_at_us": LAPSE_US}
    await till.refund(burns[2].transaction.transaction_id, points=15, **now)
    await till.earn(active, 3_000, **now)
    await till.redeem(active, 7, **now)
    await till.refund(burns[3].transaction.transaction_id, points=5, **now)
    await _arrive(house, till, active)


async def _arrive(house: PointsHouse, till: Till, active: UUID) -> None:
    """Points that are pending, that matured, and that came to wallets without an activity."""
    await house.set_limits()
    shoes, now = await house.till(pending_days=20), {"occurred_at_us": LAPSE_US}
    gifted, given, merged = (house.member() for _ in range(3))
    await shoes.post(
        earn(active, 1_000, occurred_at_us=LAPSE_US - 19 * DAY_US),
        earn(active, 500, reference="boots", **now),
    )
    await till.post(transfer(active, gifted, 6, **now), earn(merged, 700, **now))
    await house.post(
        adjustment(given, 12), opening(given, 8, expires_at_us=LAPSE_US + DAY_US), opening(gifted, 9)
    )
    await house.move_clock(LAPSE_US + 2 * DAY_US)
    await shoes.refund("boots", 200, occurred_at_us=LAPSE_US + 2 * DAY_US)
    await till.redeem(active, 2, occurred_at_us=LAPSE_US + 2 * DAY_US)
    await house.post(merge(merged, given), adjustment(gifted, -1))


async def _fill(house: PointsHouse) -> tuple[tuple[Till, Till], tuple[UUID, ...]]:
    grocer, fuel = await house.till(), await house.till(points=3)
    house.neighbours.stores[grocer.partner_id.bytes] = {STORE.bytes}
    members = tuple(_told_apart(house) for _ in range(4))
    await grocer.post(*(earn(member, 1_000 + 100 * place) for place, member in enumerate(members)))
    await fuel.post(*(earn(member, 300) for member in members), earn(members[0], 1))
    await grocer.post(redemption(members[0], 12), redemption(members[1], 10**6), redemption(members[2], 3))
    await fuel.post(
        earn(members[3], 500, key="a", reference="twice"), earn(members[3], 500, key="b", reference="twice")
    )
    holds = await grocer.post(hold(members[1], 5), hold(members[2], 4), hold(members[1], 2, seconds=60))
    first, second, _ = (result.transaction.transaction_id for result in holds)
    await grocer.post(capture(first, 3), void(second))
    late = house.member()
    old = await grocer.post(earn(late, 2_000), redemption(late, 15))
    burned = old[1].transaction.transaction_id
    await house.cut_at((await house.head()).now_us)
    await house.move_clock(LAPSE_US)
    await house.set_expiry(FIXED_DATE)
    await fuel.post(
        earn(members[0], 5_000, occurred_at_us=LAPSE_US), redemption(members[0], 20, occurred_at_us=LAPSE_US)
    )
    # One hold stays open, and one past its time is found when somebody comes to its wallet.
    await fuel.hold(members[0], 30, occurred_at_us=LAPSE_US)
    await fuel.redeem(members[1], 10**6, occurred_at_us=LAPSE_US)
    # Refusals alone make a batch of nothing.
    await fuel.redeem(members[1], 10**6, occurred_at_us=LAPSE_US)
    await _refund(house, grocer, fuel, late, burned)
    await _mature(house, members[3])
    await _wait(grocer, late)
    await _bound(house, grocer, fuel, late)
    await _promote(house)
    await _park(house)
    await _take_points(house)
    return (grocer, fuel), members


def _told_apart(house: PointsHouse) -> UUID:
    """A member whose events are not in the partition in which the programme's own would be."""
    member = house.member()
    return member if member.int % PARTITIONS else _told_apart(house)


async def _mature(house: PointsHouse, member: UUID) -> None:
    """Points that were pending, that are still, and that were taken back before they could be spent."""
    shoes, now = await house.till(points=2, pending_days=14), {"occurred_at_us": LAPSE_US - 10 * DAY_US}
    await shoes.post(earn(member, 2_000, reference="shoes", **now), earn(member, 600, **now))
    await shoes.refund("shoes", 700, occurred_at_us=LAPSE_US)
    await house.move_clock(LAPSE_US + 5 * DAY_US)
    later = {"occurred_at_us": LAPSE_US + 5 * DAY_US}
    await shoes.post(redemption(member, 3, **later), earn(member, 900, reference="boots", **later))
    await shoes.refund("boots", 100, **later)


async def _bound(house: PointsHouse, grocer: Till, fuel: Till, member: UUID) -> None:
    """Credit floors: one that an earn reaches, one that is lifted again, one above what has been issued."""
    await house.set_floor(grocer.partner_id, -(10**6), 1)
    balance = (await house.floors()).floors[0].balance
    await house.set_floor(grocer.partner_id, balance - 7, 2)
    await grocer.post(earn(member, 700, occurred_at_us=LAPSE_US), earn(member, 700, occurred_at_us=LAPSE_US))
    await house.set_floor(fuel.partner_id, -5, 3)
    await house.set_floor(fuel.partner_id, None, 4)
    await house.set_floor(fuel.partner_id, -1, 4)


async def _promote(house: PointsHouse) -> None:
    """What campaigns gave on top of sales: by two versions, up to the end of a budget, pending, taken back and owed."""
    now = {"occurred_at_us": LAPSE_US + 5 * DAY_US}
    toys, books = await house.till(), await house.till(points=2, pending_days=14)
    partners: dict[str, Any] = {"partner_ids": [till.partner_id.bytes for till in (toys, books)]}
    funders = [Funder(percent=40), Funder(partner_id=toys.partner_id.bytes, percent=60)]
    triple = await promote(house, 400, **partners, funders=funders)
    fixed = await promote(house, 12, **partners, fixed_points=5, min_amount_minor=500)
    one, other = house.member(), house.member()
    await toys.post(
        earn(one, 3_000, reference="robot", **now), earn(one, 400, **now), earn(other, 6_000, reference="train", **now),
        earn(other, 900, **now), redemption(other, 190, **now),
    )  # fmt: skip
    await books.post(earn(one, 1_000, reference="atlas", **now), earn(one, 2_000, **now))
    await toys.refund("robot", 2_600, **now)
    await toys.refund("train", 1_000, **now)
    await books.refund("atlas", 350, **now)
    await set_campaign(house, UUID(bytes=triple), multiplier_percent=150, **partners, funders=funders)
    await load_budget(house, fixed, 8)
    await toys.post(earn(one, 800, **now), redemption(one, 1, **now))


async def _park(house: PointsHouse) -> None:
    """Earns that are parked still, that were posted, that were taken away: alone, and with burns."""
    till, now = await house.till(), {"occurred_at_us": LAPSE_US + 5 * DAY_US}
    house.neighbours.stores[till.partner_id.bytes] = {STORE.bytes}
    one, other, left = house.member(), house.member(), house.member()
    await till.post(earn(one, 3_000, **now), earn(other, 2_000, **now), earn(left, 500, **now))
    await house.set_floor(till.partner_id, -55, 5, parks=True)
    await till.post(
        earn(one, 1_000, linked=True, reference="desk", store_id=STORE, **now), redemption(one, 8, **now),
        earn(other, 900, linked=True, key="lamp", **now), redemption(other, 6, **now),
        earn(one, 700, key="chair", **now), earn(one, 10_000, reference="mill", store_id=STORE, **now),
        earn(left, 800, reference="gone", **now),
    )  # fmt: skip
    await till.post(reversal("chair", **now), refund("desk", 250, **now))
    await till.post(reversal("lamp", **now), refund("mill", 10, **now))
    await house.set_floor(till.partner_id, -75, 6, parks=True)
    assert await house.unpark() == 2


async def _take_points(house: PointsHouse) -> None:
    """Burns and holds by rules: alone and for sales, as a tender and as a discount, up to a day's limit, by the rule of a hold."""
    now = {"occurred_at_us": LAPSE_US + 5 * DAY_US}
    tender, discount = await house.till(), await house.till()
    one, other = house.member(), house.member()
    await tender.post(earn(one, 50_000, **now), earn(other, 50_000, **now))
    await house.set_burn_rule(
        tender.partner_id, worth_minor=80, step_points=5, minimum_points=10, daily_points=120
    )
    later = LAPSE_US + 4 * DAY_US
    await house.set_burn_rule(
        tender.partner_id, valid_from_us=later, worth_minor=90, share_percent=50, daily_points=110
    )
    cut = {"treatment": movement_pb2.BURN_TREATMENT_DISCOUNT, "excluded_categories": ["tobacco"]}
    await house.set_burn_rule(discount.partner_id, **cut)
    bought = movement_pb2.Basket(amount_minor=1_000, currency="USD")
    paid = [movement_pb2.Tender(kind="points", amount_minor=36)]
    held = await tender.post(
        hold(one, 60, basket=bought, **now), hold(other, 20, occurred_at_us=later - 1), hold(other, 30, basket=bought, **now),
        redemption(one, 45, basket=bought, **now),
    )  # fmt: skip
    first, second, third, _ = (result.transaction.transaction_id for result in held)
    await house.set_burn_rule(tender.partner_id, valid_from_us=later, worth_minor=95, minimum_points=50)
    await tender.post(
        earn(one, 200, linked=True, tenders=paid, **now), capture(first, 40, **now), capture(second, **now), void(third, **now)
    )  # fmt: skip
    lines = [
        movement_pb2.SaleLine(sku="1", category="food", amount_minor=400),
        movement_pb2.SaleLine(sku="2", category="tobacco", amount_minor=100),
    ]
    await discount.post(earn(other, 500, linked=True, lines=lines, **now), redemption(other, 25, **now))


async def _wait(grocer: Till, member: UUID) -> None:
    """Refunds that wait, that were taken back, and whose original has come."""
    now = {"occurred_at_us": LAPSE_US}
    await grocer.post(
        refund("later", 10, store_id=STORE, **now), refund("never", 10, **now), refund("not yet", 10, **now), refund("nor this", 10, key="w", **now)
    )  # fmt: skip
    await grocer.post(earn(member, 1_500, reference="later", **now), reversal("w", **now))


async def _refund(house: PointsHouse, grocer: Till, fuel: Till, late: UUID, burned: bytes) -> None:
    """Refunds of every kind: points that come back, in a lot of their own too, points that are taken back and owed."""
    now = {"occurred_at_us": LAPSE_US}
    owing = house.member()
    await grocer.earn(late, 900, **now)
    await grocer.refund(burned, points=10, **now)
    paid = [
        movement_pb2.Tender(kind="points", amount_minor=300),
        movement_pb2.Tender(kind="card", amount_minor=700),
    ]
    await fuel.post(
        earn(late, 1_000, linked=True, reference="sale", tenders=paid, **now), redemption(late, 12, **now)
    )
    await fuel.redeem(late, 1, **now)
    await fuel.refund("sale", 350, **now)
    await fuel.refund("sale", 150, **now)
    await grocer.post(
        earn(owing, 5_000, reference="owed", store_id=STORE, **now), redemption(owing, 40, **now),
        refund("owed", 4_000, store_id=STORE, **now),
        earn(owing, 1_200, **now),
    )  # fmt: skip
    await house.set_refund_rule(grocer.partner_id, "WITHIN_BALANCE")
    await grocer.refund("owed", 500, **now)
    await _pass_on(house, grocer, fuel)


async def _pass_on(house: PointsHouse, grocer: Till, fuel: Till) -> None:
    """Points taken over, put right by one and by two, given away; a wallet with debts and old sales given up."""
    now = {"occurred_at_us": LAPSE_US}
    giver, other, old, new = (house.member() for _ in range(4))
    await house.set_limits()
    earned_us, expires_us = LAPSE_US - 500 * 86_400_000_000, LAPSE_US + 500 * 86_400_000_000
    await house.post(
        opening(giver, 40, earned_at_us=earned_us, expires_at_us=expires_us, issuer=fuel.partner_id),
        opening(giver, 7, earned_at_us=earned_us, expires_at_us=expires_us),
        adjustment(other, 9),
        adjustment(giver, -3),
    )
    await house.adjust_by_two(adjustment(giver, 20_000))
    await fuel.post(transfer(giver, other, 25, **now), transfer(other, giver, 5, **now))
    sold = await grocer.post(earn(old, 3_000, **now), redemption(old, 11, **now))
    await fuel.earn(old, 600, **now)
    await grocer.post(earn(new, 100, **now))
    await house.post(merge(old, new))
    await grocer.refund(sold[1].transaction.transaction_id, points=4, **now)
    owing, richer = house.member(), house.member()
    await fuel.post(earn(owing, 2_000, reference="assumed", **now), redemption(owing, 50, **now))
    await fuel.refund("assumed", **now)
    await grocer.earn(richer, 900, **now)
    await house.post(merge(owing, richer))
    last = house.member()
    await fuel.earn(last, 300, **now)
    await house.post(merge(last, new))
