"""Goods given back, or a burn undone."""

from __future__ import annotations

from uuid import UUID

from services.gateway.clients.orders import refund_order
from services.gateway.commands.posting import Posting, Waiting
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.caller import Caller
from services.gateway.domain.movements import Decision
from services.gateway.schemas.sales import RefundBody
from services.runtime import telemetry


class Refunds:
    """Posts refunds. What each comes to is the ledger's to say, which knows of those before it."""

    def __init__(self, stores: StoreDirectory, posting: Posting) -> None:
        self._stores, self._posting = stores, posting

    async def refund(
        self, caller: Caller, key: str, body: RefundBody, original_id: UUID | None, until_us: int
    ) -> Decision:
        """Refunds the movement, or where that is None the earn that the body refers to.

        Raises NotFound (STORE_UNKNOWN) and Unavailable.
        """
        store_id = await self._stores.store_id(caller, body.store)
        order = refund_order(
            caller.token,
            f"k:{key}",
            body,
            original_id,
            body.currency or caller.programme.currency,
            store_id,
            telemetry.current_traceparent(),
            until_us,
        )
        return await self._posting.post(Waiting(caller.programme, (order,), until_us))
