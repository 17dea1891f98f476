"""Orders for the points service: movements asked for by a partner, as items of a Post."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from coalition.points.v1 import movement_pb2

from services.gateway.domain.authority import Authority, AuthorityKind
from services.gateway.schemas.baskets import Basket, SaleLine, Tender
from services.gateway.schemas.holds import CaptureBody, HoldBody, VoidBody
from services.gateway.schemas.movements import EarnContent, RedemptionContent
from services.gateway.schemas.sales import ExchangeBody, PurchaseBody, RefundBody, ReversalBody

_KINDS: Final = {
    AuthorityKind.NONE: movement_pb2.AUTHORITY_KIND_UNSPECIFIED,
    AuthorityKind.OFFLINE: movement_pb2.AUTHORITY_KIND_OFFLINE,
    AuthorityKind.CARD: movement_pb2.AUTHORITY_KIND_CARD,
    AuthorityKind.PIN: movement_pb2.AUTHORITY_KIND_PIN,
    AuthorityKind.CODE: movement_pb2.AUTHORITY_KIND_CODE,
    AuthorityKind.APP_TOKEN: movement_pb2.AUTHORITY_KIND_APP_TOKEN,
}


class Order(NamedTuple):
    """A movement to post: the signed principal of who asks, and the item as points takes it."""

    token: bytes
    item: movement_pb2.Item


def earn_order(
    token: bytes,
    key: str,
    body: EarnContent,
    member_id: UUID,
    store_id: UUID | None,
    trace: str,
    until_us: int,
) -> Order:
    """The order of an earn; `until_us` is the wall-clock time after which it need not be started."""
    sale = movement_pb2.Sale(
        receipt=_receipt(body, store_id),
        occurred_at_us=body.occurred_at,
        channel=body.channel,
        entry_mode=body.entry_mode or "",
        amount_minor=body.amount,
        currency=body.currency,
        lines=line_messages(body.lines),
        tenders=tender_messages(body.tenders),
    )
    earn = movement_pb2.Earn(member_id=member_id.bytes, reference=body.reference, sale=sale)
    return Order(
        token,
        movement_pb2.Item(
            key=key, traceparent=trace, deadline_us=until_us, earn=earn, metadata=body.metadata
        ),
    )


def redemption_order(
    token: bytes,
    key: str,
    body: RedemptionContent,
    member_id: UUID,
    authority: Authority,
    store_id: UUID | None,
    trace: str,
    until_us: int,
) -> Order:
    """The order of a redemption; `authority` is what shows that the member wants it, other arguments as for earn_order."""
    redemption = movement_pb2.Redemption(
        member_id=member_id.bytes,
        reference=body.reference,
        points=body.points,
        occurred_at_us=body.occurred_at,
        receipt=_receipt(body, store_id),
        channel=body.channel,
        basket=_basket(body.basket),
        authority=_authority(authority),
    )
    item = movement_pb2.Item(
        key=key, traceparent=trace, deadline_us=until_us, redemption=redemption, metadata=body.metadata
    )
    return Order(token, item)


def hold_order(
    token: bytes,
    key: str,
    body: HoldBody,
    member_id: UUID,
    authority: Authority,
    store_id: UUID | None,
    trace: str,
    until_us: int,
) -> Order:
    """The order of a hold; arguments as for redemption_order."""
    hold = movement_pb2.Hold(
        member_id=member_id.bytes,
        reference=body.reference,
        points=body.points or 0,
        money_minor=body.money.amount if body.money else 0,
        currency=body.money.currency if body.money else "",
        occurred_at_us=body.occurred_at,
        seconds=body.seconds,
        basket=_basket(body.basket),
        authority=_authority(authority),
        receipt=_receipt(body, store_id),
    )
    return Order(
        token,
        movement_pb2.Item(
            key=key, traceparent=trace, deadline_us=until_us, hold=hold, metadata=body.metadata
        ),
    )


def capture_order(
    token: bytes, key: str, body: CaptureBody, hold_id: UUID, store_id: UUID | None, trace: str, until_us: int
) -> Order:
    """The order to capture a hold; arguments as for earn_order."""
    capture = movement_pb2.Capture(
        hold_id=hold_id.bytes,
        points=body.points or 0,
        occurred_at_us=body.occurred_at,
        receipt=_receipt(body, store_id),
        channel=body.channel,
    )
    return Order(
        token,
        movement_pb2.Item(
            key=key, traceparent=trace, deadline_us=until_us, capture=capture, metadata=body.metadata
        ),
    )


def void_order(token: bytes, key: str, body: VoidBody, hold_id: UUID, trace: str, until_us: int) -> Order:
    """The order to give a hold up; arguments as for earn_order."""
    void = movement_pb2.Void(hold_id=hold_id.bytes, occurred_at_us=body.occurred_at)
    return Order(token, movement_pb2.Item(key=key, traceparent=trace, deadline_us=until_us, void=void))


def burn_order(
    token: bytes,
    key: str,
    body: PurchaseBody,
    hold_id: UUID | None,
    member_id: UUID,
    authority: Authority,
    store_id: UUID | None,
    trace: str,
    until_us: int,
) -> Order | None:
    """The order of what a purchase burns: a capture of the hold, or a redemption; None where it burns nothing.

    It says of itself what the purchase says: reference, time, store, receipt. Other arguments as for redemption_order.
    """
    item = movement_pb2.Item(key=key, traceparent=trace, deadline_us=until_us)
    if body.hold and hold_id:
        capture = movement_pb2.Capture(
            hold_id=hold_id.bytes,
            points=body.hold.points or 0,
            occurred_at_us=body.occurred_at,
            receipt=_receipt(body, store_id),
            channel=body.channel,
        )
        item.capture.CopyFrom(capture)
    elif body.redeem:
        redemption = movement_pb2.Redemption(
            member_id=member_id.bytes,
            reference=body.reference,
            points=body.redeem.points,
            occurred_at_us=body.occurred_at,
            receipt=_receipt(body, store_id),
            channel=body.channel,
            authority=_authority(authority),
        )
        item.redemption.CopyFrom(redemption)
    else:
        return None
    return Order(token, item)


def refund_order(
    token: bytes,
    key: str,
    body: RefundBody,
    original_id: UUID | None,
    currency: str,
    store_id: UUID | None,
    trace: str,
    until_us: int,
) -> Order:
    """The order of a refund of the movement `original_id`, or where that is None of the earn that the body refers to.

    Other arguments as for earn_order.
    """
    refund = movement_pb2.Refund(
        original_id=original_id.bytes if original_id else b"",
        original_reference=body.original.reference or "",
        reference=body.reference,
        amount_minor=body.amount_given,
        points=body.points or 0,
        occurred_at_us=body.occurred_at,
        receipt=_receipt(body, store_id),
        channel=body.channel,
        currency=currency,
        lines=line_messages(body.lines),
    )
    return Order(
        token,
        movement_pb2.Item(
            key=key, traceparent=trace, deadline_us=until_us, refund=refund, metadata=body.metadata
        ),
    )


def exchange_order(
    token: bytes,
    key: str,
    body: RefundBody,
    taken: ExchangeBody,
    store_id: UUID | None,
    trace: str,
    until_us: int,
) -> Order:
    """The order of what is taken for the goods of a refund, by the member whose sale that refunds. Arguments as for earn_order."""
    sale = movement_pb2.Sale(
        receipt=_receipt(taken, store_id),
        occurred_at_us=body.occurred_at,
        channel=body.channel,
        amount_minor=taken.amount,
        currency=taken.currency,
        lines=line_messages(taken.lines),
        tenders=tender_messages(taken.tenders),
    )
    earn = movement_pb2.Earn(reference=taken.reference, sale=sale, in_exchange=True)
    return Order(token, movement_pb2.Item(key=key, traceparent=trace, deadline_us=until_us, earn=earn))


def reversal_order(token: bytes, key: str, body: ReversalBody, trace: str, until_us: int) -> Order:
    """The order to undo what came by itself under the original's key; arguments as for earn_order."""
    reversal = movement_pb2.Reversal(key=f"k:{body.idempotency_key}", occurred_at_us=body.occurred_at)
    return Order(
        token, movement_pb2.Item(key=key, traceparent=trace, deadline_us=until_us, reversal=reversal)
    )


