"""Refunds."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.movements import waiting_refund
from services.gateway.apidocs import sale_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_EARN, POINTS_REDEEM, PartnerRole
from services.gateway.domain.movements import Awaited, Declined, Parked
from services.gateway.http.admission import admit_write
from services.gateway.http.answering import Answer, declined
from services.gateway.http.bodies import read_json
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, post
from services.gateway.schemas.reading import read
from services.gateway.schemas.sales import Refund, RefundOrExchangeBody, WaitingRefund
from services.runtime.errors import Fault


class Refunds:
    """Goods of a sale given back, or a burn undone."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/refunds."""
        return [
            post(
                "/v1/refunds",
                self.create,
                id="createRefund",
                tag="Sales",
                summary="Refund a sale, or a burn without one",
                description="Points burned go back, points earned are taken back, and the answer says how much money "
                "to pay out at most. In part or in full, at any of your stores; all refunds of a sale together come to "
                "the same however they are split. A refund by a reference whose sale has not arrived waits for it (202). "
                "With `exchange` it is posted together with the sale of what is taken instead, or neither is; that one waits for nothing. Needs the scopes `points:earn` and `points:redeem`.",
                body=RefundOrExchangeBody,
                examples=examples.REFUND_BODIES,
                answer=Refund,
                example=examples.REFUND,
                others={202: (WaitingRefund, examples.WAITING_REFUND)},
                reasons=(
                    Reason.REASON_PARTNER_EXITED,
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                    Reason.REASON_REFERENCE_REUSED,
                    Reason.REASON_REVERSED_BEFORE_ARRIVAL,
                    Reason.REASON_ORIGINAL_UNKNOWN,
                    Reason.REASON_REFUND_TOO_LARGE,
                    Reason.REASON_PART_OF_SALE,
                    Reason.REASON_STORE_UNKNOWN,
                    Reason.REASON_AMOUNT_MISMATCH,
                    Reason.REASON_CURRENCY_UNSUPPORTED,
                    Reason.REASON_OCCURRED_IN_FUTURE,
                    Reason.REASON_OCCURRED_TOO_LONG_AGO,
                    # (Of what is taken in exchange.)
                    Reason.REASON_MEMBER_CLOSED,
                    Reason.REASON_EARN_RATE_MISSING,
                    Reason.REASON_CREDIT_LIMIT,
                    Reason.REASON_PARTNER_SUSPENDED,
                ),
            )
        ]

    async def create(self, request: Request) -> Response:
        """Refunds once per key."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_EARN)
        caller.require(POINTS_REDEEM)
        body = read(RefundOrExchangeBody, await read_json(request, gateway.settings.body_bytes_max))
        if body.exchange is not None:
            caller.require_role(PartnerRole.EARN)
        decision = await gateway.refunds.refund(caller, key, body, exchange_of(request).until_us)
        if isinstance(decision, Awaited):
            return Answer(waiting_refund(body), 202, replayed=decision.replayed)
        if isinstance(decision, Declined):
            return declined(request, decision, gateway.settings.public_url)
        if isinstance(decision, Parked):
            raise Fault
        return Answer(gateway.answers.refund(caller, decision), 201, replayed=decision.replayed)
