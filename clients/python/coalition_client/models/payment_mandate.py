from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.payment_mandate_scheme import PaymentMandateScheme

T = TypeVar("T", bound="PaymentMandate")


@_attrs_define
class PaymentMandate:
    """The mandate that you are debited under.

    Attributes:
        id (str):
        signed_on (datetime.date):
        scheme (PaymentMandateScheme): `core`: you may have a debit returned for eight weeks; `b2b`: you may not
    """

    id: str
    signed_on: datetime.date
    scheme: PaymentMandateScheme
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        signed_on = self.signed_on.isoformat()

        scheme = self.scheme.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "signed_on": signed_on,
                "scheme": scheme,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        signed_on = datetime.date.fromisoformat(d.pop("signed_on"))

        scheme = PaymentMandateScheme(d.pop("scheme"))

        payment_mandate = cls(
            id=id,
            signed_on=signed_on,
            scheme=scheme,
        )

        payment_mandate.additional_properties = d
        return payment_mandate

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
