from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RefundSums")


@_attrs_define
class RefundSums:
    """What refunds come to together.

    Attributes:
        returned (int): Points returned
        taken (int): Points taken back or owed, of the sale and of campaigns
        money (int): Money to pay out, in minor units
    """

    returned: int
    taken: int
    money: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        returned = self.returned

        taken = self.taken

        money = self.money

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "returned": returned,
                "taken": taken,
                "money": money,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        returned = d.pop("returned")

        taken = d.pop("taken")

        money = d.pop("money")

        refund_sums = cls(
            returned=returned,
            taken=taken,
            money=money,
        )

        refund_sums.additional_properties = d
        return refund_sums

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
