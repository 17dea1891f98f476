"""Why a movement came to its points."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.points.domain.explaining import (
    ExplainedBurn,
    ExplainedLots,
    Explanation,
    LotAct,
    explain_campaigns,
    explain_earn,
    explain_lots,
    explain_refund,
)
from services.points.domain.movements import MovementKind, Transaction
from services.points.queries.reads import Reads
from services.points.storage import burn_rules, campaigns, explanations, journal, records, sales
from services.runtime.database import PgConnection, ReadDatabase

_BURNS: Final = frozenset({MovementKind.REDEEM, MovementKind.CAPTURE, MovementKind.HOLD})


class Explain:
    """Explains movements: what was posted never changes, so each part is read as it comes."""

    def __init__(self, database: ReadDatabase, reads: Reads) -> None:
        self._database, self._reads = database, reads

    async def __call__(self, ledger_id: int, transaction_id: UUID, partner_id: UUID | None) -> Explanation:
        """Explains one. Raises NotFound where there is none, or it is not the given partner's."""
        transaction = await self._reads.transaction(ledger_id, transaction_id, partner_id)
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            explanation = await _counted(driver, ledger_id, transaction)
            return explanation._replace(lots=await _lots(driver, ledger_id, transaction))


async def _counted(connection: PgConnection, ledger_id: int, transaction: Transaction) -> Explanation:
    kind, explained = transaction.kind, Explanation(transaction)
    if kind in (MovementKind.EARN, MovementKind.GRANT):
        return await _earned(connection, ledger_id, transaction)
    if kind in _BURNS and transaction.partner_id is not None and transaction.worth is not None:
        noted = await explanations.worth(connection, ledger_id, transaction.seq)
        versions = await burn_rules.versions(connection, ledger_id, transaction.partner_id)
        rules = {each.version: each.rule for each in versions}
        if noted is not None:
            rule = rules[noted.rule_version]
            return explained._replace(
                burn=ExplainedBurn(noted.points, rule, transaction.worth, noted.basket_minor)
            )
    if kind is MovementKind.REFUND:
        original_id = await explanations.id_at(connection, ledger_id, transaction.original_seq)
        (of,) = await sales.by_ids(connection, ledger_id, [original_id])
        *before, own = await explanations.refunds_up_to(
            connection, ledger_id, transaction.original_seq, transaction.seq
        )
        earlier = [each.figures for each in before]
        return explained._replace(refund=explain_refund(of.sale, own.tender_order, earlier, own.figures))
    return explained


async def _earned(connection: PgConnection, ledger_id: int, transaction: Transaction) -> Explanation:
    earned = transaction
    if transaction.kind is MovementKind.GRANT:
        earn_id = await explanations.id_at(connection, ledger_id, transaction.original_seq)
        found = await journal.by_id(connection, ledger_id, earn_id)
        if found is None:
            raise ArithmeticError("a grant is of no earn")
        earned = found
    (of,) = await sales.by_ids(connection, ledger_id, [earned.transaction_id])
    earn = explain_earn(of.sale)
    versions = await campaigns.versions(connection, ledger_id)
    there = explain_campaigns(versions, earn, earned, earned.bonuses)
    own = transaction.campaign
    if own is not None:
        there = [each for each in there if each.version.terms.campaign_id == own.campaign_id]
    return Explanation(transaction, earn, there)


async def _lots(connection: PgConnection, ledger_id: int, transaction: Transaction) -> list[ExplainedLots]:
    partner_id, seq = transaction.partner_id, transaction.seq
    (detail,) = await records.details(connection, ledger_id, seq, seq)
    found = [
        ExplainedLots(
            LotAct.OPENED,
            lot.issuer_id == partner_id,
            lot.point_type,
            lot.points,
            lot.expires_at_us,
            lot.matures_at_us,
        )
        for lot in detail.opened
    ]
    found += explain_lots(LotAct.TAKEN, detail.used, partner_id)
    found += explain_lots(LotAct.GIVEN_BACK, detail.given_back, partner_id)
    if transaction.kind is MovementKind.HOLD:
        aside = await explanations.set_aside(connection, ledger_id, seq)
        found += explain_lots(LotAct.SET_ASIDE, aside, partner_id)
    return found
