"""The demo's figures as the platform knows them: from nets, the matrix and the recorded purchases."""

from __future__ import annotations

from collections import Counter, defaultdict

from services.demo.figures import OPERATOR, Figures
from services.operations import ledger, settlement
from services.operations.session import Session
from services.runtime.principal import Programme


async def read_figures(session: Session, programme: Programme, weeks: int) -> Figures:
    """Figures of windows 1 to `weeks`. Counts come from the purchases and movements themselves."""
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
    purchases = without_points = 0
    async for block in ledger.purchases(session, programme):
        purchases += len(block)
        without_points += sum(1 for purchase in block if purchase.points == 0)
    head = await ledger.head(session, programme)
    return Figures(
        weeks=weeks,
        purchases=purchases,
        zero_point_purchases=without_points,
        burns=head.last_seq - purchases,
        issued=issued,
        burned=burned,
        matrix=matrix,
        nets=nets,
        carries=carries,
    )
