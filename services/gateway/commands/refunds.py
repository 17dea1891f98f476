"""Goods given back, or a burn undone."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.orders import exchange_order, refund_order
from services.gateway.commands.posting import Posting, Waiting
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.caller import Caller
from services.gateway.domain.movements import Decision
from services.gateway.queries.transactions import PREFIX
from services.gateway.schemas.quotes import QuotedRefundBody
from services.gateway.schemas.sales import RefundBody, RefundOrExchangeBody
from services.runtime import telemetry
from services.runtime.errors import NotFound
from services.runtime.ids import MalformedId, from_text


def original_id_of(body: RefundBody | QuotedRefundBody) -> UUID | None:
    """The movement that a refund names by id; None: it names an earn by reference. Raises NotFound (ORIGINAL_UNKNOWN)."""
    text = body.original.transaction
    try:
        return from_text(PREFIX, text) if text else None
    except MalformedId:
        raise NotFound(
            "you have no such movement that could be refunded", Reason.REASON_ORIGINAL_UNKNOWN
        ) from None


class Refunds:
    """Posts refunds. What each comes to is the ledger's to say, which knows of those before it."""

    def __init__(self, stores: StoreDirectory, posting: Posting) -> None:
        self._stores, self._posting = stores, posting

    async def refund(self, caller: Caller, key: str, body: RefundOrExchangeBody, until_us: int) -> Decision:
        """Refunds what the body names, and posts what is taken in exchange with it. Accepted tells of the refund first.

        Raises NotFound (ORIGINAL_UNKNOWN, STORE_UNKNOWN) and Unavailable.
        """
        original_id = original_id_of(body)
        store_id = await self._stores.store_id(caller, body.store)
        trace = telemetry.current_traceparent()
        currency = body.currency or caller.programme.currency
        order = refund_order(caller.token, f"k:{key}", body, original_id, currency, store_id, trace, until_us)
        if body.exchange is None:
            return await self._posting.post(Waiting(caller.programme, (order,), until_us))
        order.item.linked = True
        # No key of a client begins so: what it sends by itself goes by `k:`.
        taken = exchange_order(caller.token, f"x:{key}", body, body.exchange, store_id, trace, until_us)
        return await self._posting.post(Waiting(caller.programme, (order, taken), until_us))
