from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.net_direction import NetDirection

T = TypeVar("T", bound="Net")


@_attrs_define
class Net:
    """What is to be paid.

    Attributes:
        amount (int): Minor units: positive you pay, negative you receive
        direction (NetDirection): The same in words
        exact_micros (int): Sum of the rated entries before rounding, in millionths of the major unit
        carry_in_micros (int): Residue of the statement before
        carry_out_micros (int): Residue for the next statement
    """

    amount: int
    direction: NetDirection
    exact_micros: int
    carry_in_micros: int
    carry_out_micros: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        amount = self.amount

        direction = self.direction.value

        exact_micros = self.exact_micros

        carry_in_micros = self.carry_in_micros

        carry_out_micros = self.carry_out_micros

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "amount": amount,
                "direction": direction,
                "exact_micros": exact_micros,
                "carry_in_micros": carry_in_micros,
                "carry_out_micros": carry_out_micros,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        amount = d.pop("amount")

        direction = NetDirection(d.pop("direction"))

        exact_micros = d.pop("exact_micros")

        carry_in_micros = d.pop("carry_in_micros")

        carry_out_micros = d.pop("carry_out_micros")

        net = cls(
            amount=amount,
            direction=direction,
            exact_micros=exact_micros,
            carry_in_micros=carry_in_micros,
            carry_out_micros=carry_out_micros,
        )

        net.additional_properties = d
        return net

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
