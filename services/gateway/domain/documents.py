"""Invoices and credit notes as the partners service tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class DocumentFormat(StrEnum):
    """What a document is read as."""

    JSON = "json"
    """As it is kept: the bytes that its hash is over."""
    CSV = "csv"
    PDF = "pdf"
    XML = "xml"
    """The e-invoice of EN 16931, as UBL."""

    @property
    def media_type(self) -> str:
        """Its media type, without parameters."""
        return "text/csv" if self is DocumentFormat.CSV else f"application/{self.value}"


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its content.

    `type`: code of UNTDID 1001. `issued_on`: an ISO 8601 date. Minor units, net and tax never below zero; `due_minor` above zero:
    the partner owes it. `sha256`: over its JSON.
    """

    document_id: UUID
    number: str
    type: int
    legal_entity: int
    issued_on: str
    net_minor: int
    tax_minor: int
    due_minor: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A document as one of its formats."""

    summary: DocumentSummary
    body: bytes
