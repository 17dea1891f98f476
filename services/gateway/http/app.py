"""The application: the routers on FastAPI, within the edge."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from services.gateway.apidocs.document import openapi_document
from services.gateway.app import Gateway
from services.gateway.auth.strangers import Strangers
from services.gateway.http.access_log import AccessLog
from services.gateway.http.authority import Authorities
from services.gateway.http.batches import Batches
from services.gateway.http.dispatch import LiteralFirst
from services.gateway.http.disputes import Disputes
from services.gateway.http.documents import Documents
from services.gateway.http.earns import Earns
from services.gateway.http.edge import Edge
from services.gateway.http.holds import Holds
from services.gateway.http.identity import identify
from services.gateway.http.large_batches import LargeBatches
from services.gateway.http.members import Members
from services.gateway.http.partner import Partner
from services.gateway.http.platform import Platform
from services.gateway.http.purchases import Purchases
from services.gateway.http.quotes import Quotes
from services.gateway.http.reconciliation_days import ReconciliationDays
from services.gateway.http.reconciliation_uploads import ReconciliationUploads
from services.gateway.http.redemptions import Redemptions
from services.gateway.http.reference import Reference
from services.gateway.http.refunds import Refunds
from services.gateway.http.reversals import Reversals
from services.gateway.http.routes import ToldRoute
from services.gateway.http.statements import Statements
from services.gateway.http.strangers import BoundStrangers
from services.gateway.http.transactions import Transactions

VERSION: Final = "1.0.0"


class Application(FastAPI):
    """FastAPI as a router and a documenter. Errors, limits and telemetry are the edge's alone."""

    def __init__(self, gateway: Gateway, routes: Sequence[APIRoute]) -> None:
        super().__init__(
            title="Coalition partner API",
            openapi_url=None,
            redirect_slashes=False,
            # Spans and figures are made at the edge; making them twice would tell of two requests.
            telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        )
        self._gateway = gateway
        # Straight into the table: an included router would be matched a second time for each request.
        self.router.routes[:] = routes

    def build_middleware_stack(self) -> ASGIApp:
        """The edge around the router, in place of Starlette's own error pages."""
        settings = self._gateway.settings
        served: ASGIApp = LiteralFirst(AsyncExitStackMiddleware(self.router), self.router.routes)
        if settings.keyless_per_minute_max:
            strangers = Strangers(settings.keyless_per_minute_max, settings.addresses_remembered_max)
            served = BoundStrangers(served, strangers, self._gateway.keys, settings.trusted_proxies)
        return Edge(
            served,
            identify=partial(identify, self._gateway),
            versions=self._gateway.versions,
            log=AccessLog(on=settings.access_log),
            public_url=settings.public_url,
            seconds_max=settings.request_seconds_max,
            at_once_max=settings.requests_at_once_max,
        )


def create_app(gateway: Gateway, extra: Sequence[APIRoute] = ()) -> Application:
    """The application of a gateway.

    `extra` routes come on top, behind the same edge: for benchmarks, which need a route that does nothing,
    and production must not have one.
    """
    public: list[ToldRoute] = [
        *Purchases(gateway).routes(),
        *Quotes(gateway).routes(),
        *Earns(gateway).routes(),
        *Redemptions(gateway).routes(),
        *Holds(gateway).routes(),
        *Refunds(gateway).routes(),
        *Reversals(gateway).routes(),
        *Members(gateway).routes(),
        *Authorities(gateway).routes(),
        *Batches(gateway).routes(),
        *LargeBatches(gateway).routes(),
        *Transactions(gateway).routes(),
        *Statements(gateway).routes(),
        *Documents(gateway).routes(),
        *ReconciliationDays(gateway).routes(),
        *ReconciliationUploads(gateway).routes(),
        *Disputes(gateway).routes(),
        *Partner(gateway).routes(),
        *Platform(gateway).routes(),
    ]

    def document() -> dict[str, Any]:
        return openapi_document(app, public, VERSION, gateway.versions.names)

    app = Application(gateway, [*public, *Reference(document).routes(), *extra])
    return app
