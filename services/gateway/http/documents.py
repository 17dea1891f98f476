"""Documents: a partner's invoices and credit notes."""

from __future__ import annotations

from typing import Annotated, Final

from coalition.type.v1.reason_pb2 import Reason
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.documents import document_answer
from services.gateway.apidocs import document_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import STATEMENTS_READ
from services.gateway.domain.documents import DocumentFormat
from services.gateway.http.admission import admit
from services.gateway.http.answering import Answer, listing
from services.gateway.http.cursors import AskedPage
from services.gateway.http.exchange import exchange_of
from services.gateway.http.routes import ToldRoute, get
from services.gateway.queries.documents import get_document, list_documents
from services.gateway.schemas.documents import Document, DocumentSummary
from services.gateway.schemas.lists import ListOf

_TAG: Final = "Settlement"
# A document of thousands of lines takes its time to be typeset.
_FILE_SECONDS: Final = 60.0
_BY_MEDIA_TYPE: Final = {each.media_type: each for each in DocumentFormat}
_Format = Annotated[
    DocumentFormat | None,
    Query(alias="format", description="Instead of the Accept header; JSON if neither says otherwise"),
]


class Documents:
    """A partner's own documents."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """GET /v1/documents and /v1/documents/{number}."""
        return [
            get(
                "/v1/documents",
                self.page,
                id="listDocuments",
                tag=_TAG,
                summary="List invoices and credit notes",
                description="Yours and the operator's to you, newest first, without their content. A document's id is its number.",
                answer=ListOf[DocumentSummary],
                example=examples.DOCUMENT_SUMMARY,
            ),
            get(
                "/v1/documents/{number}",
                self.one,
                id="getDocument",
                tag=_TAG,
                summary="Read an invoice or a credit note",
                description="As JSON, byte for byte what `sha256` in the list is over; or as a file, by `?format=` or the first of "
                "these that `Accept` names: `csv` (`text/csv`), `pdf` (`application/pdf`), `xml` (`application/xml`: an e-invoice of "
                "EN 16931 in UBL, which is the one for your bookkeeping). A document never changes, nor do its files.",
                answer=Document,
                example=examples.DOCUMENT,
                reasons=(Reason.REASON_NOT_FOUND,),
                csv_example=examples.DOCUMENT_CSV,
                files=("application/pdf", "application/xml"),
            ),
        ]

    async def page(self, request: Request, asked: AskedPage) -> Response:
        """Lists documents."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        page = await list_documents(self._gateway.documents, caller, asked())
        return listing("/v1/documents", page, document_answer)

    async def one(self, request: Request, number: str, wanted: _Format = None) -> Response:
        """Reads one document."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        exchange = exchange_of(request)
        made_into = wanted or _accepted(exchange.headers.get(b"accept", b""))
        exchange.allow_seconds(_FILE_SECONDS)
        found = await get_document(self._gateway.documents, caller, number, made_into, _FILE_SECONDS)
        if made_into is DocumentFormat.JSON:
            return Answer(found.body)
        charset = "; charset=utf-8" if made_into is DocumentFormat.CSV else ""
        name = f'attachment; filename="{found.summary.number}.{made_into}"'
        return Answer(
            found.body,
            media_type=f"{made_into.media_type}{charset}".encode(),
            headers=[(b"content-disposition", name.encode())],
        )


def _accepted(header: bytes) -> DocumentFormat:
    """The first format that an Accept header names; JSON where it names none."""
    for named in header.decode("latin-1").lower().split(","):
        found = _BY_MEDIA_TYPE.get(named.partition(";")[0].strip())
        if found is not None:
            return found
    return DocumentFormat.JSON
