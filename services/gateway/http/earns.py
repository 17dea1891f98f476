"""Earns."""

from __future__ import annotations

from functools import partial

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.apidocs import examples, sale_examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_EARN, PartnerRole
from services.gateway.domain.movements import Parked
from services.gateway.http.admission import admit_write
from services.gateway.http.answering import Answer, decided
from services.gateway.http.bodies import read_json
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, post
from services.gateway.schemas.movements import Earn, EarnBody, ParkedEarn
from services.gateway.schemas.reading import read

STANDING_REASONS = (Reason.REASON_PARTNER_SUSPENDED, Reason.REASON_PARTNER_EXITED)
MOVEMENT_REASONS = (
    *STANDING_REASONS,
    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
    Reason.REASON_REFERENCE_REUSED,
    Reason.REASON_REVERSED_BEFORE_ARRIVAL,
    Reason.REASON_CARD_NUMBER_INVALID,
    Reason.REASON_AUTHORISATION_INVALID,
    Reason.REASON_MEMBER_UNKNOWN,
    Reason.REASON_MEMBER_CLOSED,
    Reason.REASON_LOOKUP_LIMITED,
    Reason.REASON_STORE_UNKNOWN,
    Reason.REASON_OCCURRED_IN_FUTURE,
    Reason.REASON_OCCURRED_TOO_LONG_AGO,
)
BURN_REASONS = (
    Reason.REASON_INSUFFICIENT_POINTS,
    Reason.REASON_BURN_TOO_SMALL,
    Reason.REASON_BURN_STEP,
    Reason.REASON_BURN_SHARE,
)
# Of what the member shows, and how much of it there was in a day.
AUTHORITY_REASONS = (
    Reason.REASON_AUTHORISATION_REQUIRED,
    Reason.REASON_VELOCITY_EXCEEDED,
    Reason.REASON_PIN_LOCKED,
    Reason.REASON_CODE_LIMITED,
)
# (Of those that tell a basket, and count against the day.)
NEW_BURN_REASONS = (
    *BURN_REASONS,
    Reason.REASON_MEMBER_ANONYMOUS,
    Reason.REASON_STAFF_CARD,
    Reason.REASON_BURN_DAILY_LIMIT,
    *AUTHORITY_REASONS,
    Reason.REASON_AMOUNT_MISMATCH,
    Reason.REASON_CURRENCY_UNSUPPORTED,
)
EARN_REASONS = (
    *MOVEMENT_REASONS,
    Reason.REASON_EARN_RATE_MISSING,
    Reason.REASON_CREDIT_LIMIT,
    Reason.REASON_AMOUNT_MISMATCH,
    Reason.REASON_CURRENCY_UNSUPPORTED,
)


class Earns:
    """Purchases that earn points."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/earns."""
        return [
            post(
                "/v1/earns",
                self.create,
                id="createEarn",
                tag="Earning",
                summary="Record a purchase and earn points",
                description="The points are in the wallet when the answer arrives. A purchase that is too small "
                "earns 0 points and is recorded all the same. One beyond your credit limit is refused, or, where that was agreed, "
                "recorded and earned once there is headroom (202).",
                body=EarnBody,
                examples=examples.EARN_BODIES,
                answer=Earn,
                example=examples.EARN,
                others={202: (ParkedEarn, sale_examples.PARKED_EARN)},
                reasons=EARN_REASONS,
            )
        ]

    async def create(self, request: Request) -> Response:
        """Earns once per key."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_EARN)
        caller.require_role(PartnerRole.EARN)
        body = read(EarnBody, await read_json(request, gateway.settings.body_bytes_max))
        decision = await gateway.movements.earn(caller, key, body, exchange_of(request).until_us)
        if isinstance(decision, Parked):
            answer = gateway.answers.parked_earn(caller, decision.movement)
            return Answer(answer, 202, replayed=decision.replayed)
        return decided(request, decision, partial(gateway.answers.earn, caller), gateway.settings.public_url)
