"""A document as PDF, for people and for archives (PDF/A-2b)."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.partners.domain.documents.document import Document, DocumentLine
from services.partners.domain.documents.tax import Category, Supply, TaxRule
from services.partners.renderings.figures import count, digits_needed, exact, money, rate
from services.partners.renderings.typesetting import party_rows, typeset
from services.partners.renderings.words import CATEGORIES, TITLES, exemption_notes, self_billing_note


def document_pdf(document: Document) -> bytes:
    """The PDF; of a draft with a mark that says so. Its date is that of issue, or the period's end."""
    return typeset("document", _view(document), document.issued_on or document.period_to)


def _view(document: Document) -> dict[str, Any]:
    digits = digits_needed([line.price_micros for line in document.lines])
    outside = any(each.rule.category is Category.OUTSIDE for each in document.subtotals)
    return {
        "author": document.seller.legal_name,
        "currency": document.currency,
        "draft": not document.number,
        "facts": _facts(document),
        "footer": " · ".join(filter(None, (document.seller.legal_name, document.seller.legal_note))),
        "lines": [_line(line, digits) for line in document.lines],
        "notes": _notes(document),
        "number": document.number or "Draft",
        "parties": [
            {"name": party.legal_name, "role": role, "rows": party_rows(party, with_vat=not outside)}
            for role, party in _roles(document)
        ],
        "taxes": [
            [CATEGORIES[each.rule.category], _rate(each.rule), money(each.net_minor), money(each.tax_minor)]
            for each in document.subtotals
        ],
        "title": TITLES[document.type],
        "totals": [[name, f"{document.currency} {money(amount)}"] for name, amount in _totals(document)],
    }


def _totals(document: Document) -> list[tuple[str, int]]:
    found = [("Net", document.net_minor), ("Tax", document.tax_minor), ("Total", document.total_minor)]
    if not document.set_off_minor:
        return found
    return [*found, ("Paid by prefunding", -document.set_off_minor), ("Left to pay", document.payable_minor)]


def _roles(document: Document) -> list[tuple[str, Any]]:
    billed = document.type.self_billed
    return [
        ("Seller", document.seller),
        ("Buyer, who makes this out" if billed else "Buyer", document.buyer),
    ]


def _facts(document: Document) -> list[tuple[str, str]]:
    found = [
        ("Number", document.number or "none yet"),
        ("Date of issue", _day(document.issued_on)),
        (_when(document), f"{document.period_from.isoformat()} to {document.period_to.isoformat()}"),
        ("Due", _day(document.due_on)),
        ("Programme", document.programme),
        ("Partner", f"{document.partner}, company {document.entity}"),
    ]
    earlier = ", ".join(f"{each.number} of {each.issued_on.isoformat()}" for each in document.references)
    return [*found, ("Refers to", earlier)] if earlier else found


def _when(document: Document) -> str:
    """What the period is: security is no supply, and is dated by the day on which it was asked for or given back."""
    return "Ordered" if document.lines[0].supply is Supply.PREFUNDING else "Supplied"


def _notes(document: Document) -> list[str]:
    payment = document.payment
    means = (("Account (IBAN)", payment.iban), ("Reference", payment.reference))
    asked = ", ".join(f"{name} {text}" for name, text in means if text)
    owes = "The buyer owes this." if not document.type.is_credit else "This lowers what the buyer owes."
    statements = f"Statements: {', '.join(document.statements)}" if document.statements else ""
    return list(
        filter(
            None,
            (
                owes,
                payment.text,
                asked,
                self_billing_note(document),
                *exemption_notes(document),
                statements,
            ),
        )
    )


def _line(line: DocumentLine, digits: int) -> list[str]:
    return [
        str(line.number),
        line.text,
        count(line.quantity),
        exact(line.price_micros, digits),
        _rate(line.rule) if line.rule.category is Category.STANDARD else line.rule.category.value,
        money(line.net_minor),
    ]


def _rate(rule: TaxRule) -> str:
    return "" if rule.category is Category.OUTSIDE else rate(rule.rate_basis_points)


def _day(day: date | None) -> str:
    return day.isoformat() if day else "none yet"
