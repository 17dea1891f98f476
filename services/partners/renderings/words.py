"""Words that several renderings say alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.partners.domain.documents.document import Document, DocumentType
from services.partners.domain.documents.tax import Category

TITLES: Final[Mapping[DocumentType, str]] = {
    DocumentType.INVOICE: "Invoice",
    DocumentType.CREDIT_NOTE: "Credit note",
    DocumentType.SELF_BILLED_INVOICE: "Self-billed invoice",
    DocumentType.SELF_BILLED_CREDIT_NOTE: "Self-billed credit note",
    DocumentType.PREPAYMENT: "Prepayment invoice",
}
CATEGORIES: Final[Mapping[Category, str]] = {
    Category.STANDARD: "S: taxed",
    Category.ZERO: "Z: zero rated",
    Category.EXEMPT: "E: exempt",
    Category.REVERSE_CHARGE: "AE: reverse charge, the buyer owes the tax",
    Category.EXPORT: "G: export",
    Category.OUTSIDE: "O: outside the scope of tax",
}


def self_billing_note(document: Document) -> str:
    """What is said of an agreement on self-billing; empty where there is none."""
    agreement = document.self_billing
    if agreement is None:
        return ""
    return (
        f"Self-billing: made out by the buyer in the name of the seller, under agreement {agreement.reference} of "
        f"{agreement.agreed_on.isoformat()}. It stands unless the seller objects within {agreement.objection_days} days of "
        "receiving it."
    )


def exemption_notes(document: Document) -> list[str]:
    """Why no tax is due, of each category that says so."""
    return [
        f"{CATEGORIES[each.rule.category]}. {' '.join(filter(None, (each.rule.exemption_text, code)))}".strip()
        for each in document.subtotals
        if each.rule.category not in (Category.STANDARD, Category.ZERO)
        for code in [f"({each.rule.exemption_code})" if each.rule.exemption_code else ""]
    ]
