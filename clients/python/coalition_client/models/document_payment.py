from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DocumentPayment")


@_attrs_define
class DocumentPayment:
    """How it is settled; for a transfer also what to name and where to.

    Attributes:
        text (str):
        reference (str): Creditor reference (ISO 11649); empty: nothing to transfer
        iban (str):
    """

    text: str
    reference: str
    iban: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        text = self.text

        reference = self.reference

        iban = self.iban

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "text": text,
                "reference": reference,
                "iban": iban,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        text = d.pop("text")

        reference = d.pop("reference")

        iban = d.pop("iban")

        document_payment = cls(
            text=text,
            reference=reference,
            iban=iban,
        )

        document_payment.additional_properties = d
        return document_payment

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
