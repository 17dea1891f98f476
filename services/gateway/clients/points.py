"""The points service: movements, balances, the history of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import grpc.aio
from coalition.points.v1 import movement_pb2, points_pb2, points_pb2_grpc

from services.gateway.clients.calls import ask, uuid_of
from services.gateway.clients.orders import Order
from services.gateway.domain.movements import (
    Accepted,
    Awaited,
    Balance,
    Bonus,
    BurnWorth,
    Decision,
    Declined,
    Expiration,
    Movement,
    MovementType,
    Parked,
    ParkedPoints,
    RefundFigures,
    Treatment,
)
from services.runtime.errors import Fault, NotFound
from services.runtime.grpc_client import error_of_item
from services.runtime.ids import from_bytes
from services.runtime.principal import Programme, Signer

ITEMS_MAX: Final = 512
_TYPES: Final = {
    movement_pb2.MOVEMENT_KIND_EARN: MovementType.EARN,
    movement_pb2.MOVEMENT_KIND_REDEEM: MovementType.REDEMPTION,
    movement_pb2.MOVEMENT_KIND_EXPIRE: MovementType.EXPIRY,
    movement_pb2.MOVEMENT_KIND_HOLD: MovementType.HOLD,
    movement_pb2.MOVEMENT_KIND_CAPTURE: MovementType.CAPTURE,
    movement_pb2.MOVEMENT_KIND_VOID: MovementType.VOID,
    movement_pb2.MOVEMENT_KIND_LAPSE: MovementType.HOLD_EXPIRY,
    movement_pb2.MOVEMENT_KIND_REFUND: MovementType.REFUND,
    movement_pb2.MOVEMENT_KIND_RETURN: MovementType.POINTS_RETURNED,
    movement_pb2.MOVEMENT_KIND_CLAWBACK: MovementType.CLAWBACK,
    movement_pb2.MOVEMENT_KIND_OWE: MovementType.DEBT,
    movement_pb2.MOVEMENT_KIND_REPAY: MovementType.DEBT_REPAYMENT,
    movement_pb2.MOVEMENT_KIND_MATURE: MovementType.MATURITY,
    movement_pb2.MOVEMENT_KIND_TRANSFER: MovementType.TRANSFER,
    movement_pb2.MOVEMENT_KIND_RECEIVE: MovementType.TRANSFER_RECEIVED,
    movement_pb2.MOVEMENT_KIND_MERGE: MovementType.WALLET_MERGED,
    movement_pb2.MOVEMENT_KIND_ASSUME: MovementType.DEBT_ASSUMED,
    movement_pb2.MOVEMENT_KIND_ADJUST: MovementType.ADJUSTMENT,
    movement_pb2.MOVEMENT_KIND_IMPORT: MovementType.OPENING_BALANCE,
    movement_pb2.MOVEMENT_KIND_GRANT: MovementType.BONUS,
    movement_pb2.MOVEMENT_KIND_PARK: MovementType.PARKED_EARN,
    movement_pb2.MOVEMENT_KIND_UNPARK: MovementType.PARKED_EARN_ENDED,
}


_TREATMENTS: Final = {
    movement_pb2.BURN_TREATMENT_DISCOUNT: Treatment.DISCOUNT,
    movement_pb2.BURN_TREATMENT_TENDER: Treatment.TENDER,
}


class TransactionFilter(NamedTuple):
    """Which movements to list, newest first; what is empty or 0 does not filter."""

    limit: int
    member_id: UUID | None = None
    reference: str = ""
    recorded_from_us: int = 0
    before_seq: int = 0
    after_seq: int = 0


class Points(Protocol):
    """What the gateway asks of the points service; all raise CoalitionError."""

    async def post(
        self, programme: Programme, orders: Sequence[Order], *, bulk: bool, seconds: float
    ) -> list[Decision]:
        """Posts up to 512 movements of one programme; one decision each, in order."""
        ...

    async def balance(self, token: bytes, member_id: UUID) -> Balance:
        """A member's balance now."""
        ...

    async def expirations(
        self, token: bytes, member_id: UUID, limit: int, after_us: int, before_us: int
    ) -> tuple[list[Expiration], bool]:
        """When a member's points expire, soonest first, after or before a time (0: no bound), and whether there are more."""
        ...

    async def transaction(self, token: bytes, transaction_id: UUID) -> Movement:
        """One accepted movement. Raises NotFound."""
        ...

    async def transactions(self, token: bytes, which: TransactionFilter) -> tuple[list[Movement], bool]:
        """Accepted movements, newest first, and whether there are more in the direction asked."""
        ...


