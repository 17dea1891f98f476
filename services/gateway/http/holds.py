"""Holds: points set aside while a sale is paid for, then captured or given up."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.movements import HOLD_PREFIX
from services.gateway.apidocs import burn_examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_REDEEM, PartnerRole
from services.gateway.http.admission import admit_write
from services.gateway.http.answering import decided
from services.gateway.http.bodies import read_json
from services.gateway.http.earns import MOVEMENT_REASONS, NEW_BURN_REASONS
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, post
from services.gateway.schemas.holds import Capture, CaptureBody, Hold, HoldBody, Void, VoidBody
from services.gateway.schemas.reading import read
from services.runtime.errors import NotFound
from services.runtime.ids import MalformedId, from_text

_RESOLVING = (
    Reason.REASON_PARTNER_EXITED,
    Reason.REASON_HOLD_UNKNOWN,
    Reason.REASON_HOLD_RESOLVED,
    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
    Reason.REASON_REVERSED_BEFORE_ARRIVAL,
    Reason.REASON_OCCURRED_IN_FUTURE,
    Reason.REASON_OCCURRED_TOO_LONG_AGO,
)


def hold_id_of(text: str) -> UUID:
    """The hold of a public id. Raises NotFound (HOLD_UNKNOWN)."""
    try:
        return from_text(HOLD_PREFIX, text)
    except MalformedId:
        raise NotFound("there is no such hold", Reason.REASON_HOLD_UNKNOWN) from None


class Holds:
    """Points spent in two steps."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/holds, /v1/holds/{hold_id}/capture and /v1/holds/{hold_id}/void."""
        return [
            post(
                "/v1/holds",
                self.create,
                id="createHold",
                tag="Burning",
                summary="Set points aside",
                description="Nobody else can spend them until you capture the hold, void it or its time is over. The "
                "balance does not change yet; what a balance calls available does.",
                body=HoldBody,
                examples=burn_examples.HOLD_BODIES,
                answer=Hold,
                example=burn_examples.HOLD,
                reasons=(
                    *MOVEMENT_REASONS,
                    *NEW_BURN_REASONS,
                    Reason.REASON_TOO_MANY_HOLDS,
                ),
            ),
            post(
                "/v1/holds/{hold_id}/capture",
                self.capture,
                id="captureHold",
                tag="Burning",
                summary="Spend what is held",
                description="All of it or some; the rest is free again, so a hold is captured once. It works even where "
                "the points have expired since they were set aside. It goes by the burn rule that the hold was opened by.",
                body=CaptureBody,
                examples=burn_examples.CAPTURE_BODIES,
                answer=Capture,
                example=burn_examples.CAPTURE,
                reasons=(
                    *_RESOLVING,
                    Reason.REASON_HOLD_TOO_SMALL,
                    Reason.REASON_BURN_TOO_SMALL,
                    Reason.REASON_BURN_STEP,
                    Reason.REASON_STORE_UNKNOWN,
                ),
            ),
            post(
                "/v1/holds/{hold_id}/void",
                self.void,
                id="voidHold",
                tag="Burning",
                summary="Give a hold up",
                description="All points of it are free again.",
                body=VoidBody,
                examples=burn_examples.VOID_BODIES,
                answer=Void,
                example=burn_examples.VOID,
                reasons=_RESOLVING,
            ),
        ]

    async def create(self, request: Request) -> Response:
        """Holds once per key."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_REDEEM)
        caller.require_role(PartnerRole.BURN)
        body = read(HoldBody, await read_json(request, gateway.settings.body_bytes_max))
        decision = await gateway.movements.hold(caller, key, body, exchange_of(request).until_us)
        return decided(request, decision, partial(gateway.answers.hold, caller), gateway.settings.public_url)

    async def capture(self, request: Request, hold_id: str) -> Response:
        """Captures once per key, and once per hold."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_REDEEM)
        body = read(CaptureBody, await read_json(request, gateway.settings.body_bytes_max))
        hold, until_us = hold_id_of(hold_id), exchange_of(request).until_us
        decision = await gateway.movements.capture(caller, key, hold, body, until_us)
        return decided(
            request, decision, partial(gateway.answers.capture, caller), gateway.settings.public_url
        )

    async def void(self, request: Request, hold_id: str) -> Response:
        """Voids once per key, and once per hold."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_REDEEM)
        body = read(VoidBody, await read_json(request, gateway.settings.body_bytes_max))
        hold, until_us = hold_id_of(hold_id), exchange_of(request).until_us
        decision = await gateway.movements.void(caller, key, hold, body, until_us)
        return decided(request, decision, partial(gateway.answers.void, caller), gateway.settings.public_url)
