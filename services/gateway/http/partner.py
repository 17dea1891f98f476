"""What a partner is to the programme: its stores, its prices, and how it pays."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.clearing import rate_answer, store_answer
from services.gateway.answers.payment_terms import payment_terms_answer
from services.gateway.apidocs import examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import STATEMENTS_READ
from services.gateway.domain.pages import page_of
from services.gateway.http.admission import admit
from services.gateway.http.answering import listing
from services.gateway.http.cursors import AskedPage
from services.gateway.http.routes import ToldRoute, get
from services.gateway.schemas.clearing import Rate, Store
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.payment_terms import PaymentTerms
from services.runtime.ids import to_text

_TAG: Final = "Partner"


class Partner:
    """The caller's own entries in the programme's books."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """GET /v1/stores, /v1/rates and /v1/payment-terms."""
        return [
            get(
                "/v1/stores",
                self.stores,
                id="listStores",
                tag=_TAG,
                summary="List stores",
                description="Your stores, by code.",
                answer=ListOf[Store],
                example=examples.STORE,
            ),
            get(
                "/v1/rates",
                self.rates,
                id="listRates",
                tag=_TAG,
                summary="List your prices",
                description="All versions of your rate card, the oldest first. A cursor is a version's number.",
                answer=ListOf[Rate],
                example=examples.RATE,
            ),
            get(
                "/v1/payment-terms",
                self.payment_terms,
                id="listPaymentTerms",
                tag=_TAG,
                summary="List your payment terms",
                description="How you pay and are paid, all versions, the oldest first. A cursor is a version's number. Of your "
                "account number only the last four characters are told.",
                answer=ListOf[PaymentTerms],
                example=examples.PAYMENT_TERMS,
            ),
        ]

    async def stores(self, request: Request, asked: AskedPage) -> Response:
        """Lists the partner's stores."""
        caller = await admit(self._gateway, request)
        cursor = asked()
        stores = await self._gateway.store_directory.stores(caller)
        page = page_of(stores, lambda store: to_text("sto", store.store_id), cursor)
        return listing("/v1/stores", page, store_answer)

    async def rates(self, request: Request, asked: AskedPage) -> Response:
        """Lists the partner's prices."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        cursor = asked()
        rates = await self._gateway.partners.rates(caller.token)
        page = page_of(rates, lambda rate: str(rate.version), cursor)
        return listing("/v1/rates", page, rate_answer)

    async def payment_terms(self, request: Request, asked: AskedPage) -> Response:
        """Lists the partner's payment terms."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        cursor = asked()
        terms = await self._gateway.partners.payment_terms(caller.token)
        page = page_of(terms, lambda each: str(each.version), cursor)
        return listing("/v1/payment-terms", page, payment_terms_answer)
