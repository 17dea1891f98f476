"""The gateway itself: is it there, and who am I to it."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.moments import instant, instant_or_none
from services.gateway.apidocs import examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import SCOPES, PartnerRole
from services.gateway.http.admission import admit
from services.gateway.http.answering import Answer
from services.gateway.http.exchange import exchange_of
from services.gateway.http.identity import note_version
from services.gateway.http.routes import ToldRoute, get
from services.gateway.schemas import platform as schema
from services.runtime.clock import wall_now_us
from services.runtime.ids import to_text

_TAG: Final = "Service"


class Platform:
    """Ping, key, health."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """GET /v1/ping, /v1/me, /healthz and /readyz."""
        return [
            get(
                "/v1/ping",
                self.ping,
                id="ping",
                tag=_TAG,
                summary="Ask whether the API is there",
                description="Needs no key.",
                answer=schema.Ping,
                example=examples.PING,
                public=True,
            ),
            get(
                "/v1/me",
                self.me,
                id="getMe",
                tag=_TAG,
                summary="Read your API key",
                description="Which partner and programme it is of, and what it may do.",
                answer=schema.Me,
                example=examples.ME,
            ),
            get(
                "/healthz",
                self.health,
                id="getHealth",
                tag=_TAG,
                summary="Ask whether the process is alive",
                answer=schema.Health,
                example=examples.HEALTH,
                public=True,
            ),
            get(
                "/readyz",
                self.readiness,
                id="getReadiness",
                tag=_TAG,
                summary="Ask whether the gateway can serve",
                description="503 with the same shape while a service that it needs cannot be reached.",
                answer=schema.Readiness,
                example=examples.READINESS,
                public=True,
                reasons=(Reason.REASON_UNAVAILABLE,),
            ),
        ]

    async def ping(self, request: Request) -> Response:
        """Answers."""
        note_version(self._gateway, exchange_of(request), self._gateway.versions.newest)
        return Answer({"object": "ping", "now": instant(wall_now_us())})

    async def me(self, request: Request) -> Response:
        """Tells whose key this is."""
        caller = await admit(self._gateway, request)
        key, partner, programme = caller.key, caller.partner, caller.programme
        return Answer(
            {
                "object": "api_key",
                "id": caller.actor,
                "label": key.label,
                "hint": key.hint,
                "scopes": [scope for scope in SCOPES if scope in key.scopes],
                "roles": [role.value for role in PartnerRole if role in key.roles],
                "standing": key.standing.kind.value,
                "ends_at": instant_or_none(key.ends_at_us),
                "addresses": [str(network) for network in key.addresses],
                "api_version": self._gateway.versions.pinned(key.api_version).name,
                "partner": {
                    "id": to_text("ptr", partner.partner_id),
                    "slug": partner.slug,
                    "name": partner.name,
                },
                "programme": {
                    "slug": programme.slug,
                    "currency": programme.currency,
                    "zone": programme.zone,
                    "mode": "test" if programme.is_test else "live",
                },
            }
        )

    async def health(self, request: Request) -> Response:
        """Answers as long as the process does."""
        del request
        return Answer({"object": "health", "status": "alive"})

    async def readiness(self, request: Request) -> Response:
        """Asks the neighbours."""
        del request
        checks = await self._gateway.neighbours.check()
        ready = all(checks.values())
        return Answer({"object": "readiness", "ready": ready, "checks": checks}, 200 if ready else 503)
