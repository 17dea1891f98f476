"""Batches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.batches import batch_summary
from services.gateway.answers.large_batches import BATCH_PREFIX, large_batch
from services.gateway.apidocs import examples
from services.gateway.apidocs import large_batch_examples as large_examples
from services.gateway.app import Gateway
from services.gateway.auth.keys import digest_of
from services.gateway.commands.batches import BatchAnswer
from services.gateway.commands.large_batches.receive import FileKind
from services.gateway.domain.caller import POINTS_READ, Caller
from services.gateway.domain.large_batches.files import COLUMNS
from services.gateway.domain.large_batches.runs import Sender
from services.gateway.domain.quotas import QuotaClass
from services.gateway.http.admission import admit, admit_write, count_lines
from services.gateway.http.answering import Answer, listing
from services.gateway.http.bodies import is_json, open_file, prefers_later, read_json
from services.gateway.http.cursors import AskedPage
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, get, post
from services.gateway.schemas.batches import LINES_MAX, Batch, BatchBody, BatchSummary
from services.gateway.schemas.lists import ListOf
from services.runtime.ids import to_text
from services.runtime.partner_standing import Operation

_TAG: Final = "Batches"


class Batches:
    """Movements in bulk."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """/v1/batches and /v1/batches/{batch_id}."""
        settings = self._gateway.settings
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
                "carried on.\n\n"
                f"A file of JSON lines or CSV, up to {settings.batch_file_lines_max:,} lines and {settings.batch_file_bytes_max:,} "
                "bytes, is stored as it arrives and answered 202 once all of it is; so is JSON with `Prefer: respond-async`. It is then "
                "posted after the tills, and its lines tell what became of them. Each line of a file is what an entry of `lines` is; CSV "
                f"has a header of {', '.join(f'`{name}`' for name in COLUMNS)}, of which `type`, `reference` and `occurred_at` must be there.",
                body=BatchBody,
                examples=examples.BATCH_BODIES,
                files={
                    "application/x-ndjson": large_examples.BATCH_NDJSON,
                    "text/csv": large_examples.BATCH_CSV,
                },
                answer=Batch,
                example=examples.BATCH,
                others={202: (Batch, large_examples.LARGE_BATCH)},
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
                description="The stored answer, with the result of each line; of a large batch how far it is.",
                answer=Batch,
                example=examples.BATCH,
                reasons=(Reason.REASON_NOT_FOUND, Reason.REASON_PARTNER_EXITED),
            ),
        ]

    async def create(self, request: Request) -> Response:
        """Posts a batch once per key, or takes a large one. Which scopes are needed depends on its lines."""
        gateway, exchange = self._gateway, exchange_of(request)
        settings = gateway.settings
        if is_json(exchange) and not prefers_later(exchange):
            exchange.allow_seconds(settings.batch_seconds_max)
            caller, key = await admit_write(gateway, request, "", counted=QuotaClass.BULK)
            body = await read_json(request, settings.batch_bytes_max)
            return await self._answered_at_once(request, caller, key, body)
        exchange.allow_seconds(settings.batch_file_seconds_max)
        caller, key = await admit_write(gateway, request, "", counted=QuotaClass.BULK)
        sender = Sender(caller, digest_of(exchange.headers.get(b"authorization", b"")))
        body = b""
        if is_json(exchange):
            body = await read_json(request, settings.batch_bytes_max)
            kind, pieces = FileKind.JSON, _whole(body)
        else:
            as_csv, pieces = open_file(
                request, settings.batch_file_bytes_max, settings.batch_file_stall_seconds
            )
            kind = FileKind.CSV if as_csv else FileKind.JSON_LINES
        async with gateway.places.batch_files.place(caller, exchange.until_us):
            # However long it had to wait.
            exchange.allow_seconds(settings.batch_file_seconds_max)
            taken = await gateway.receive_batches.run(sender, key, kind, pieces)
        stored = taken.batch
        if stored.run is None:
            # Its key was used for the same body without the preference: that one is answered at once, or carried on.
            return await self._answered_at_once(request, caller, key, body)
        if not taken.replayed:
            count_lines(gateway, request, stored.run.counts.lines)
        gateway.work_batches.wake()
        told = large_batch(stored.batch_id, stored.created_at_us, stored.run)
        return _told(BatchAnswer(told, taken.replayed, stored.batch_id))

    async def _answered_at_once(self, request: Request, caller: Caller, key: str, body: bytes) -> Response:
        gateway, exchange = self._gateway, exchange_of(request)
        async with gateway.places.batches.place(caller, exchange.until_us):
            # However long it had to wait.
            exchange.allow_seconds(gateway.settings.batch_seconds_max)
            answer = await gateway.batches.run(caller, key, body, exchange.until_us)
        count_lines(gateway, request, answer.lines)
        return _told(answer)

    async def page(self, request: Request, asked: AskedPage) -> Response:
        """Lists batches."""
        caller = await admit(self._gateway, request, POINTS_READ, Operation.MEMBERS)
        page = await self._gateway.batch_store.page(
            caller.programme.ledger_id, caller.partner.partner_id, asked()
        )
        return listing(
            "/v1/batches",
            page,
            lambda each: batch_summary(each.batch_id, each.created_at_us, each.counts, each.run),
        )

    async def one(self, request: Request, batch_id: str) -> Response:
        """Reads a batch with its results, or how far it is."""
        caller = await admit(self._gateway, request, POINTS_READ, Operation.MEMBERS)
        stored = await self._gateway.batch_store.get(
            caller.programme.ledger_id, caller.partner.partner_id, batch_id
        )
        if stored.answer is not None:
            return Answer(stored.answer)
        summary = batch_summary(stored.batch_id, stored.created_at_us, None, stored.run)
        return Answer({**summary, "results": None})


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _told(answer: BatchAnswer) -> Answer:
    if answer.large_id is None:
        return Answer(answer.body, 201, replayed=answer.replayed)
    place = f"/v1/batches/{to_text(BATCH_PREFIX, answer.large_id)}"
    headers = [(b"location", place.encode())]
    return Answer(answer.body, 202, replayed=answer.replayed, headers=headers)
