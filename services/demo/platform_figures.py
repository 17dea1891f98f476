"""The demo's figures as the platform knows them: from nets, the matrix, statements, the journal and recorded purchases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

from coalition.partners.v1 import clearing_pb2, limits_pb2
from coalition.points.v1 import movement_pb2

from services.demo.config import DemoConfig
from services.demo.figures import OPERATOR, Figures, Stated
from services.operations import approvals, campaigns, ledger, settlement
from services.operations.session import Session
from services.runtime.principal import Programme

_FEES: Final = (
    clearing_pb2.STATEMENT_LINE_KIND_FEE,
    clearing_pb2.STATEMENT_LINE_KIND_CYCLE_FEE,
)


async def read_figures(session: Session, programme: Programme, weeks: int) -> Figures:
    """Figures of windows 1 to `weeks`. Counts come from the purchases and postings themselves."""
    issued: dict[str, dict[int, int]] = defaultdict(dict)
    burned: dict[str, dict[int, int]] = defaultdict(dict)
    nets: dict[str, dict[int, int]] = defaultdict(dict)
    carries: dict[str, dict[int, int]] = defaultdict(dict)
    for net in await settlement.nets(session, programme, 1, weeks):
        slug = net.party.slug
        nets[slug][net.window] = net.net_minor
        if slug != OPERATOR:
            issued[slug][net.window] = net.points_issued
            burned[slug][net.window] = net.points_burned
            carries[slug][net.window] = net.carry_out_micros
    matrix: dict[str, Counter[str]] = defaultdict(Counter)
    for cell in await settlement.matrix(session, programme, 1, weeks):
        matrix[cell.issuer.slug][cell.redeemer.slug] += cell.points
    stated = await _stated(session, programme, weeks)
    counts: Mapping[str, Any] = await _counts(session, programme)
    return Figures(
        weeks=weeks,
        **counts,
        statements=sum(len(of_partner) for of_partner in stated.values()),
        issued=issued,
        burned=burned,
        matrix=matrix,
        nets=nets,
        carries=carries,
        stated=stated,
    )


async def _counts(session: Session, programme: Programme) -> Mapping[str, int]:
    purchases = without_points = 0
    async for block in ledger.purchases(session, programme):
        purchases += len(block)
        without_points += sum(1 for purchase in block if purchase.points == 0)
    postings: Counter[int] = Counter()
    granted = 0
    async for records in ledger.journal(session, programme):
        for record in records:
            postings[record.transaction.kind] += 1
            if record.transaction.kind == movement_pb2.MOVEMENT_KIND_GRANT:
                granted += record.transaction.points
    return {
        "purchases": purchases,
        "zero_point_purchases": without_points,
        "burns": postings[movement_pb2.MOVEMENT_KIND_REDEEM],
        "grants": postings[movement_pb2.MOVEMENT_KIND_GRANT],
        "granted_points": granted,
        "loaded_points": sum(each.loaded for each in await campaigns.campaigns(session, programme)),
    }


async def _stated(session: Session, programme: Programme, weeks: int) -> dict[str, dict[int, Stated]]:
    found: dict[str, dict[int, Stated]] = defaultdict(dict)
    for each in await settlement.statements(session, programme, weeks):
        charged = fees = 0
        for line in each.lines:
            charged += line.amount_micros * (line.kind == clearing_pb2.STATEMENT_LINE_KIND_CHARGED)
            fees += line.amount_micros * (line.kind in _FEES)
        found[each.party.slug][each.window.number] = Stated(
            first_week=each.first_window,
            opening=each.opening_minor,
            net=each.net.net_minor,
            closing=each.closing_minor,
            charged=charged,
            fees=fees,
        )
    return found


async def read_limits(
    session: Session, programme: Programme, config: DemoConfig
) -> dict[str, limits_pb2.CreditLimit]:
    """The credit limits that count, by partner; none where a partner has none."""
    found = {
        partner.slug: await approvals.limits(session, programme, partner.slug) for partner in config.partners
    }
    return {slug: versions[-1] for slug, versions in found.items() if versions}
