"""Quotes of the points service."""

from __future__ import annotations

from typing import Final, Protocol

import grpc.aio
from coalition.points.v1 import movement_pb2
from coalition.points.v1 import quotes_pb2 as pb
from coalition.points.v1.quotes_pb2_grpc import QuotesServiceStub

from services.gateway.clients.calls import ask
from services.gateway.clients.points import decision_of, worth_of
from services.gateway.domain.movements import Accepted
from services.gateway.domain.quotes import Quote, QuotedBurn
from services.runtime.errors import Fault
from services.runtime.grpc_client import error_of_item
from services.runtime.ids import from_bytes


class Quotes(Protocol):
    """What the gateway asks before anything is posted."""

    async def quote(
        self, token: bytes, sale: movement_pb2.Earn | None, refund: movement_pb2.Refund | None
    ) -> Quote:
        """What a sale, a refund or both would come to. Raises CoalitionError as the refund would be answered."""
        ...


class GrpcQuotes:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = QuotesServiceStub(channel)

    async def quote(
        self, token: bytes, sale: movement_pb2.Earn | None, refund: movement_pb2.Refund | None
    ) -> Quote:
        """As Quotes.quote."""
        request = pb.QuoteRequest(sale=sale, refund=refund)
        response: pb.QuoteResponse = await ask(self._stub.Quote, request, token)
        refunded = decision_of(response.refund) if response.HasField("refund") else None
        if refunded is not None and not isinstance(refunded, Accepted):
            raise Fault
        return Quote(
            response.as_of_us,
            from_bytes(response.member_id),
            response.available,
            response.owed,
            decision_of(response.earn) if response.HasField("earn") else None,
            {from_bytes(each.campaign_id): each.name for each in response.campaigns},
            _burn_of(response.burn) if response.HasField("burn") else None,
            refunded.movement.refund if refunded is not None else None,
        )


_AUTHORISATIONS: Final = {
    movement_pb2.AUTHORITY_KIND_CARD: "card",
    movement_pb2.AUTHORITY_KIND_PIN: "pin",
    movement_pb2.AUTHORITY_KIND_APP_TOKEN: "app_token",
}


def _burn_of(message: pb.QuotedBurn) -> QuotedBurn:
    return QuotedBurn(
        message.least,
        message.most,
        message.step,
        worth_of(message.worth) if message.HasField("worth") else None,
        (message.ratio_points, message.ratio_worth_minor) if message.ratio_points else None,
        message.left_today if message.HasField("left_today") else None,
        error_of_item(message.refusal) if message.HasField("refusal") else None,
        _AUTHORISATIONS.get(message.authority),
    )
