"""What tills ask of a partner that takes points by a rule, and what they hear."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from coalition.points.v1 import movement_pb2 as pb

from tests.support.points import PointsHouse, Till
from tests.support.points_wire import reason


def basket(amount_minor: int, lines: dict[str, int] | None = None, **tenders: int) -> pb.Basket:
    """A basket with lines by category."""
    return pb.Basket(
        amount_minor=amount_minor,
        currency="USD",
        lines=[
            pb.SaleLine(sku="s", category=category, amount_minor=amount)
            for category, amount in (lines or {}).items()
        ],
        tenders=[pb.Tender(kind=kind, amount_minor=amount) for kind, amount in tenders.items()],
    )


def in_points(amount_minor: int) -> list[pb.Tender]:
    """The tender of a sale that is paid in points in part."""
    return [pb.Tender(kind="points", amount_minor=amount_minor)]


def told(result: pb.Result) -> tuple[str, dict[str, str]]:
    """Why not, and the figures."""
    return reason(result), dict(result.error.metadata)


async def rich(house: PointsHouse, **rule: Any) -> tuple[Till, UUID]:
    """A till with a burn rule, and a member with 10,000 points."""
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000_000)
    await house.set_burn_rule(till.partner_id, **rule)
    return till, member
