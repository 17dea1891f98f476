"""Batches."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.batches import batch_summary
from services.gateway.apidocs import examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_READ
from services.gateway.domain.quotas import QuotaClass
from services.gateway.http.admission import admit, admit_write, count_lines
from services.gateway.http.answering import Answer, listing
from services.gateway.http.bodies import read_json
from services.gateway.http.cursors import AskedPage
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, get, post
from services.gateway.schemas.batches import LINES_MAX, Batch, BatchBody, BatchSummary
from services.gateway.schemas.lists import ListOf
from services.runtime.partner_standing import Operation

_TAG: Final = "Batches"


class Batches:
    """Movements in bulk."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """All routes under /v1/batches."""
        return [
            post(
                "/v1/batches",
                self.create,
                id="createBatch",
                tag=_TAG,
                summary="Post many movements at once",
                description=f"Up to {LINES_MAX:,} earns, redemptions and refunds, posted in their order and answered line "
                "by line. A refund may name a sale of an earlier line by its reference. A line that cannot be posted does "
                "not stand in the others' way. Each line is done once under its reference, whichever batch it "
                "comes in, so a batch whose answer was lost is simply sent again: with the same key it gets the same answer, and one that was cut short is "
                "carried on.",
                body=BatchBody,
                examples=examples.BATCH_BODIES,
                answer=Batch,
                example=examples.BATCH,
                reasons=(
                    Reason.REASON_BATCH_TOO_LARGE,
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                    Reason.REASON_IDEMPOTENCY_KEY_IN_FLIGHT,
                ),
            ),
            get(
                "/v1/batches",
                self.page,
                id="listBatches",
                tag=_TAG,
                summary="List batches",
                description="Newest first, without their results.",
                answer=ListOf[BatchSummary],
                example=examples.BATCH_SUMMARY,
            ),
            get(
                "/v1/batches/{batch_id}",
                self.one,
                id="getBatch",
                tag=_TAG,
                summary="Read a batch",
                description="The stored answer, with the result of each line.",
                answer=Batch,
                example=examples.BATCH,
                reasons=(Reason.REASON_NOT_FOUND, Reason.REASON_PARTNER_EXITED),
            ),
        ]

    async def create(self, request: Request) -> Response:
        """Posts a batch once per key. Which scopes are needed depends on its lines."""
        gateway, exchange = self._gateway, exchange_of(request)
        exchange.allow_seconds(gateway.settings.batch_seconds_max)
        caller, key = await admit_write(gateway, request, "", counted=QuotaClass.BULK)
        body = await read_json(request, gateway.settings.batch_bytes_max)
        answer = await gateway.batches.run(caller, key, body, exchange.until_us)
        count_lines(gateway, request, answer.lines)
        return Answer(answer.body, 201, replayed=answer.replayed)

    async def page(self, request: Request, asked: AskedPage) -> Response:
        """Lists batches."""
        caller = await admit(self._gateway, request, POINTS_READ, Operation.MEMBERS)
        page = await self._gateway.batch_store.page(
            caller.programme.ledger_id, caller.partner.partner_id, asked()
        )
        return listing(
            "/v1/batches", page, lambda each: batch_summary(each.batch_id, each.created_at_us, each.counts)
        )

    async def one(self, request: Request, batch_id: str) -> Response:
        """Reads a batch with its results."""
        caller = await admit(self._gateway, request, POINTS_READ, Operation.MEMBERS)
        stored = await self._gateway.batch_store.get(
            caller.programme.ledger_id, caller.partner.partner_id, batch_id
        )
        if stored.answer is not None:
            return Answer(stored.answer)
        return Answer({**batch_summary(stored.batch_id, stored.created_at_us, None), "results": None})
