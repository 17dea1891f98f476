"""A partner's own file, compared with its books."""

from __future__ import annotations

from typing import Annotated, Final

from coalition.type.v1.reason_pb2 import Reason
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.reconciliation import numbered_answer, stored_answer
from services.gateway.apidocs import reconciliation_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import STATEMENTS_READ
from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.domain.quotas import QuotaClass
from services.gateway.domain.reconciliation.days import NoDay, read_day
from services.gateway.domain.reconciliation.operations import NAMED, USUAL, OperationKind
from services.gateway.domain.reconciliation.uploads import AskedComparison
from services.gateway.http.admission import admit, admit_write, count_lines
from services.gateway.http.answering import Answer, listing
from services.gateway.http.bodies import open_file
from services.gateway.http.cursors import AskedPage
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, get, upload
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.reconciliation import (
    DifferenceType,
    ReconciliationDifference,
    ReconciliationUpload,
)

_TAG: Final = "Settlement"
_PATH: Final = "/v1/reconciliation/uploads"
_USUAL: Final = ",".join(USUAL)
_Date = Annotated[
    str,
    Query(
        max_length=10,
        description="The business day that the file is of: YYYY-MM-DD",
        examples=["2026-03-14"],
    ),
]
_Kinds = Annotated[
    str,
    Query(
        max_length=200,
        description=f"The kinds of operations that the file has all of, with commas: of {', '.join(NAMED)}",
    ),
]
_Amounts = Annotated[bool, Query(description="Whether amounts of money are compared, too")]
_Type = Annotated[DifferenceType | None, Query(alias="type", description="Only differences of this type")]


class ReconciliationUploads:
    """Comparisons of a partner's own files."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """All routes under /v1/reconciliation/uploads."""
        settings = self._gateway.settings
        return [
            upload(
                _PATH,
                self.create,
                id="createReconciliationUpload",
                tag=_TAG,
                summary="Compare your own file of a day with our books",
                description="CSV with a header, or JSON lines, in UTF-8: `reference`, `kind`, `points` (what the member has more, or "
                "fewer with a minus), `amount` (minor units) and, where a line is not of that day, `date`. Each is as in the daily "
                f"file. Up to {settings.upload_lines_max:,} lines and {settings.upload_bytes_max:,} bytes. A line that cannot "
                "be read is told with its number, and the others are compared.",
                files={"text/csv": examples.UPLOAD_CSV, "application/x-ndjson": examples.UPLOAD_NDJSON},
                answer=ReconciliationUpload,
                example=examples.UPLOAD,
                reasons=(
                    Reason.REASON_BATCH_TOO_LARGE,
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                    Reason.REASON_IDEMPOTENCY_KEY_IN_FLIGHT,
                ),
            ),
            get(
                _PATH,
                self.page,
                id="listReconciliationUploads",
                tag=_TAG,
                summary="List your files that were compared",
                description="Newest first.",
                answer=ListOf[ReconciliationUpload],
                example=examples.UPLOAD,
            ),
            get(
                f"{_PATH}/{{upload_id}}",
                self.one,
                id="getReconciliationUpload",
                tag=_TAG,
                summary="Read what came of a file",
                answer=ReconciliationUpload,
                example=examples.UPLOAD,
                reasons=(Reason.REASON_NOT_FOUND,),
            ),
            get(
                f"{_PATH}/{{upload_id}}/differences",
                self.differences,
                id="listReconciliationDifferences",
                tag=_TAG,
                summary="List what differs",
                description="Lines that could not be read, then the others by kind and reference. A cursor is a `number`.",
                answer=ListOf[ReconciliationDifference],
                example=examples.DIFFERENCE,
                reasons=(Reason.REASON_NOT_FOUND,),
            ),
        ]

    async def create(
        self, request: Request, date: _Date, kinds: _Kinds = _USUAL, amounts: _Amounts = True
    ) -> Response:
        """Compares a file once per key."""
        gateway, exchange = self._gateway, exchange_of(request)
        exchange.allow_seconds(gateway.settings.upload_seconds_max)
        caller, key = await admit_write(gateway, request, STATEMENTS_READ, counted=QuotaClass.BULK)
        as_csv, pieces = open_file(request, gateway.settings.upload_bytes_max)
        asked = _asked(date, kinds, amounts=amounts, as_csv=as_csv)
        async with gateway.places.uploads.place(caller, exchange.until_us):
            # However long it had to wait.
            exchange.allow_seconds(gateway.settings.upload_seconds_max)
            answer = await gateway.reconcile.run(caller, key, asked, pieces)
        count_lines(gateway, request, answer.lines)
        return Answer(answer.body, 201, replayed=answer.replayed)

    async def page(self, request: Request, asked: AskedPage) -> Response:
        """Lists uploads."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        page = await self._gateway.reconciliation_store.page(
            caller.programme.ledger_id, caller.partner.partner_id, asked()
        )
        return listing(_PATH, page, stored_answer)

    async def one(self, request: Request, upload_id: str) -> Response:
        """Reads an upload."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        stored = await self._gateway.reconciliation_store.get(
            caller.programme.ledger_id, caller.partner.partner_id, upload_id
        )
        return Answer(stored.answer)

    async def differences(
        self, request: Request, upload_id: str, asked: AskedPage, wanted: _Type = None
    ) -> Response:
        """Lists the differences of an upload."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        cursor, ledger_id = asked(), caller.programme.ledger_id
        store = self._gateway.reconciliation_store
        stored = await store.get(ledger_id, caller.partner.partner_id, upload_id)
        page = await store.differences(ledger_id, stored, wanted or "", cursor)
        return listing(f"{_PATH}/{upload_id}/differences", page, numbered_answer)


def _asked(date: str, kinds: str, *, amounts: bool, as_csv: bool) -> AskedComparison:
    try:
        day = read_day(date)
    except NoDay as error:
        raise InvalidBody(f"date: {error}", [FieldError("date", str(error), parameter="date")]) from None
    wanted: set[OperationKind] = set()
    for name in kinds.split(","):
        if name not in NAMED:
            detail = f"Kinds are of {', '.join(NAMED)}, with commas between them"
            raise InvalidBody(f"kinds: {detail}", [FieldError("kinds", detail, parameter="kinds")])
        wanted.add(OperationKind(name))
    return AskedComparison(day, frozenset(wanted), amounts, as_csv)
