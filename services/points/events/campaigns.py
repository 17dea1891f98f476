"""How the ledger words what campaigns do."""

from __future__ import annotations

from coalition.events.v1 import points_pb2 as pb

from services.points.domain.campaigns import CampaignVersion
from services.points.domain.movements import Transaction
from services.points.events.words import bytes_of


def granted(transaction: Transaction, version: CampaignVersion, lot_no: int) -> bytes:
    """The payload of `points.granted`."""
    return pb.PointsGranted(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        campaign_id=version.terms.campaign_id.bytes,
        version=version.version,
        original_seq=transaction.original_seq,
        points=transaction.brought,
        funders=[
            pb.CampaignFunder(partner_id=funder.partner_id.bytes, percent=funder.percent)
            for funder in version.terms.funders
        ],
        lot_no=lot_no,
        expires_at_us=transaction.expires_at_us,
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
        matures_at_us=transaction.matures_at_us,
    ).SerializeToString()


def budget_loaded(transaction: Transaction, left: int) -> bytes:
    """The payload of `points.budget_loaded`."""
    loaded = transaction.campaign
    return pb.PointsBudgetLoaded(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        campaign_id=bytes_of(loaded.campaign_id if loaded is not None else None),
        points=loaded.points if loaded is not None else 0,
        left=left,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()
