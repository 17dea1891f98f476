"""Invoices and credit notes in lists. A single one is answered as it is kept."""

from __future__ import annotations

from typing import Any

from services.gateway.domain.documents import DocumentSummary


def document_answer(document: DocumentSummary) -> dict[str, Any]:
    """A document without its content, of schemas.documents.DocumentSummary."""
    return {
        "object": "document",
        "id": document.number,
        "type": document.type,
        "legal_entity": document.legal_entity,
        "issued_on": document.issued_on,
        "net_minor": document.net_minor,
        "tax_minor": document.tax_minor,
        "due_minor": document.due_minor,
        "sha256": document.sha256.hex(),
    }
