"""QuotesService over gRPC."""

from __future__ import annotations

from uuid import UUID

from coalition.points.v1 import movement_pb2
from coalition.points.v1 import quotes_pb2 as pb
from coalition.points.v1.quotes_pb2_grpc import QuotesServiceServicer
from coalition.type.v1.error_pb2 import ItemError

from services.points.app import Points
from services.points.domain.movements import Earn, Refund
from services.points.domain.quoting import Burnable
from services.points.rpc import mapping
from services.points.rpc.movements import MovementReader
from services.points.rpc.reading import Unreadable
from services.runtime.boundary import CallContext
from services.runtime.errors import CoalitionError, InvalidRequest
from services.runtime.ids import from_bytes, new_id
from services.runtime.principal import acting


class QuotesServicer(QuotesServiceServicer):
    """Maps the RPC to its command."""

    def __init__(self, application: Points, reader: MovementReader) -> None:
        self._app, self._reader = application, reader

    async def Quote(self, request: pb.QuoteRequest, context: CallContext) -> pb.QuoteResponse:
        """Quotes a sale, a refund or an exchange."""
        principal = acting()
        partner_id = principal.as_partner()
        principal.require("points:read")
        programme = principal.in_programme()
        if not request.HasField("sale") and not request.HasField("refund"):
            raise InvalidRequest("a sale or a refund is needed", field="sale")
        try:
            earn, refund = _read(self._reader, request, partner_id, programme.currency)
        except Unreadable as error:
            why = error.answer
            raise CoalitionError(why.reason, why.message, **why.metadata) from None
        quote = await self._app.quote(programme, earn, refund)
        return pb.QuoteResponse(
            as_of_us=quote.as_of_us,
            member_id=quote.member_id.bytes,
            available=quote.available,
            owed=quote.owed,
            earn=mapping.result_message(quote.earn) if quote.earn is not None else None,
            campaigns=[pb.QuotedCampaign(campaign_id=each.bytes, name=name) for each, name in quote.names],
            burn=_burn(quote.burn) if quote.burn is not None else None,
            refund=mapping.result_message(quote.refund) if quote.refund is not None else None,
        )


def _read(
    reader: MovementReader, asked: pb.QuoteRequest, partner_id: UUID, currency: str
) -> tuple[Earn | None, Refund | None]:
    """What is quoted, under keys and references that nobody has; with both they are an exchange. Raises Unreadable."""
    partner, name = from_bytes(partner_id.bytes), f"quote:{new_id()}"
    both = asked.HasField("sale") and asked.HasField("refund")
    earn, refund = None, None
    if asked.HasField("refund"):
        wanted = movement_pb2.Refund()
        wanted.CopyFrom(asked.refund)
        wanted.reference = name
        item = movement_pb2.Item(key=f"{name}:r", linked=both)
        refund = reader.refund(item, wanted, partner, currency, 0)
    if asked.HasField("sale"):
        told = movement_pb2.Earn()
        told.CopyFrom(asked.sale)
        told.reference, told.in_exchange = name, both
        earn = reader.earn(movement_pb2.Item(key=f"{name}:e"), told, partner, currency, 0)
    return earn, refund


def _burn(burn: Burnable) -> pb.QuotedBurn:
    rule, why = burn.of.rule if burn.of is not None else None, burn.refusal
    worth: movement_pb2.BurnWorth | None = None
    if burn.worth is not None:
        worth = mapping.worth_message(burn.worth)
    return pb.QuotedBurn(
        least=burn.least,
        most=burn.most,
        step=burn.step,
        worth=worth,
        ratio_points=rule.points if rule is not None else 0,
        ratio_worth_minor=rule.worth_minor if rule is not None else 0,
        left_today=burn.left_today,
        authority=movement_pb2.AuthorityKind.ValueType(burn.shown),
        refusal=ItemError(reason=why.reason, message=why.message, metadata=why.metadata)
        if why is not None
        else None,
    )
