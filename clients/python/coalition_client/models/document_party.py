from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DocumentParty")


@_attrs_define
class DocumentParty:
    """A company on a document; empty where it has none of it.

    Attributes:
        legal_name (str):
        street (str):
        city (str):
        postcode (str):
        country (str): ISO 3166-1
        vat_id (str):
        tax_number (str): What its tax office knows it by, where it has no VAT id
        registration_id (str): In the register of companies
        email (str):
        legal_note (str):
    """

    legal_name: str
    street: str
    city: str
    postcode: str
    country: str
    vat_id: str
    tax_number: str
    registration_id: str
    email: str
    legal_note: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        legal_name = self.legal_name

        street = self.street

        city = self.city

        postcode = self.postcode

        country = self.country

        vat_id = self.vat_id

        tax_number = self.tax_number

        registration_id = self.registration_id

        email = self.email

        legal_note = self.legal_note

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "legal_name": legal_name,
                "street": street,
                "city": city,
                "postcode": postcode,
                "country": country,
                "vat_id": vat_id,
                "tax_number": tax_number,
                "registration_id": registration_id,
                "email": email,
                "legal_note": legal_note,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        legal_name = d.pop("legal_name")

        street = d.pop("street")

        city = d.pop("city")

        postcode = d.pop("postcode")

        country = d.pop("country")

        vat_id = d.pop("vat_id")

        tax_number = d.pop("tax_number")

        registration_id = d.pop("registration_id")

        email = d.pop("email")

        legal_note = d.pop("legal_note")

        document_party = cls(
            legal_name=legal_name,
            street=street,
            city=city,
            postcode=postcode,
            country=country,
            vat_id=vat_id,
            tax_number=tax_number,
            registration_id=registration_id,
            email=email,
            legal_note=legal_note,
        )

        document_party.additional_properties = d
        return document_party

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
