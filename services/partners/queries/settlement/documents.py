"""Issued documents, and the files that are made of them: staff and services see all, a partner its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.partners.domain.documents.canonical import read_document_body
from services.partners.domain.documents.document import Document
from services.partners.domain.permissions import STATEMENTS_READ
from services.partners.domain.settlement.records import Issued
from services.partners.queries.clearing import page_size
from services.partners.renderings.document_csv import document_csv
from services.partners.renderings.document_pdf import document_pdf
from services.partners.renderings.document_ubl import document_ubl
from services.partners.storage.settlement import documents
from services.runtime.database import Database
from services.runtime.errors import Fault, NotFound
from services.runtime.principal import Kind, Principal


class Format(StrEnum):
    """What a document is made into."""

    JSON = "json"
    """As it is kept."""
    CSV = "csv"
    PDF = "pdf"
    XML = "xml"
    """The e-invoice of EN 16931."""


_MEDIA: Final = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PDF: "application/pdf",
    Format.XML: "application/xml",
}


@dataclass(frozen=True, slots=True)
class DocumentsPage:
    """Documents without their bodies, newest first."""

    documents: list[Issued]
    has_more: bool


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A document as a file."""

    issued: Issued
    name: str
    media_type: str
    body: bytes


class Documents:
    """Documents of the programme acted in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_them(
        self, who: Principal, partner_id: UUID | None, run_number: int, before: UUID | None, limit: int
    ) -> DocumentsPage:
        """A page. Raises InvalidRequest, PermissionDenied."""
        own, size = _own(who), page_size(limit)
        async with self._database.reader.snapshot() as connection:
            found = await documents.listed(
                connection,
                who.in_programme().ledger_id,
                limit=size + 1,
                partner_id=own or partner_id,
                run_number=run_number or None,
                before=before,
            )
        return DocumentsPage(found[:size], len(found) > size)

    async def get(self, who: Principal, number: str, wanted: Format) -> DocumentFile:
        """A document as a file, the same bytes each time. Raises NotFound, for a partner also where it is another's.

        Raises Fault where what is kept has not the hash that it was issued with.
        """
        own, ledger_id = _own(who), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            found = await documents.by_number(connection, ledger_id, number)
        if found is None or own not in (None, found.partner_id):
            raise NotFound("there is no such document")
        if sha256(found.body).digest() != found.sha256:
            raise Fault(f"document {number} is not what was issued")
        body = found.body if wanted is Format.JSON else _render(read_document_body(found.body), wanted)
        return DocumentFile(found, f"{number}.{wanted}", _MEDIA[wanted], body)


def _render(document: Document, wanted: Format) -> bytes:
    match wanted:
        case Format.CSV:
            return document_csv(document)
        case Format.PDF:
            return document_pdf(document)
        case _:
            return document_ubl(document)


def _own(who: Principal) -> UUID | None:
    """The partner that a partner's key may see; None: all."""
    if who.kind is Kind.PARTNER:
        who.require(STATEMENTS_READ)
        return who.as_partner()
    who.require_internal()
    return None
