"""Documents as canonical JSON, both ways: what is stored for ever, and the one thing that every file is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import Any, Final

from services.partners.domain.documents.document import (
    Document,
    DocumentLine,
    DocumentType,
    Payment,
    Reference,
    Subtotal,
)
from services.partners.domain.documents.party import read_party
from services.partners.domain.documents.tax import Category, SelfBilling, Supply, TaxRule
from services.partners.domain.drafts import whole
from services.runtime.audit import canonical
from services.runtime.errors import Fault, InvalidRequest

FORMAT: Final = 1
BODY_BYTES_MAX: Final = 8 * 2**20


def document_body(document: Document) -> bytes:
    """The canonical JSON of a document: sorted names, no spaces, whole numbers, UTF-8. Raises InvalidRequest, as `checked`."""
    said = document.checked()
    return canonical(
        {
            "buyer": said.buyer.document(),
            "currency": said.currency,
            "due_minor": said.due_minor,
            "due_on": _day(said.due_on),
            "entity": said.entity,
            "format": FORMAT,
            "issued_on": _day(said.issued_on),
            "lines": [_line(line) for line in said.lines],
            "net_minor": said.net_minor,
            "number": said.number,
            "partner": said.partner,
            "payment": asdict(said.payment),
            "period_from": said.period_from.isoformat(),
            "period_to": said.period_to.isoformat(),
            "programme": said.programme,
            "references": [
                {"issued_on": each.issued_on.isoformat(), "number": each.number} for each in said.references
            ],
            "self_billing": self_billing_document(said.self_billing),
            "seller": said.seller.document(),
            "set_off_minor": said.set_off_minor,
            "statements": list(said.statements),
            "subtotals": [
                {"net_minor": each.net_minor, "rule": each.rule.document(), "tax_minor": each.tax_minor}
                for each in said.subtotals
            ],
            "tax_minor": said.tax_minor,
            "total_minor": said.total_minor,
            "type": said.type.value,
        }
    ).encode()


def document_sha256(body: bytes) -> bytes:
    """The hash that an issued document is known by."""
    return sha256(body).digest()


def read_document_body(body: bytes) -> Document:
    """The document of a stored body. Raises Fault for one that `document_body` has not made: nobody else makes any."""
    if len(body) > BODY_BYTES_MAX:
        raise Fault(f"a document has at most {BODY_BYTES_MAX:,} bytes")
    try:
        found = _read(json.loads(body))
        again = document_body(found)
    except (ValueError, KeyError, TypeError, InvalidRequest) as error:
        raise Fault(f"a stored document cannot be read: {error}") from error
    if again != body:
        raise Fault("a stored document is not in its canonical form")
    return found


def self_billing_document(agreement: SelfBilling | None) -> dict[str, Any] | None:
    """What documents, drafts and the audit log say of a self-billing agreement."""
    if agreement is None:
        return None
    return {
        "agreed_on": agreement.agreed_on.isoformat(),
        "objection_days": agreement.objection_days,
        "reference": agreement.reference,
    }


def read_self_billing(said: Mapping[str, Any] | None) -> SelfBilling | None:
    """Reads what `self_billing_document` has written. Raises KeyError, TypeError, ValueError or InvalidRequest."""
    if said is None:
        return None
    days, reference = whole(said["objection_days"]), _text(said["reference"])
    return SelfBilling(reference, date.fromisoformat(said["agreed_on"]), days).checked()


def read_rule(said: Mapping[str, Any]) -> TaxRule:
    """Reads what `TaxRule.document` has written. Raises KeyError, TypeError or ValueError."""
    return TaxRule(
        Category(said["category"]),
        whole(said["rate_basis_points"]),
        _text(said["exemption_text"]),
        _text(said["exemption_code"]),
    )


def _line(line: DocumentLine) -> dict[str, Any]:
    return {
        "entries": line.entries,
        "kind": line.kind,
        "net_minor": line.net_minor,
        "number": line.number,
        "point_type": line.point_type,
        "price_micros": line.price_micros,
        "quantity": line.quantity,
        "rule": line.rule.document(),
        "supply": line.supply.value,
        "text": line.text,
    }


def _read(said: Mapping[str, Any]) -> Document:
    if said["format"] != FORMAT:
        raise ValueError(f"format {said['format']!r} is not known")
    return Document(
        DocumentType(said["type"]),
        _text(said["programme"]),
        _text(said["partner"]),
        whole(said["entity"]),
        _text(said["currency"]),
        read_party(said["seller"]),
        read_party(said["buyer"]),
        date.fromisoformat(said["period_from"]),
        date.fromisoformat(said["period_to"]),
        tuple(map(_text, said["statements"])),
        tuple(map(_read_line, said["lines"])),
        tuple(
            Subtotal(read_rule(each["rule"]), whole(each["net_minor"]), whole(each["tax_minor"]))
            for each in said["subtotals"]
        ),
        read_self_billing(said["self_billing"]),
        _text(said["number"]),
        _date(said["issued_on"]),
        _date(said["due_on"]),
        tuple(
            Reference(_text(each["number"]), date.fromisoformat(each["issued_on"]))
            for each in said["references"]
        ),
        Payment(**{name: _text(text) for name, text in said["payment"].items()}),
        whole(said["set_off_minor"]),
    )


def _read_line(said: Mapping[str, Any]) -> DocumentLine:
    return DocumentLine(
        whole(said["number"]),
        Supply(said["supply"]),
        _text(said["kind"]),
        _text(said["point_type"]),
        _text(said["text"]),
        whole(said["entries"]),
        whole(said["quantity"]),
        whole(said["price_micros"]),
        whole(said["net_minor"]),
        read_rule(said["rule"]),
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value
