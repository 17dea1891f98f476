"""Invoices and credit notes of a partner."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from services.gateway.clients.calls import CALL_SECONDS
from services.gateway.clients.documents import Documents
from services.gateway.domain.caller import Caller
from services.gateway.domain.documents import DocumentFile, DocumentFormat, DocumentSummary
from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.runtime.errors import NotFound

# Year, type and place in the series of both: 2026-380-000001.
_NUMBER: Final = re.compile(r"[0-9]{4}-[0-9]{3}-[0-9]{6,10}", re.ASCII)


async def list_documents(documents: Documents, caller: Caller, cursor: Cursor) -> Page[DocumentSummary]:
    """A page of documents, newest first. Raises InvalidRequest (CURSOR_INVALID) and what partners does."""
    before = await _document_id(documents, caller, "starting_after", cursor.starting_after)
    after = await _document_id(documents, caller, "ending_before", cursor.ending_before)
    found, has_more = await documents.listed(caller.token, cursor.limit, before, after)
    return Page(found, has_more)


async def get_document(
    documents: Documents,
    caller: Caller,
    number: str,
    wanted: DocumentFormat,
    seconds: float = CALL_SECONDS,
) -> DocumentFile:
    """One document, made within so many seconds. Raises NotFound, also for another partner's."""
    if not _NUMBER.fullmatch(number):
        raise NotFound("there is no such document")
    return await documents.document(caller.token, number, wanted, seconds)


async def _document_id(documents: Documents, caller: Caller, name: str, cursor: str) -> UUID | None:
    """The id of the document that a cursor names by its number; None for an empty one."""
    if not cursor:
        return None
    try:
        found = await get_document(documents, caller, cursor, DocumentFormat.JSON)
    except NotFound:
        raise unknown_cursor(name) from None
    return found.summary.document_id
