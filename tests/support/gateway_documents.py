"""The documents of the partners service as the gateway meets them: real documents, kept in memory."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from coalition.partners.v1 import settlement_pb2 as pb
from coalition.partners.v1 import settlement_pb2_grpc

from services.partners.domain.documents.canonical import document_body
from services.partners.domain.documents.document import Document
from services.partners.domain.statement import LineKind
from services.partners.renderings.document_csv import document_csv
from services.partners.renderings.document_pdf import document_pdf
from services.partners.renderings.document_ubl import document_ubl
from services.runtime.errors import NotFound
from services.runtime.ids import new_id
from services.runtime.principal import acting
from tests.support.tax_papers import drafts, issued, line

_RENDERINGS: Final = {
    pb.DOCUMENT_FORMAT_JSON: document_body,
    pb.DOCUMENT_FORMAT_CSV: document_csv,
    pb.DOCUMENT_FORMAT_PDF: document_pdf,
    pb.DOCUMENT_FORMAT_XML: document_ubl,
}


def invoice(sequence: int) -> Document:
    """An invoice of the operator's for points."""
    (draft,) = drafts([line(LineKind.ISSUED, 1_000 * sequence, 10_000)])
    return issued(draft, f"2017-380-{sequence:06}")


def self_billed() -> Document:
    """An invoice of the partner's for reimbursement, and so with an agreement."""
    (draft,) = drafts([line(LineKind.BURNED, 1_000, 9_000)])
    return issued(draft, "2017-389-000001")


class DocumentsBook(settlement_pb2_grpc.SettlementServiceServicer):
    """Documents by partner; `asked`: how often anybody asked for some."""

    def __init__(self) -> None:
        self.kept: dict[UUID, list[tuple[UUID, Document]]] = {}
        self.asked = 0

    def keep(self, partner_id: UUID, *documents: Document) -> list[str]:
        """Keeps documents of a partner, the oldest first; answers their numbers."""
        self.kept.setdefault(partner_id, []).extend((new_id(), each) for each in documents)
        return [each.number for each in documents]

    def _own(self) -> list[tuple[UUID, Document]]:
        self.asked += 1
        acting().require("statements:read")
        return self.kept.get(acting().as_partner(), [])

    async def ListDocuments(self, request: pb.ListDocumentsRequest, context: Any) -> pb.ListDocumentsResponse:
        """Newest first; with `after` alone those next to it."""
        found = [
            (key, each)
            for key, each in self._own()
            if (not request.before or key.bytes < request.before) and key.bytes > request.after
        ]
        page = found[: request.limit][::-1] if request.after else found[::-1][: request.limit]
        return pb.ListDocumentsResponse(
            documents=[_summary(*each) for each in page], has_more=len(found) > request.limit
        )

    async def GetDocument(self, request: pb.GetDocumentRequest, context: Any) -> pb.GetDocumentResponse:
        """As the service makes it."""
        for key, each in self._own():
            if each.number == request.number:
                body = _RENDERINGS[request.format](each)
                return pb.GetDocumentResponse(document=_summary(key, each), body=body)
        raise NotFound("there is no such document")


def _summary(key: UUID, document: Document) -> pb.DocumentSummary:
    assert document.issued_on
    return pb.DocumentSummary(
        number=document.number,
        type=document.type.value,
        legal_entity=document.entity,
        issued_on=document.issued_on.isoformat(),
        net_minor=document.net_minor,
        tax_minor=document.tax_minor,
        due_minor=document.due_minor,
        sha256=sha256(document_body(document)).digest(),
        document_id=key.bytes,
    )
