"""Whether all that movements name exists: their members, their stores, the issuers of what is taken over."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.known import KnownIssuers, KnownMembers, KnownStores
from services.points.commands.referents import Asked
from services.points.domain.accounts import PROGRAMME, AccountNumbers
from services.points.domain.answers import TurnedAway
from services.points.domain.movements import Capture, Earn, Redemption, Refund, Reversal
from services.points.domain.wallet_movements import Opening, other_member
from services.runtime.principal import Programme


class Known:
    """Members, stores and issuers that exist, as far as this process knows; the others are asked for."""

    def __init__(self, members: KnownMembers, stores: KnownStores, issuers: KnownIssuers) -> None:
        self._members, self._stores, self._issuers = members, stores, issuers

    async def checked(
        self, programme: Programme, numbers: AccountNumbers, asked: Sequence[Asked]
    ) -> list[Asked]:
        """The items, those turned away that name what does not exist. Learns the numbers of wallets.

        Raises Unavailable where something cannot be found out.
        """
        members = {item.member_id for item in asked if not isinstance(item, TurnedAway | Reversal)}
        # (A refund that waits for its sale has no member yet.)
        members = {member for member in members if member != PROGRAMME}
        members |= {other for item in asked if (other := other_member(item)) is not None}
        unknown = await self._members.unknown_of(programme, numbers, members)
        return [await self._checked(programme, item, unknown) for item in asked]

    async def _checked(self, programme: Programme, item: Asked, unknown: set[UUID]) -> Asked:
        """The item, or why it is turned away."""
        if isinstance(item, TurnedAway):
            return item
        if item.member_id in unknown or other_member(item) in unknown:
            return TurnedAway(Reason.REASON_MEMBER_UNKNOWN, "no member has this id", {}, linked=item.linked)
        if isinstance(item, Opening) and item.issuer_id != PROGRAMME:
            if await self._issuers.has(programme, item.issuer_id):
                return item
            return TurnedAway(
                Reason.REASON_PARTNER_UNKNOWN, "no partner has the issuer's id", {"field": "issuer"}, linked=item.linked
            )  # fmt: skip
        store_id = _store_of(item)
        if store_id is None or self._stores.knows(programme, item.partner_id, store_id):
            return item
        if await self._stores.has(programme, item.partner_id, store_id):
            return item
        return TurnedAway(
            Reason.REASON_STORE_UNKNOWN,
            "the store is not one of the partner's",
            {"field": "store"},
            linked=item.linked,
        )


def _store_of(item: Asked) -> UUID | None:
    if isinstance(item, Earn):
        return item.purchase.store_id
    if isinstance(item, Refund):
        return item.receipt.store_id
    return item.store_id if isinstance(item, Redemption | Capture) else None
