from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="EarnReceipt")


@_attrs_define
class EarnReceipt:
    """What a till may print.

    Attributes:
        earned (int): Points earned
        bonus (int): Points that campaigns gave on top of them
        pending (int): How many of the points earned cannot be spent yet
        balance (int): Points in the wallet right after it
        expires_on (None | str): Last day on which the points earned can be spent, in the programme's zone
        lines (list[str]): Ready to print, each at most 40 characters
    """

    earned: int
    bonus: int
    pending: int
    balance: int
    expires_on: None | str
    lines: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        earned = self.earned

        bonus = self.bonus

        pending = self.pending

        balance = self.balance

        expires_on: None | str
        expires_on = self.expires_on

        lines = self.lines

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "earned": earned,
                "bonus": bonus,
                "pending": pending,
                "balance": balance,
                "expires_on": expires_on,
                "lines": lines,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        earned = d.pop("earned")

        bonus = d.pop("bonus")

        pending = d.pop("pending")

        balance = d.pop("balance")

        def _parse_expires_on(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        expires_on = _parse_expires_on(d.pop("expires_on"))

        lines = cast(list[str], d.pop("lines"))

        earn_receipt = cls(
            earned=earned,
            bonus=bonus,
            pending=pending,
            balance=balance,
            expires_on=expires_on,
            lines=lines,
        )

        earn_receipt.additional_properties = d
        return earn_receipt

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
