"""Issued documents, and the files that are made of them: staff and services see all, a partner its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.partners.domain.documents.canonical import read_document_body
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
class Wanted:
    """Which documents; None, 0: any. `before`, `after`: ids of documents, both excluded; `limit` 0: the usual."""

    partner_id: UUID | None = None
    run_number: int = 0
    before: UUID | None = None
    after: UUID | None = None
    limit: int = 0


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

    async def list_them(self, who: Principal, wanted: Wanted) -> DocumentsPage:
        """A page, newest first; with `after` alone the page next to that document. Raises InvalidRequest, PermissionDenied."""
        own, size = _own(who), page_size(wanted.limit)
        upwards = wanted.after is not None and wanted.before is None
        async with self._database.reader.snapshot() as connection:
            found = await documents.listed(
                connection,
                who.in_programme().ledger_id,
                limit=size + 1,
                partner_id=own or wanted.partner_id,
                run_number=wanted.run_number or None,
                before=wanted.before,
                after=wanted.after,
                oldest_first=upwards,
            )
        page = found[:size]
        return DocumentsPage(page[::-1] if upwards else page, len(found) > size)

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
        # A long one takes its time to be typeset: others are served meanwhile.
        body = found.body if wanted is Format.JSON else await asyncio.to_thread(_render, found.body, wanted)
        return DocumentFile(found, f"{number}.{wanted}", _MEDIA[wanted], body)


def _render(body: bytes, wanted: Format) -> bytes:
    document = read_document_body(body)
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
