from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.document_summary_type import DocumentSummaryType

T = TypeVar("T", bound="DocumentSummary")


@_attrs_define
class DocumentSummary:
    """An invoice or a credit note, without its content. Amounts are minor units.

    Attributes:
        object_ (Literal['document']):
        id (str): Its number, for ever its own
        type_ (DocumentSummaryType): Code of UNTDID 1001: 380 invoice and 381 credit note of the operator's, 389 and 261
            the same of yours, which the operator makes out for you (self-billing), 386 invoice of the operator's for money
            given beforehand
        legal_entity (int): Number of your company that it is about, from 1
        issued_on (datetime.date):
        net_minor (int): Without tax, never below zero
        tax_minor (int):
        due_minor (int): Net and tax with their sign: above zero you owe it, below you are owed it
        sha256 (str): Over the document's JSON, as it is sent
    """

    object_: Literal["document"]
    id: str
    type_: DocumentSummaryType
    legal_entity: int
    issued_on: datetime.date
    net_minor: int
    tax_minor: int
    due_minor: int
    sha256: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        id = self.id

        type_ = self.type_.value

        legal_entity = self.legal_entity

        issued_on = self.issued_on.isoformat()

        net_minor = self.net_minor

        tax_minor = self.tax_minor

        due_minor = self.due_minor

        sha256 = self.sha256

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "type": type_,
                "legal_entity": legal_entity,
                "issued_on": issued_on,
                "net_minor": net_minor,
                "tax_minor": tax_minor,
                "due_minor": due_minor,
                "sha256": sha256,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = cast(Literal["document"], d.pop("object"))
        if object_ != "document":
            raise ValueError(f"object must match const 'document', got '{object_}'")

        id = d.pop("id")

        type_ = DocumentSummaryType(d.pop("type"))

        legal_entity = d.pop("legal_entity")

        issued_on = datetime.date.fromisoformat(d.pop("issued_on"))

        net_minor = d.pop("net_minor")

        tax_minor = d.pop("tax_minor")

        due_minor = d.pop("due_minor")

        sha256 = d.pop("sha256")

        document_summary = cls(
            object_=object_,
            id=id,
            type_=type_,
            legal_entity=legal_entity,
            issued_on=issued_on,
            net_minor=net_minor,
            tax_minor=tax_minor,
            due_minor=due_minor,
            sha256=sha256,
        )

        document_summary.additional_properties = d
        return document_summary

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