class GrpcPoints:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel, signer: Signer) -> None:
        self._stub = points_pb2_grpc.PointsServiceStub(channel)
        self._signer = signer

    async def post(
        self, programme: Programme, orders: Sequence[Order], *, bulk: bool, seconds: float
    ) -> list[Decision]:
        """As Points.post."""
        places: dict[bytes, int] = {}
        for order in orders:
            order.item.principal = places.setdefault(order.token, len(places))
        request = points_pb2.PostRequest(
            items=[order.item for order in orders], principals=list(places), bulk=bulk
        )
        response: points_pb2.PostResponse = await ask(
            self._stub.Post, request, self._signer.own(programme), seconds
        )
        if len(response.results) != len(orders):
            raise Fault
        return [decision_of(result) for result in response.results]

    async def balance(self, token: bytes, member_id: UUID) -> Balance:
        """As Points.balance."""
        request = points_pb2.GetBalanceRequest(member_id=member_id.bytes)
        response: points_pb2.GetBalanceResponse = await ask(self._stub.GetBalance, request, token)
        return Balance(
            response.available, response.next_expiry_points, response.next_expiry_at_us, response.owed,
            response.pending, response.next_maturity_points, response.next_maturity_at_us,
        )  # fmt: skip

    async def expirations(
        self, token: bytes, member_id: UUID, limit: int, after_us: int, before_us: int
    ) -> tuple[list[Expiration], bool]:
        """As Points.expirations."""
        request = points_pb2.ListExpirationsRequest(
            member_id=member_id.bytes, limit=limit, after_us=after_us, before_us=before_us
        )
        response: points_pb2.ListExpirationsResponse = await ask(self._stub.ListExpirations, request, token)
        return [
            Expiration(each.points, each.expires_at_us) for each in response.expirations
        ], response.has_more

    async def transaction(self, token: bytes, transaction_id: UUID) -> Movement:
        """As Points.transaction."""
        request = points_pb2.GetTransactionRequest(transaction_id=transaction_id.bytes)
        response: points_pb2.GetTransactionResponse = await ask(self._stub.GetTransaction, request, token)
        return movement_of(response.transaction)

    async def transactions(self, token: bytes, which: TransactionFilter) -> tuple[list[Movement], bool]:
        """As Points.transactions."""
        request = points_pb2.ListTransactionsRequest(
            member_id=which.member_id.bytes if which.member_id else b"",
            reference=which.reference,
            recorded_from_us=which.recorded_from_us,
            limit=which.limit,
            before_seq=which.before_seq,
            after_seq=which.after_seq,
        )
        response: points_pb2.ListTransactionsResponse = await ask(self._stub.ListTransactions, request, token)
        # A kind that a newer service adds has no words here yet.
        found = [movement_of(each) for each in response.transactions if each.kind in _TYPES]
        return found, response.has_more


def decision_of(result: movement_pb2.Result) -> Decision:
    """What was decided of an item."""
    if result.outcome == movement_pb2.OUTCOME_ACCEPTED:
        return Accepted(movement_of(result.transaction), result.replayed)
    if result.outcome == movement_pb2.OUTCOME_WAITING:
        return Awaited(result.replayed)
    if result.outcome == movement_pb2.OUTCOME_PARKED:
        return Parked(movement_of(result.transaction), result.replayed)
    remembered = result.outcome == movement_pb2.OUTCOME_REFUSED
    return Declined(error_of_item(result.error), remembered, result.replayed)


def movement_of(message: movement_pb2.Transaction) -> Movement:
    """A movement. Raises NotFound for one of a kind that has no words here."""
    if message.kind not in _TYPES:
        raise NotFound("there is no such transaction")
    return Movement(
        from_bytes(message.transaction_id),
        message.seq,
        _TYPES[message.kind],
        from_bytes(message.member_id),
        uuid_of(message.partner_id),
        message.reference,
        uuid_of(message.purchase_id),
        message.points,
        message.balance_after,
        message.occurred_at_us,
        message.recorded_at_us,
        message.expires_at_us,
        message.held,
        uuid_of(message.hold_id),
        uuid_of(message.original_id),
        _figures_of(message.refund) if message.HasField("refund") else None,
        message.pending,
        message.matures_at_us,
        tuple(_bonus_of(bonus) for bonus in message.bonuses),
        _bonus_of(message.campaign) if message.HasField("campaign") else None,
        ParkedPoints(message.parked.points, message.parked.open) if message.HasField("parked") else None,
        worth_of(message.worth) if message.HasField("worth") else None,
        dict(message.metadata),
    )


def worth_of(message: movement_pb2.BurnWorth) -> BurnWorth:
    """What points are worth."""
    return BurnWorth(message.amount_minor, _TREATMENTS[message.treatment])


def _bonus_of(message: movement_pb2.CampaignPoints) -> Bonus:
    return Bonus(from_bytes(message.campaign_id), message.version, message.points, message.balance_after)


def _figures_of(message: movement_pb2.RefundFigures) -> RefundFigures:
    return RefundFigures(
        message.amount,
        message.returned,
        message.clawed_back,
        message.owed,
        message.written_off,
        message.money_minor,
    )
