"""The documents of partners, which the partners service keeps."""

from __future__ import annotations

from typing import Final, Protocol
from uuid import UUID

import grpc.aio
from coalition.partners.v1 import settlement_pb2, settlement_pb2_grpc

from services.gateway.clients.calls import CALL_SECONDS, ask
from services.gateway.domain.documents import DocumentFile, DocumentFormat, DocumentSummary
from services.runtime.ids import from_bytes

_FORMATS: Final = {
    each: settlement_pb2.DocumentFormat.Value(f"DOCUMENT_FORMAT_{each.name}") for each in DocumentFormat
}


class Documents(Protocol):
    """What the gateway asks of documents; all raise CoalitionError."""

    async def listed(
        self, token: bytes, limit: int, before: UUID | None, after: UUID | None
    ) -> tuple[list[DocumentSummary], bool]:
        """The caller's documents between two (None: no bound), newest first, and whether there are more."""
        ...

    async def document(
        self, token: bytes, number: str, wanted: DocumentFormat, seconds: float = CALL_SECONDS
    ) -> DocumentFile:
        """One document of the caller's. Raises NotFound."""
        ...


class GrpcDocuments:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._settlement = settlement_pb2_grpc.SettlementServiceStub(channel)

    async def listed(
        self, token: bytes, limit: int, before: UUID | None, after: UUID | None
    ) -> tuple[list[DocumentSummary], bool]:
        """As Documents.listed."""
        request = settlement_pb2.ListDocumentsRequest(
            limit=limit, before=before.bytes if before else b"", after=after.bytes if after else b""
        )
        response: settlement_pb2.ListDocumentsResponse = await ask(
            self._settlement.ListDocuments, request, token
        )
        return [_summary_of(each) for each in response.documents], response.has_more

    async def document(
        self, token: bytes, number: str, wanted: DocumentFormat, seconds: float = CALL_SECONDS
    ) -> DocumentFile:
        """As Documents.document."""
        request = settlement_pb2.GetDocumentRequest(number=number, format=_FORMATS[wanted])
        response: settlement_pb2.GetDocumentResponse = await ask(
            self._settlement.GetDocument, request, token, seconds
        )
        return DocumentFile(_summary_of(response.document), response.body)


def _summary_of(message: settlement_pb2.DocumentSummary) -> DocumentSummary:
    return DocumentSummary(
        document_id=from_bytes(message.document_id),
        number=message.number,
        type=message.type,
        legal_entity=message.legal_entity,
        issued_on=message.issued_on,
        net_minor=message.net_minor,
        tax_minor=message.tax_minor,
        due_minor=message.due_minor,
        sha256=message.sha256,
    )
