"""Reversals."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.apidocs import sale_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_EARN, POINTS_REDEEM
from services.gateway.domain.movements import Accepted, Awaited, Parked
from services.gateway.http.admission import admit_write
from services.gateway.http.answering import Answer, declined
from services.gateway.http.bodies import read_json
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, post
from services.gateway.schemas.reading import read
from services.gateway.schemas.sales import Reversal, ReversalBody
from services.runtime.errors import Fault


class Reversals:
    """What a till never heard the answer to, undone."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/reversals."""
        return [
            post(
                "/v1/reversals",
                self.create,
                id="createReversal",
                tag="Sales",
                summary="Undo a request that you never heard the answer to",
                description="By the Idempotency-Key of an earn, a redemption, a hold, a capture or a purchase, safe whether "
                "or not it arrived: what was posted is refunded with all that is left of it, an open hold is voided (201, "
                "`reversed`). Where there is nothing to undo there never will be (200, `nothing_to_reverse`): the original, "
                "should it still arrive, is refused. Needs the scopes `points:earn` and `points:redeem`.",
                body=ReversalBody,
                examples=examples.REVERSAL_BODIES,
                answer=Reversal,
                example=examples.REVERSAL,
                also={200: examples.NOTHING_REVERSED},
                reasons=(
                    Reason.REASON_PARTNER_EXITED,
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                    Reason.REASON_REVERSED_BEFORE_ARRIVAL,
                    Reason.REASON_HOLD_RESOLVED,
                    Reason.REASON_OCCURRED_IN_FUTURE,
                    Reason.REASON_OCCURRED_TOO_LONG_AGO,
                ),
            )
        ]

    async def create(self, request: Request) -> Response:
        """Reverses once per key."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_EARN)
        caller.require(POINTS_REDEEM)
        body = read(ReversalBody, await read_json(request, gateway.settings.body_bytes_max))
        decision = await gateway.reversals.reverse(caller, key, body, exchange_of(request).until_us)
        if isinstance(decision, Accepted):
            answer = gateway.answers.reversal(caller, body.idempotency_key, decision.movement)
            return Answer(answer, 201, replayed=decision.replayed)
        if isinstance(decision, Awaited | Parked):
            raise Fault
        if decision.error.reason != Reason.REASON_NOTHING_TO_REVERSE:
            return declined(request, decision, gateway.settings.public_url)
        answer = gateway.answers.reversal(caller, body.idempotency_key, None)
        return Answer(answer, 200, replayed=decision.replayed)
