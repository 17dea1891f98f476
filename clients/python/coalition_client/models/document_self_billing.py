from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DocumentSelfBilling")


@_attrs_define
class DocumentSelfBilling:
    """Your agreement that the operator makes out your documents.

    Attributes:
        reference (str):
        agreed_on (datetime.date):
        objection_days (int): Days to object to a document, from when you have it
    """

    reference: str
    agreed_on: datetime.date
    objection_days: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        reference = self.reference

        agreed_on = self.agreed_on.isoformat()

        objection_days = self.objection_days

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "reference": reference,
                "agreed_on": agreed_on,
                "objection_days": objection_days,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reference = d.pop("reference")

        agreed_on = datetime.date.fromisoformat(d.pop("agreed_on"))

        objection_days = d.pop("objection_days")

        document_self_billing = cls(
            reference=reference,
            agreed_on=agreed_on,
            objection_days=objection_days,
        )

        document_self_billing.additional_properties = d
        return document_self_billing

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
