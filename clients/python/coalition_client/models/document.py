from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.document_type import DocumentType

if TYPE_CHECKING:
    from ..models.document_line import DocumentLine
    from ..models.document_party import DocumentParty
    from ..models.document_payment import DocumentPayment
    from ..models.document_reference import DocumentReference
    from ..models.document_self_billing import DocumentSelfBilling
    from ..models.document_subtotal import DocumentSubtotal


T = TypeVar("T", bound="Document")


@_attrs_define
class Document:
    """An invoice or a credit note as it is kept for ever: canonical JSON. Amounts are minor units, none but `due_minor`
    below zero.

        Attributes:
            format_ (Literal[1]):
            number (str): Its number, for ever its own
            type_ (DocumentType): Code of UNTDID 1001: 380 invoice and 381 credit note of the operator's, 389 and 261 the
                same of yours, which the operator makes out for you (self-billing), 386 invoice of the operator's for money
                given beforehand
            programme (str):
            partner (str): Your short name in the programme
            entity (int): Number of your company that it is about, from 1
            currency (str): ISO 4217
            seller (DocumentParty): A company on a document; empty where it has none of it.
            buyer (DocumentParty): A company on a document; empty where it has none of it.
            issued_on (datetime.date):
            due_on (datetime.date): When it is paid or collected
            period_from (datetime.date):
            period_to (datetime.date): Included
            statements (list[str]): Ids of the statements whose lines it sums
            lines (list[DocumentLine]):
            subtotals (list[DocumentSubtotal]):
            net_minor (int):
            tax_minor (int):
            total_minor (int): Net and tax
            due_minor (int): Net and tax with their sign: above zero you owe it, below you are owed it
            set_off_minor (int): What of an invoice is paid by what you have paid ahead; the total stays whole
            payment (DocumentPayment): How it is settled; for a transfer also what to name and where to.
            references (list[DocumentReference]): Of a credit note: what it is about
            self_billing (DocumentSelfBilling | None): Of 389 and 261; null for the others
    """

    format_: Literal[1]
    number: str
    type_: DocumentType
    programme: str
    partner: str
    entity: int
    currency: str
    seller: DocumentParty
    buyer: DocumentParty
    issued_on: datetime.date
    due_on: datetime.date
    period_from: datetime.date
    period_to: datetime.date
    statements: list[str]
    lines: list[DocumentLine]
    subtotals: list[DocumentSubtotal]
    net_minor: int
    tax_minor: int
    total_minor: int
    due_minor: int
    set_off_minor: int
    payment: DocumentPayment
    references: list[DocumentReference]
    self_billing: DocumentSelfBilling | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.document_self_billing import DocumentSelfBilling  # noqa: PLC0415

        format_ = self.format_

        number = self.number

        type_ = self.type_.value

        programme = self.programme

        partner = self.partner

        entity = self.entity

        currency = self.currency

        seller = self.seller.to_dict()

        buyer = self.buyer.to_dict()

        issued_on = self.issued_on.isoformat()

        due_on = self.due_on.isoformat()

        period_from = self.period_from.isoformat()

        period_to = self.period_to.isoformat()

        statements = self.statements

        lines = []
        for lines_item_data in self.lines:
            lines_item = lines_item_data.to_dict()
            lines.append(lines_item)

        subtotals = []
        for subtotals_item_data in self.subtotals:
            subtotals_item = subtotals_item_data.to_dict()
            subtotals.append(subtotals_item)

        net_minor = self.net_minor

        tax_minor = self.tax_minor

        total_minor = self.total_minor

        due_minor = self.due_minor

        set_off_minor = self.set_off_minor

        payment = self.payment.to_dict()

        references = []
        for references_item_data in self.references:
            references_item = references_item_data.to_dict()
            references.append(references_item)

        self_billing: dict[str, Any] | None
        if isinstance(self.self_billing, DocumentSelfBilling):
            self_billing = self.self_billing.to_dict()
        else:
            self_billing = self.self_billing

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "format": format_,
                "number": number,
                "type": type_,
                "programme": programme,
                "partner": partner,
                "entity": entity,
                "currency": currency,
                "seller": seller,
                "buyer": buyer,
                "issued_on": issued_on,
                "due_on": due_on,
                "period_from": period_from,
                "period_to": period_to,
                "statements": statements,
                "lines": lines,
                "subtotals": subtotals,
                "net_minor": net_minor,
                "tax_minor": tax_minor,
                "total_minor": total_minor,
                "due_minor": due_minor,
                "set_off_minor": set_off_minor,
                "payment": payment,
                "references": references,
                "self_billing": self_billing,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.document_line import DocumentLine  # noqa: PLC0415
        from ..models.document_party import DocumentParty  # noqa: PLC0415
        from ..models.document_payment import DocumentPayment  # noqa: PLC0415
        from ..models.document_reference import DocumentReference  # noqa: PLC0415
        from ..models.document_self_billing import DocumentSelfBilling  # noqa: PLC0415
        from ..models.document_subtotal import DocumentSubtotal  # noqa: PLC0415

        d = dict(src_dict)
        format_ = cast(Literal[1], d.pop("format"))
        if format_ != 1:
            raise ValueError(f"format must match const 1, got '{format_}'")

        number = d.pop("number")

        type_ = DocumentType(d.pop("type"))

        programme = d.pop("programme")

        partner = d.pop("partner")

        entity = d.pop("entity")

        currency = d.pop("currency")

        seller = DocumentParty.from_dict(d.pop("seller"))

        buyer = DocumentParty.from_dict(d.pop("buyer"))

        issued_on = datetime.date.fromisoformat(d.pop("issued_on"))

        due_on = datetime.date.fromisoformat(d.pop("due_on"))

        period_from = datetime.date.fromisoformat(d.pop("period_from"))

        period_to = datetime.date.fromisoformat(d.pop("period_to"))

        statements = cast(list[str], d.pop("statements"))

        lines = []
        _lines = d.pop("lines")
        for lines_item_data in _lines:
            lines_item = DocumentLine.from_dict(lines_item_data)

            lines.append(lines_item)

        subtotals = []
        _subtotals = d.pop("subtotals")
        for subtotals_item_data in _subtotals:
            subtotals_item = DocumentSubtotal.from_dict(subtotals_item_data)

            subtotals.append(subtotals_item)

        net_minor = d.pop("net_minor")

        tax_minor = d.pop("tax_minor")

        total_minor = d.pop("total_minor")

        due_minor = d.pop("due_minor")

        set_off_minor = d.pop("set_off_minor")

        payment = DocumentPayment.from_dict(d.pop("payment"))

        references = []
        _references = d.pop("references")
        for references_item_data in _references:
            references_item = DocumentReference.from_dict(references_item_data)

            references.append(references_item)

        def _parse_self_billing(data: object) -> DocumentSelfBilling | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                self_billing_type_0 = DocumentSelfBilling.from_dict(data)

                return self_billing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DocumentSelfBilling | None, data)

        self_billing = _parse_self_billing(d.pop("self_billing"))

        document = cls(
            format_=format_,
            number=number,
            type_=type_,
            programme=programme,
            partner=partner,
            entity=entity,
            currency=currency,
            seller=seller,
            buyer=buyer,
            issued_on=issued_on,
            due_on=due_on,
            period_from=period_from,
            period_to=period_to,
            statements=statements,
            lines=lines,
            subtotals=subtotals,
            net_minor=net_minor,
            tax_minor=tax_minor,
            total_minor=total_minor,
            due_minor=due_minor,
            set_off_minor=set_off_minor,
            payment=payment,
            references=references,
            self_billing=self_billing,
        )

        document.additional_properties = d
        return document

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
