from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RedemptionReceipt")


@_attrs_define
class RedemptionReceipt:
    """What a till may print.

    Attributes:
        burned (int): Points spent
        balance (int): Points in the wallet right after it
        lines (list[str]): Ready to print, each at most 40 characters
    """

    burned: int
    balance: int
    lines: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        burned = self.burned

        balance = self.balance

        lines = self.lines

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "burned": burned,
                "balance": balance,
                "lines": lines,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        burned = d.pop("burned")

        balance = d.pop("balance")

        lines = cast(list[str], d.pop("lines"))

        redemption_receipt = cls(
            burned=burned,
            balance=balance,
            lines=lines,
        )

        redemption_receipt.additional_properties = d
        return redemption_receipt

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
