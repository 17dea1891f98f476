"""The daily file: what was accepted on a business day, with control totals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from coalition.type.v1.reason_pb2 import Reason
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.answers.daily_file import Csv, DailyFile, JsonLines, day_answer
from services.gateway.apidocs import reconciliation_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import STATEMENTS_READ
from services.gateway.http.admission import admit
from services.gateway.http.answering import listing
from services.gateway.http.cursors import AskedPage
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, get
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.reconciliation import DailyRecord, ReconciliationDay

_TAG: Final = "Settlement"
_FILE_SECONDS: Final = 600.0
_PAGE_SECONDS: Final = 60.0
_Format = Annotated[
    Literal["ndjson", "csv"] | None,
    Query(alias="format", description="Instead of the Accept header; JSON lines if neither says otherwise"),
]


class ReconciliationDays:
    """A partner's own days."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """GET /v1/reconciliation/days and /v1/reconciliation/days/{date}."""
        return [
            get(
                "/v1/reconciliation/days",
                self.page,
                id="listReconciliationDays",
                tag=_TAG,
                summary="List business days with their control totals",
                description="From today back to the day on which the programme first recorded anything. A day goes from midnight "
                "to midnight in the programme's zone, by `recorded_at`. A cursor is a `date`.",
                answer=ListOf[ReconciliationDay],
                example=examples.DAY,
            ),
            get(
                "/v1/reconciliation/days/{date}",
                self.file,
                id="getReconciliationDay",
                tag=_TAG,
                summary="Download the file of a day",
                description="Every operation of yours that was accepted on the day, a record each; then totals by kind; then the end, "
                "with a hash of the lines. As JSON lines, or as CSV with `Accept: text/csv` or `?format=csv`. Of a day that is over "
                "it is the same every time.",
                answer=DailyRecord,
                example=examples.LINE,
                reasons=(Reason.REASON_NOT_FOUND,),
                csv_example=examples.FILE_CSV,
                streamed=True,
            ),
        ]

    async def page(self, request: Request, asked: AskedPage) -> Response:
        """Lists days."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        cursor = asked()
        exchange_of(request).allow_seconds(_PAGE_SECONDS)
        page = await self._gateway.days.page(caller, cursor)
        currency = caller.programme.currency
        return listing(
            "/v1/reconciliation/days", page, lambda each: day_answer(each.day, each.totals, currency)
        )

    async def file(self, request: Request, date: str, wanted: _Format = None) -> Response:
        """Sends the file of a day, piece by piece."""
        gateway = self._gateway
        caller = await admit(gateway, request, STATEMENTS_READ)
        exchange = exchange_of(request)
        # A long file over a slow line outlives what a till's request may take.
        exchange.allow_seconds(_FILE_SECONDS)
        day = await gateway.days.day(caller.programme, date)
        stores = {store.store_id: store.code for store in await gateway.store_directory.stores(caller)}
        as_csv = wanted == "csv" or (wanted is None and b"text/csv" in exchange.headers.get(b"accept", b""))
        written = Csv() if as_csv else JsonLines()
        rest = DailyFile(caller, gateway.aliases, day, stores).pieces(
            written, gateway.days.operations(caller, day)
        )
        # Whatever goes wrong at the start goes wrong here, while it can still be said.
        first = [await anext(rest), await anext(rest)]

        async def pieces() -> AsyncIterator[bytes]:
            for piece in first:
                yield piece
            async for piece in rest:
                yield piece

        name = f'attachment; filename="operations-{day.day}.{written.extension}"'
        return StreamingResponse(
            pieces(), media_type=written.media_type, headers={"content-disposition": name}
        )
