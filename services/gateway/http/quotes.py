"""Quotes: the dry run of a till."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.quotes import quote_answer
from services.gateway.apidocs import quote_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_READ
from services.gateway.http.admission import admit
from services.gateway.http.answering import Answer
from services.gateway.http.bodies import read_json
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, post
from services.gateway.schemas.quotes import Quote, QuoteBody
from services.gateway.schemas.reading import read
from services.runtime.partner_standing import Operation


class Quotes:
    """What a sale or a refund would come to."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/quotes."""
        return [
            post(
                "/v1/quotes",
                self.create,
                id="createQuote",
                tag="Sales",
                summary="Ask what a sale, a refund or an exchange would come to",
                description="The dry run of a till: the points that a sale would earn, what of it may be paid in points, or what a "
                "refund would give back and take back, all as it would be posted now. It writes nothing, so it takes no "
                "Idempotency-Key, and promises nothing: what happens before you post counts. Needs the scope `points:read`.",
                body=QuoteBody,
                examples=examples.QUOTE_BODIES,
                answer=Quote,
                example=examples.QUOTE,
                status=200,
                writes=False,
                reasons=(
                    Reason.REASON_PARTNER_SUSPENDED,
                    Reason.REASON_PARTNER_EXITED,
                    Reason.REASON_CARD_NUMBER_INVALID,
                    Reason.REASON_MEMBER_UNKNOWN,
                    Reason.REASON_LOOKUP_LIMITED,
                    Reason.REASON_MEMBER_CLOSED,
                    Reason.REASON_STORE_UNKNOWN,
                    Reason.REASON_ORIGINAL_UNKNOWN,
                    Reason.REASON_REFUND_TOO_LARGE,
                    Reason.REASON_PART_OF_SALE,
                    Reason.REASON_EARN_RATE_MISSING,
                    Reason.REASON_CREDIT_LIMIT,
                    Reason.REASON_AMOUNT_MISMATCH,
                    Reason.REASON_CURRENCY_UNSUPPORTED,
                    Reason.REASON_OCCURRED_IN_FUTURE,
                    Reason.REASON_OCCURRED_TOO_LONG_AGO,
                ),
            )
        ]

    async def create(self, request: Request) -> Response:
        """Quotes what the body asks about."""
        gateway = self._gateway
        caller = await admit(gateway, request, POINTS_READ, Operation.MEMBERS)
        body = read(QuoteBody, await read_json(request, gateway.settings.body_bytes_max))
        quote = await gateway.quotes.quote(caller, body, exchange_of(request).until_us)
        alias = gateway.aliases.alias(caller.partner.partner_id, quote.member_id)
        return Answer(quote_answer(caller, alias, quote))
