"""What quotes are asked of: sales and refunds as the points service takes them, without reference and key."""

from __future__ import annotations

from uuid import UUID

from coalition.points.v1 import movement_pb2

from services.gateway.clients.orders import line_messages, tender_messages
from services.gateway.schemas.baskets import Basket
from services.gateway.schemas.quotes import QuoteBody, QuotedRefundBody


def quoted_sale(
    body: QuoteBody, sale: Basket, member_id: UUID | None, store_id: UUID | None
) -> movement_pb2.Earn:
    """The earn of a sale; without a member that of what is given back for it."""
    return movement_pb2.Earn(
        member_id=member_id.bytes if member_id else b"",
        sale=movement_pb2.Sale(
            receipt=_receipt(store_id),
            occurred_at_us=body.occurred_at,
            channel=body.channel,
            amount_minor=sale.amount,
            currency=sale.currency,
            lines=line_messages(sale.lines),
            tenders=tender_messages(sale.tenders),
        ),
    )


def quoted_refund(
    body: QuoteBody, refund: QuotedRefundBody, original_id: UUID | None, currency: str, store_id: UUID | None
) -> movement_pb2.Refund:
    """The refund of the movement `original_id`, or where that is None of the earn that the body refers to."""
    return movement_pb2.Refund(
        original_id=original_id.bytes if original_id else b"",
        original_reference=refund.original.reference,
        amount_minor=refund.amount_given,
        points=refund.points or 0,
        occurred_at_us=body.occurred_at,
        receipt=_receipt(store_id),
        channel=body.channel,
        currency=currency,
        lines=line_messages(refund.lines),
    )


def _receipt(store_id: UUID | None) -> movement_pb2.Receipt:
    return movement_pb2.Receipt(store_id=store_id.bytes if store_id else b"")
