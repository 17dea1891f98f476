"""Single movements of a till: an earn, a redemption, a hold and what resolves it."""

from __future__ import annotations

from uuid import UUID

from services.gateway.clients.orders import (
    capture_order,
    earn_order,
    hold_order,
    redemption_order,
    void_order,
)  # fmt: skip
from services.gateway.commands.posting import Posting, Waiting
from services.gateway.directory.authority import AtTheTill
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.caller import Caller
from services.gateway.domain.movements import Decision
from services.gateway.schemas.holds import CaptureBody, HoldBody, VoidBody
from services.gateway.schemas.movements import EarnBody, RedemptionBody, place_of
from services.runtime import telemetry


class Movements:
    """Posts single movements. A caller's key decides which answer a repeated call gets."""

    def __init__(self, till: AtTheTill, stores: StoreDirectory, posting: Posting) -> None:
        self._till, self._stores, self._posting = till, stores, posting

    async def earn(self, caller: Caller, key: str, body: EarnBody, until_us: int) -> Decision:
        """Records a purchase and the points it earns.

        Raises NotFound (MEMBER_UNKNOWN, STORE_UNKNOWN), InvalidRequest (CARD_NUMBER_INVALID), CoalitionError (LOOKUP_LIMITED,
        AUTHORISATION_INVALID) and Unavailable.
        """
        # The store first: what a member shows is not used up for one that there is not.
        store_id = await self._stores.store_id(caller, body.store)
        place = place_of(body.store, body.receipt, earns=True)
        member_id = await self._till.member(caller, f"k:{key}", body.member, until_us, place)
        trace = telemetry.current_traceparent()
        order = earn_order(caller.token, f"k:{key}", body, member_id, store_id, trace, until_us)
        return await self._posting.post(Waiting(caller.programme, (order,), until_us))

    async def redeem(self, caller: Caller, key: str, body: RedemptionBody, until_us: int) -> Decision:
        """Spends points in one step. Raises as earn does, and Refused (PIN_LOCKED)."""
        store_id = await self._stores.store_id(caller, body.store)
        place = place_of(body.store, body.receipt, earns=False)
        shown = await self._till.burner(caller, f"k:{key}", body.member, body.authorisation, until_us, place)
        trace = telemetry.current_traceparent()
        order = redemption_order(caller.token, f"k:{key}", body, *shown, store_id, trace, until_us)
        return await self._posting.post(Waiting(caller.programme, (order,), until_us))

    async def hold(self, caller: Caller, key: str, body: HoldBody, until_us: int) -> Decision:
        """Sets points aside. Raises as redeem does."""
        store_id = await self._stores.store_id(caller, body.store)
        place = place_of(body.store, body.receipt, earns=False)
        shown = await self._till.burner(caller, f"k:{key}", body.member, body.authorisation, until_us, place)
        trace = telemetry.current_traceparent()
        order = hold_order(caller.token, f"k:{key}", body, *shown, store_id, trace, until_us)
        return await self._posting.post(Waiting(caller.programme, (order,), until_us))

    async def capture(
        self, caller: Caller, key: str, hold_id: UUID, body: CaptureBody, until_us: int
    ) -> Decision:
        """Spends what a hold set aside, or some of it. Raises NotFound (STORE_UNKNOWN) and Unavailable."""
        store_id = await self._stores.store_id(caller, body.store)
        trace = telemetry.current_traceparent()
        order = capture_order(caller.token, f"k:{key}", body, hold_id, store_id, trace, until_us)
        return await self._posting.post(Waiting(caller.programme, (order,), until_us))

    async def void(self, caller: Caller, key: str, hold_id: UUID, body: VoidBody, until_us: int) -> Decision:
        """Gives a hold up. Raises Unavailable."""
        trace = telemetry.current_traceparent()
        order = void_order(caller.token, f"k:{key}", body, hold_id, trace, until_us)
        return await self._posting.post(Waiting(caller.programme, (order,), until_us))
