"""The demo's figures as the platform knows them: from nets, the matrix, statements, the journal and recorded purchases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from services.demo.config import DemoConfig
from services.demo.figures import OPERATOR, Figures, Stated
from services.operations import approvals, campaigns, documents, ledger, settlement
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.principal import Programme


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
    for cell in (await settlement.matrix(session, programme, 1, weeks)).cells:
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
    posted = await ledger.posted_by_kind(session, programme)
    grants = posted.get("grant", ledger.Posted())
    return {
        "purchases": purchases,
        "zero_point_purchases": without_points,
        "burns": posted.get("redeem", ledger.Posted()).postings,
        "grants": grants.postings,
        "granted_points": grants.points,
        "loaded_points": sum(each.loaded for each in await campaigns.campaigns(session, programme)),
    }


async def _stated(session: Session, programme: Programme, weeks: int) -> dict[str, dict[int, Stated]]:
    found: dict[str, dict[int, Stated]] = defaultdict(dict)
    for each in await settlement.statements(session, programme, weeks):
        told = documents.statement(each, programme.zone)
        parts = Counter[str]()
        for line in told["lines"]:
            parts[line["kind"]] += line["amount_micros"]
        found[told["partner"]][told["covers"]["last_window"]] = Stated(
            first_week=told["covers"]["first_window"],
            opening=told["opening_minor"],
            net=told["net"]["net_minor"],
            closing=told["closing_minor"],
            charged=parts["charged"],
            fees=parts["fee"] + parts["cycle_fee"],
        )
    return found


async def read_limits(session: Session, programme: Programme, config: DemoConfig) -> dict[str, Document]:
    """The credit limits that count, by partner, as approvals.limit_document tells them; none where a partner has none."""
    found = {
        partner.slug: await approvals.limits(session, programme, partner.slug) for partner in config.partners
    }
    return {
        slug: approvals.limit_document(versions[-1], programme.zone)
        for slug, versions in found.items()
        if versions
    }
