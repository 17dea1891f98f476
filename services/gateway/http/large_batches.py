"""The lines of large batches, and taking back what is not posted yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final, Literal

from coalition.type.v1.reason_pb2 import Reason
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.answers.large_batches import large_batch, line_answer, line_record, lines_url
from services.gateway.apidocs import large_batch_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.batches import StoredBatch
from services.gateway.domain.caller import POINTS_EARN, POINTS_READ, POINTS_REDEEM, Caller
from services.gateway.domain.large_batches.runs import Run, ToldLine
from services.gateway.http.admission import admit, admit_write
from services.gateway.http.answering import Answer, listing
from services.gateway.http.cursors import AskedPage
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, get, post
from services.gateway.schemas.batches import Batch, BatchLine, LineOutcome
from services.gateway.schemas.lists import ListOf
from services.runtime.errors import NotFound
from services.runtime.partner_standing import Operation

_TAG: Final = "Batches"
_NDJSON: Final = "application/x-ndjson"
_FILE_SECONDS: Final = 600.0
_Outcome = Annotated[LineOutcome | None, Query(description="Only lines that stand there")]
_Format = Annotated[
    Literal["ndjson"] | None,
    Query(alias="format", description="All lines as a file, instead of the Accept header"),
]


class LargeBatches:
    """Batches that are stored first, and posted after that."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """/v1/batches/{batch_id}/lines and /v1/batches/{batch_id}/cancel."""
        return [
            get(
                "/v1/batches/{batch_id}/lines",
                self.lines,
                id="listBatchLines",
                tag=_TAG,
                summary="List the lines of a large batch",
                description="In their order, each with what became of it so far. A cursor is a `line`. With `Accept: application/x-ndjson` "
                "or `?format=ndjson` all of them at once, one a line. A batch that was answered at once has its results in itself.",
                answer=ListOf[BatchLine],
                example=examples.BATCH_LINE,
                reasons=(Reason.REASON_NOT_FOUND, Reason.REASON_PARTNER_EXITED),
                files=(_NDJSON,),
            ),
            post(
                "/v1/batches/{batch_id}/cancel",
                self.cancel,
                id="cancelBatch",
                tag=_TAG,
                summary="Take back what is not posted yet",
                description="Of a large batch: lines that are queued or tried again are cancelled, right after those that are on their way. What "
                "was posted stays, and so does what the ledger has: refunds that wait, earns that are parked. A batch that has ended is "
                "answered as it stands.",
                body=None,
                answer=Batch,
                example=examples.CANCELLED_BATCH,
                reasons=(Reason.REASON_NOT_FOUND,),
                status=200,
            ),
        ]

    async def lines(
        self,
        request: Request,
        batch_id: str,
        asked: AskedPage,
        outcome: _Outcome = None,
        wanted: _Format = None,
    ) -> Response:
        """Lists lines, or sends all of them."""
        gateway = self._gateway
        caller = await admit(gateway, request, POINTS_READ, Operation.MEMBERS)
        cursor, ledger_id, exchange = asked(), caller.programme.ledger_id, exchange_of(request)
        stored, _ = await self._large(caller, batch_id)
        if wanted is None and _NDJSON.encode() not in exchange.headers.get(b"accept", b""):
            page = await gateway.batch_line_store.page(ledger_id, stored.batch_id, outcome or "", cursor)
            return listing(lines_url(batch_id), page, line_answer)
        # A long file over a slow line outlives what a till's request may take.
        exchange.allow_seconds(_FILE_SECONDS)
        rest = gateway.batch_line_store.all(ledger_id, stored.batch_id, outcome or "")
        # Whatever goes wrong at the start goes wrong here, while it can still be said.
        # A default that is a tuple raises SystemError in Python before 3.13.2.
        first = await anext(rest, None)

        async def pieces() -> AsyncIterator[bytes]:
            yield _records(first or ())
            async for lines in rest:
                yield _records(lines)

        name = f'attachment; filename="{batch_id}.ndjson"'
        return StreamingResponse(pieces(), media_type=_NDJSON, headers={"content-disposition": name})

    async def cancel(self, request: Request, batch_id: str) -> Response:
        """Ends a large batch, once however often it is asked."""
        gateway = self._gateway
        caller, _ = await admit_write(gateway, request, "")
        if POINTS_REDEEM not in caller.key.scopes:
            caller.require(POINTS_EARN)
        stored, _ = await self._large(caller, batch_id)
        run = await gateway.batch_line_store.cancel(caller.programme.ledger_id, stored.batch_id)
        if run is not None:
            await gateway.work_batches.end(run)
        stored, now = await self._large(caller, batch_id)
        return Answer(large_batch(stored.batch_id, stored.created_at_us, now))

    async def _large(self, caller: Caller, batch_id: str) -> tuple[StoredBatch, Run]:
        stored = await self._gateway.batch_store.get(
            caller.programme.ledger_id, caller.partner.partner_id, batch_id
        )
        if stored.run is None:
            raise NotFound("this batch was answered at once, with its results")
        return stored, stored.run


def _records(lines: Sequence[ToldLine]) -> bytes:
    return b"".join(line_record(line) for line in lines)
