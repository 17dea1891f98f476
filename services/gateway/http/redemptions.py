"""Redemptions."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.apidocs import burn_examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_REDEEM, PartnerRole
from services.gateway.http.admission import admit_write
from services.gateway.http.answering import decided
from services.gateway.http.bodies import read_json
from services.gateway.http.earns import MOVEMENT_REASONS, NEW_BURN_REASONS
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, post
from services.gateway.schemas.movements import Redemption, RedemptionBody
from services.gateway.schemas.reading import read


class Redemptions:
    """Points spent in one step."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST /v1/redemptions."""
        return [
            post(
                "/v1/redemptions",
                self.create,
                id="createRedemption",
                tag="Burning",
                summary="Spend points",
                description="Takes the points that expire first. All or nothing: a wallet that holds fewer "
                "points than asked for keeps them, and the answer says how many there are. Your burn rule says how many "
                "points you take at once and of which share of a basket, and what they are worth. A refusal is "
                "remembered under the key.",
                body=RedemptionBody,
                examples=burn_examples.REDEMPTION_BODIES,
                answer=Redemption,
                example=burn_examples.REDEMPTION,
                reasons=(*MOVEMENT_REASONS, *NEW_BURN_REASONS),
            )
        ]

    async def create(self, request: Request) -> Response:
        """Redeems once per key."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, POINTS_REDEEM)
        caller.require_role(PartnerRole.BURN)
        body = read(RedemptionBody, await read_json(request, gateway.settings.body_bytes_max))
        decision = await gateway.movements.redeem(caller, key, body, exchange_of(request).until_us)
        return decided(
            request, decision, partial(gateway.answers.redemption, caller), gateway.settings.public_url
        )