def line_messages(lines: Sequence[SaleLine]) -> list[movement_pb2.SaleLine]:
    """Lines as the points service takes them."""
    return [
        movement_pb2.SaleLine(
            sku=line.sku,
            category=line.category,
            quantity=line.quantity,
            amount_minor=line.amount,
            returned=line.returned,
            tax_rate=line.tax_rate,
        )
        for line in lines
    ]


def _receipt(
    body: EarnContent | RedemptionContent | HoldBody | CaptureBody | RefundBody | ExchangeBody,
    store_id: UUID | None,
) -> movement_pb2.Receipt:
    given = body.receipt
    if given is None:
        return movement_pb2.Receipt(store_id=store_id.bytes if store_id else b"")
    return movement_pb2.Receipt(
        store_id=store_id.bytes if store_id else b"",
        till=given.till,
        business_date=given.business_date or "",
        number=given.number,
    )


def _authority(authority: Authority) -> movement_pb2.BurnAuthority:
    return movement_pb2.BurnAuthority(kind=_KINDS[authority.kind], instrument=authority.instrument)


def tender_messages(tenders: Sequence[Tender]) -> list[movement_pb2.Tender]:
    """Tenders as the points service takes them."""
    return [movement_pb2.Tender(kind=tender.kind, amount_minor=tender.amount) for tender in tenders]


def _basket(basket: Basket | None) -> movement_pb2.Basket | None:
    if basket is None:
        return None
    return movement_pb2.Basket(
        amount_minor=basket.amount,
        currency=basket.currency,
        lines=line_messages(basket.lines),
        tenders=tender_messages(basket.tenders),
    )
