"""The demo's burns: made up, but always the same ones.

The data has purchases only. Who burns where and when is decided by a keyed hash of (household, local date,
partner), so the plan of a day needs no state but the balances before it and can be made again anywhere.
recompute.py holds the same rule in words of its own, on purpose.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b

from services.demo.config import DemoConfig, DemoPartner
from services.demo.dataset import Purchase


@dataclass(frozen=True, slots=True)
class Visit:
    """All purchases of a household at a partner on one local date; `store` is where the last one was."""

    household: int
    partner: str
    store: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Burn:
    """Points that a household burns at a partner; `reference` is unique per partner, `basket_minor` what it bought there that day."""

    household: int
    partner: str
    store: str
    points: int
    basket_minor: int
    reference: str
    occurred_at: datetime


def visits(config: DemoConfig, purchases: Iterable[Purchase]) -> tuple[Visit, ...]:
    """The visits of one day's purchases, in member and partner order."""
    amounts: dict[tuple[int, int], int] = {}
    last: dict[tuple[int, int], Purchase] = {}
    places = {partner.slug: place for place, partner in enumerate(config.partners)}
    for purchase in purchases:
        key = (purchase.household, places[purchase.partner])
        amounts[key] = amounts.get(key, 0) + purchase.amount_minor
        latest = last.setdefault(key, purchase)
        if (purchase.occurred_at, int(purchase.reference)) > (latest.occurred_at, int(latest.reference)):
            last[key] = purchase
    return tuple(
        Visit(household, config.partners[place].slug, last[household, place].store, amounts[household, place])
        for household, place in sorted(amounts)
    )


def drawn_visits(config: DemoConfig, day: date, candidates: Iterable[Visit]) -> tuple[Visit, ...]:
    """The visits at which the household burns if it has the points, in the given order.

    It does not depend on balances: only these households' balances are needed for the plan.
    """
    partners = {partner.slug: partner for partner in config.partners}
    return tuple(visit for visit in candidates if _is_drawn(config, day, visit, partners[visit.partner]))


def plan_burns(
    config: DemoConfig, day: date, candidates: Iterable[Visit], balances: Mapping[int, int]
) -> tuple[Burn, ...]:
    """The day's burns in member and partner order, which is also the order to post one member's burns in.

    `candidates` are the day's visits as visits() orders them, `balances` the points of each drawn household
    after all earns of the day and before its burns; a missing one raises KeyError.
    """
    rule = config.burns
    occurred_at = datetime.combine(day, rule.local_time, tzinfo=config.programme.zone).astimezone(UTC)
    left: dict[int, int] = {}
    planned: list[Burn] = []
    for visit in drawn_visits(config, day, candidates):
        household = visit.household
        balance = left.setdefault(household, balances[household])
        if balance < rule.balance_min:
            continue
        affordable = visit.amount_minor * rule.value_points // rule.value_minor
        most = min(balance, rule.points_max, affordable)
        points = most - most % rule.points_step
        if points == 0:
            continue
        left[household] = balance - points
        reference = f"burn-{day:%Y%m%d}-{household}"
        planned.append(
            Burn(household, visit.partner, visit.store, points, visit.amount_minor, reference, occurred_at)
        )
    return tuple(planned)


def _is_drawn(config: DemoConfig, day: date, visit: Visit, partner: DemoPartner) -> bool:
    """Whether the hash, a number of 64 bits, falls under the partner's share of that range."""
    text = f"{visit.household}|{day.isoformat()}|{visit.partner}".encode()
    drawn = int.from_bytes(blake2b(text, key=config.burns.seed.encode(), digest_size=8).digest(), "big")
    return drawn * 1000 < partner.burn_share_permille << 64
