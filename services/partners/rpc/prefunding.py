"""coalition.partners.v1.PrefundingService over the commands and queries of money that is paid ahead."""

from __future__ import annotations

from typing import Final

from coalition.partners.v1 import prefunding_pb2 as pb
from coalition.partners.v1.prefunding_pb2_grpc import PrefundingServiceServicer

from services.partners.app import Settlement
from services.partners.domain.legal_entities import FIRST_ENTITY
from services.partners.domain.payments.instructions import AMOUNT_MINOR_MAX
from services.partners.domain.settlement.prefunding import Order, Ordered, Turn
from services.partners.queries.drafts import DraftQueries
from services.partners.rpc.draft_mapping import draft_message
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

_TURNS: Final = {each: pb.PrefundingTurn.Value(f"PREFUNDING_TURN_{each.name}") for each in Turn}
_READ: Final = {wire: turn for turn, wire in _TURNS.items()}


class PrefundingServicer(PrefundingServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, settlement: Settlement, drafts: DraftQueries) -> None:
        self._app, self._drafts = settlement, drafts

    async def OrderPrefunding(
        self, request: pb.OrderPrefundingRequest, context: object
    ) -> pb.OrderPrefundingResponse:
        """See the contract."""
        made = await self._app.order_prefunding(acting(), _order_from(request.order))
        return pb.OrderPrefundingResponse(order=_order(made))

    async def ProposePrefunding(
        self, request: pb.ProposePrefundingRequest, context: object
    ) -> pb.ProposePrefundingResponse:
        """See the contract."""
        wanted = _order_from(request.order)
        made = await self._app.propose_prefunding(acting(), wanted, wanted.why)
        return pb.ProposePrefundingResponse(draft=draft_message(made, self._drafts))

    async def ListPrefunding(
        self, request: pb.ListPrefundingRequest, context: object
    ) -> pb.ListPrefundingResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        page = await self._app.prefunding.of_partner(acting(), partner_id, request.before, request.limit)
        return pb.ListPrefundingResponse(
            held=[
                pb.PrefundingHeld(legal_entity=entity, held_minor=amount)
                for entity, amount in sorted(page.held.items())
            ],
            unpaid_minor=page.unpaid_minor,
            orders=map(_order, page.orders),
            has_more=page.has_more,
        )


def _order_from(message: pb.PrefundingOrder) -> Order:
    turn = _READ.get(message.turn)
    if turn is None:
        raise InvalidRequest("prefunding is asked for, given back or used", field="order.turn")
    if not 1 <= message.amount_minor <= AMOUNT_MINOR_MAX:
        raise InvalidRequest(
            f"an amount is 1 to {AMOUNT_MINOR_MAX:,} minor units", field="order.amount_minor"
        )
    return Order(
        read_id(message.partner_id, "order.partner_id"),
        message.legal_entity or FIRST_ENTITY,
        turn,
        message.amount_minor if turn is Turn.ASKED else -message.amount_minor,
        message.why,
    ).checked()


def _order(ordered: Ordered) -> pb.PrefundingOrder:
    order = ordered.order
    return pb.PrefundingOrder(
        partner_id=order.partner_id.bytes,
        legal_entity=order.entity,
        turn=_TURNS[order.turn],
        amount_minor=abs(order.amount_minor),
        why=order.why,
        number=ordered.number,
        at_us=ordered.at_us,
        by=ordered.by,
        draft_id=ordered.draft_id.bytes if ordered.draft_id else b"",
        run_number=ordered.run_number or 0,
    )
