from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.worth_treatment import WorthTreatment

T = TypeVar("T", bound="Worth")


@_attrs_define
class Worth:
    """What points are worth at your tills.

    Attributes:
        amount (int): Minor units, rounded down
        currency (str): ISO 4217
        treatment (WorthTreatment): `tender`: tell the sale with a tender of kind `points` of this amount. `discount`:
            tell it without this amount, and without such a tender
    """

    amount: int
    currency: str
    treatment: WorthTreatment
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        amount = self.amount

        currency = self.currency

        treatment = self.treatment.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "amount": amount,
                "currency": currency,
                "treatment": treatment,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        amount = d.pop("amount")

        currency = d.pop("currency")

        treatment = WorthTreatment(d.pop("treatment"))

        worth = cls(
            amount=amount,
            currency=currency,
            treatment=treatment,
        )

        worth.additional_properties = d
        return worth

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
