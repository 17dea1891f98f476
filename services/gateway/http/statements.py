"""Statements: what a partner owes or is owed, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Final, Literal

from coalition.type.v1.reason_pb2 import Reason
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.answers.clearing import statement_answer, statement_csv
from services.gateway.apidocs import examples
from services.gateway.apidocs.statement_file_example import STATEMENT_FILE
from services.gateway.app import Gateway
from services.gateway.domain.caller import STATEMENTS_ACCEPT, STATEMENTS_READ
from services.gateway.http.admission import admit, admit_write
from services.gateway.http.answering import Answer, listing
from services.gateway.http.cursors import AskedPage
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, get, post
from services.gateway.queries.statements import (
    accept_statement,
    get_statement,
    list_statements,
    open_statement_file,
)
from services.gateway.schemas.clearing import Statement, StatementSummary
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.statement_file import StatementFile

_TAG: Final = "Settlement"
_FILE_SECONDS: Final = 600.0
_Format = Annotated[
    Literal["json", "csv"] | None,
    Query(alias="format", description="Instead of the Accept header; JSON if neither says otherwise"),
]


class Statements:
    """A partner's own statements."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """GET /v1/statements, /v1/statements/{statement_id} and its file, POST /v1/statements/{statement_id}/accept."""
        return [
            get(
                "/v1/statements",
                self.page,
                id="listStatements",
                tag=_TAG,
                summary="List statements",
                description="One for each clearing window, or for a run of them where you are billed by the month; newest first, "
                "without their lines.",
                answer=ListOf[StatementSummary],
                example=examples.STATEMENT_SUMMARY,
            ),
            get(
                "/v1/statements/{statement_id}",
                self.one,
                id="getStatement",
                tag=_TAG,
                summary="Read a statement",
                description="As JSON, or as CSV with `Accept: text/csv` or `?format=csv`: a row a line, amounts "
                "in the major unit; then the net, what was due before and what is due now.",
                answer=Statement,
                example=examples.STATEMENT,
                reasons=(Reason.REASON_NOT_FOUND,),
                csv_example=examples.STATEMENT_CSV,
            ),
            get(
                "/v1/statements/{statement_id}/file",
                self.file,
                id="getStatementFile",
                tag=_TAG,
                summary="Download a statement with its proof",
                description="Every rated entry behind the statement, and what proves to you, offline, that they are what "
                "the operator signed and what the statement sums. `coalition verify statement` and the single file "
                "`services/verifier/statement.py` check it. It holds secrets of your entries: keep it to yourself.",
                answer=StatementFile,
                example=STATEMENT_FILE,
                reasons=(Reason.REASON_NOT_FOUND,),
            ),
            post(
                "/v1/statements/{statement_id}/accept",
                self.accept,
                id="acceptStatement",
                tag=_TAG,
                summary="Accept a statement",
                description="Says that it is right, before your silence does at `objection_until`. One that is accepted already "
                "is answered as it stands.",
                body=None,
                answer=StatementSummary,
                example=examples.ACCEPTED_STATEMENT,
                reasons=(Reason.REASON_NOT_FOUND,),
                status=200,
            ),
        ]

    async def page(self, request: Request, asked: AskedPage) -> Response:
        """Lists statements."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        page = await list_statements(self._gateway.partners, caller, asked())
        return listing("/v1/statements", page, partial(statement_answer, with_lines=False))

    async def one(self, request: Request, statement_id: str, wanted: _Format = None) -> Response:
        """Reads one statement."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        statement = await get_statement(self._gateway.partners, caller, statement_id)
        accepted = exchange_of(request).headers.get(b"accept", b"")
        if wanted == "csv" or (wanted is None and b"text/csv" in accepted):
            name = f'attachment; filename="statement-{statement.window}.csv"'
            return Answer(
                statement_csv(statement).encode(),
                media_type=b"text/csv; charset=utf-8",
                headers=[(b"content-disposition", name.encode())],
            )
        return Answer(statement_answer(statement, with_lines=True))

    async def file(self, request: Request, statement_id: str) -> Response:
        """Sends the file that proves a statement, piece by piece."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        # A long file over a slow line outlives what a till's request may take.
        exchange_of(request).allow_seconds(_FILE_SECONDS)
        first, rest = await open_statement_file(self._gateway.partners, caller, statement_id)

        async def pieces() -> AsyncIterator[bytes]:
            yield first
            async for piece in rest:
                yield piece

        name = f'attachment; filename="{statement_id}.json"'
        return StreamingResponse(
            pieces(), media_type="application/json", headers={"content-disposition": name}
        )

    async def accept(self, request: Request, statement_id: str) -> Response:
        """Accepts one statement, once however often it is asked."""
        caller, _ = await admit_write(self._gateway, request, STATEMENTS_ACCEPT)
        statement = await accept_statement(self._gateway.partners, caller, statement_id)
        return Answer(statement_answer(statement, with_lines=False))
