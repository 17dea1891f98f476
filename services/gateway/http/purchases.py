"""Purchases: a sale in one call."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.apidocs import sale_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_EARN, POINTS_REDEEM, PartnerRole
from services.gateway.domain.movements import Awaited, Declined, Parked
from services.gateway.http.admission import admit_write
from services.gateway.http.answering import Answer, declined
from services.gateway.http.bodies import read_json
from services.gateway.http.earns import AUTHORITY_REASONS, BURN_REASONS, EARN_REASONS
from services.gateway.http.exchange import exchange_of
from services.gateway.http.holds import hold_id_of
from services.gateway.http.routes import ToldRoute, post
from services.gateway.schemas.reading import read
from services.gateway.schemas.sales import ParkedPurchase, Purchase, PurchaseBody
from services.runtime.errors import Fault


class Purchases:
    """What a sale earns and burns, both or neither."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/purchases."""
        return [
            post(
                "/v1/purchases",
                self.create,
                id="createPurchase",
                tag="Sales",
                summary="Record a sale: earn, and pay with points",
                description="Captures a hold, or spends points at once, and earns on what was paid in money: both or "
                "neither. Without `hold` and `redeem` it earns alone. Paying with points needs the scope "
                "`points:redeem` besides `points:earn`. What a sale beyond your credit limit earns may be parked until there is "
                "headroom (202); what was spent on it is spent.",
                body=PurchaseBody,
                examples=examples.PURCHASE_BODIES,
                answer=Purchase,
                example=examples.PURCHASE,
                others={202: (ParkedPurchase, examples.PARKED_PURCHASE)},
                reasons=(
                    *EARN_REASONS,
                    Reason.REASON_HOLD_UNKNOWN,
                    Reason.REASON_HOLD_RESOLVED,
                    Reason.REASON_HOLD_TOO_SMALL,
                    *BURN_REASONS,
                    Reason.REASON_MEMBER_ANONYMOUS,
                    Reason.REASON_STAFF_CARD,
                    Reason.REASON_BURN_DAILY_LIMIT,
                    *AUTHORITY_REASONS,
                    Reason.REASON_BURN_WORTH_MISMATCH,
                ),
            )
        ]

    async def create(self, request: Request) -> Response:
        """Records a sale once per key."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_EARN)
        caller.require_role(PartnerRole.EARN)
        body = read(PurchaseBody, await read_json(request, gateway.settings.body_bytes_max))
        if body.hold or body.redeem:
            caller.require(POINTS_REDEEM)
        if body.redeem:
            caller.require_role(PartnerRole.BURN)
        hold_id = hold_id_of(body.hold.id) if body.hold else None
        decision = await gateway.purchases.record(caller, key, body, hold_id, exchange_of(request).until_us)
        if isinstance(decision, Declined):
            return declined(request, decision, gateway.settings.public_url)
        if isinstance(decision, Awaited):
            raise Fault
        if isinstance(decision, Parked):
            return Answer(gateway.answers.parked_purchase(caller, decision), 202, replayed=decision.replayed)
        return Answer(gateway.answers.purchase(caller, decision), 201, replayed=decision.replayed)
