from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ReversalReceipt")


@_attrs_define
class ReversalReceipt:
    """What a till may print.

    Attributes:
        returned (int): Points burned that are back in the wallet
        clawed_back (int): Points earned that were taken back
        owed (int): Points earned that the member owes
        balance (int): Points in the wallet right after it
        lines (list[str]): Ready to print, each at most 40 characters
        released (int): Points of a hold that are free again
    """

    returned: int
    clawed_back: int
    owed: int
    balance: int
    lines: list[str]
    released: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        returned = self.returned

        clawed_back = self.clawed_back

        owed = self.owed

        balance = self.balance

        lines = self.lines

        released = self.released

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "returned": returned,
                "clawed_back": clawed_back,
                "owed": owed,
                "balance": balance,
                "lines": lines,
                "released": released,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        returned = d.pop("returned")

        clawed_back = d.pop("clawed_back")

        owed = d.pop("owed")

        balance = d.pop("balance")

        lines = cast(list[str], d.pop("lines"))

        released = d.pop("released")

        reversal_receipt = cls(
            returned=returned,
            clawed_back=clawed_back,
            owed=owed,
            balance=balance,
            lines=lines,
            released=released,
        )

        reversal_receipt.additional_properties = d
        return reversal_receipt

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
