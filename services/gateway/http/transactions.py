"""Transactions: every accepted movement that the partner asked for."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from fastapi import Query
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.explanations import explanation_answer
from services.gateway.apidocs import examples, quote_examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_READ
from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.http.admission import admit
from services.gateway.http.answering import Answer, listing
from services.gateway.http.cursors import AskedPage
from services.gateway.http.routes import ToldRoute, get
from services.gateway.queries.transactions import PREFIX, Wanted, list_transactions
from services.gateway.schemas.explanations import Explanation
from services.gateway.schemas.fields import read_moment
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.movements import Transaction
from services.runtime.errors import NotFound
from services.runtime.ids import MalformedId, from_text
from services.runtime.partner_standing import Operation

_TAG: Final = "Transactions"
_CREATED_FROM: Final = "created[gte]"
_Reference = Annotated[
    str, Query(pattern=r"^[!-~]{0,255}$", description="Only those with this reference of yours")
]
_CreatedFrom = Annotated[
    str,
    Query(
        alias=_CREATED_FROM,
        max_length=40,
        description="Only those recorded at or after this programme time: RFC 3339 with a zone",
        examples=["2026-03-14T00:00:00Z"],
    ),
]


def _moment(text: str) -> int:
    if not text:
        return 0
    try:
        return max(0, read_moment(text))
    except PydanticCustomError as error:
        detail = error.message()
        raise InvalidBody(detail, [FieldError(error.type, detail, parameter=_CREATED_FROM)]) from None


class Transactions:
    """What a partner's movements came to."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """GET /v1/transactions, /v1/transactions/{transaction_id} and why that came to its points."""
        return [
            get(
                "/v1/transactions",
                self.page,
                id="listTransactions",
                tag=_TAG,
                summary="List transactions",
                description="All that you asked for, newest first.",
                answer=ListOf[Transaction],
                example=examples.TRANSACTION,
            ),
            get(
                "/v1/transactions/{transaction_id}",
                self.one,
                id="getTransaction",
                tag=_TAG,
                summary="Read a transaction",
                answer=Transaction,
                example=examples.TRANSACTION,
                reasons=(Reason.REASON_NOT_FOUND, Reason.REASON_PARTNER_EXITED),
            ),
            get(
                "/v1/transactions/{transaction_id}/explain",
                self.explain,
                id="explainTransaction",
                tag=_TAG,
                summary="Ask why a transaction came to its points",
                description="Of an earn the rate, the rounding and each campaign with what it gave and why; of a burn the rule "
                "that said what it was worth; of a refund what was due for all refunds of the sale together, less those before; and "
                "what was done with points of your own and of others. Counted again from the journal. Needs the scope `points:read`.",
                answer=Explanation,
                example=quote_examples.EXPLANATION,
                reasons=(Reason.REASON_NOT_FOUND, Reason.REASON_PARTNER_EXITED),
            ),
        ]

    async def page(
        self, request: Request, asked: AskedPage, reference: _Reference = "", created_from: _CreatedFrom = ""
    ) -> Response:
        """Lists transactions."""
        gateway = self._gateway
        caller = await admit(gateway, request, POINTS_READ, Operation.MEMBERS)
        wanted = Wanted(reference=reference, recorded_from_us=_moment(created_from))
        page = await list_transactions(gateway.points, caller, wanted, asked())
        return listing("/v1/transactions", page, partial(gateway.answers.transaction, caller))

    async def one(self, request: Request, transaction_id: str) -> Response:
        """Reads one transaction."""
        gateway = self._gateway
        caller = await admit(gateway, request, POINTS_READ, Operation.MEMBERS)
        wanted = _id_of(transaction_id)
        return Answer(
            gateway.answers.transaction(caller, await gateway.points.transaction(caller.token, wanted))
        )

    async def explain(self, request: Request, transaction_id: str) -> Response:
        """Explains one transaction."""
        gateway = self._gateway
        caller = await admit(gateway, request, POINTS_READ, Operation.MEMBERS)
        found = await gateway.explanations.explain(caller.token, _id_of(transaction_id))
        return Answer(explanation_answer(gateway.answers, caller, found))


def _id_of(text: str) -> UUID:
    try:
        return from_text(PREFIX, text)
    except MalformedId:
        raise NotFound("there is no such transaction") from None
