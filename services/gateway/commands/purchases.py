"""A sale in one call: what it earns and what is burned for it, both or neither."""

from __future__ import annotations

from uuid import UUID

from services.gateway.clients.orders import burn_order, earn_order
from services.gateway.commands.posting import Posting, Waiting
from services.gateway.directory.authority import AtTheTill, Shown
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.authority import Authority
from services.gateway.domain.caller import Caller
from services.gateway.domain.movements import Decision
from services.gateway.schemas.movements import place_of
from services.gateway.schemas.sales import PurchaseBody
from services.runtime import telemetry


class Purchases:
    """Posts purchases. The earn goes by the caller's key, as any single movement: that key is used up by it."""

    def __init__(self, till: AtTheTill, stores: StoreDirectory, posting: Posting) -> None:
        self._till, self._stores, self._posting = till, stores, posting

    async def record(
        self, caller: Caller, key: str, body: PurchaseBody, hold_id: UUID | None, until_us: int
    ) -> Decision:
        """Records a sale, and burns points of the hold, at once, or none. Accepted tells of the earn first.

        Raises NotFound (MEMBER_UNKNOWN, STORE_UNKNOWN), InvalidRequest (CARD_NUMBER_INVALID), CoalitionError (LOOKUP_LIMITED,
        AUTHORISATION_INVALID, PIN_LOCKED) and Unavailable.
        """
        store_id = await self._stores.store_id(caller, body.store)
        shown = await self._shown(caller, f"k:{key}", body, until_us)
        trace = telemetry.current_traceparent()
        earn = earn_order(caller.token, f"k:{key}", body, shown.member_id, store_id, trace, until_us)
        # No key of a client begins so: what it sends by itself goes by `k:`, a line of a batch by `r:`.
        burn = burn_order(caller.token, f"b:{key}", body, hold_id, *shown, store_id, trace, until_us)
        if burn is None:
            return await self._posting.post(Waiting(caller.programme, (earn,), until_us))
        earn.item.linked = True
        return await self._posting.post(Waiting(caller.programme, (earn, burn), until_us))

    async def _shown(self, caller: Caller, key: str, body: PurchaseBody, until_us: int) -> Shown:
        """Who buys, and what shows that the member wants to burn, where that is not for a hold to say."""
        # Points are spent by members: a card that nobody has is not enrolled by a sale that burns.
        place = place_of(body.store, body.receipt, earns=body.hold is None and body.redeem is None)
        if body.redeem:
            return await self._till.burner(caller, key, body.member, body.authorisation, until_us, place)
        return Shown(await self._till.member(caller, key, body.member, until_us, place), Authority())
