from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.bridge_step_step import BridgeStepStep

T = TypeVar("T", bound="BridgeStep")


@_attrs_define
class BridgeStep:
    """A step of the bridge from your file to our books. All but the last add up to the last.

    Attributes:
        step (BridgeStepStep):
        count (int):
        points (int):
        amount (int | None): Minor units; null where amounts were not compared
    """

    step: BridgeStepStep
    count: int
    points: int
    amount: int | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        step = self.step.value

        count = self.count

        points = self.points

        amount: int | None
        amount = self.amount

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "step": step,
                "count": count,
                "points": points,
                "amount": amount,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        step = BridgeStepStep(d.pop("step"))

        count = d.pop("count")

        points = d.pop("points")

        def _parse_amount(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        amount = _parse_amount(d.pop("amount"))

        bridge_step = cls(
            step=step,
            count=count,
            points=points,
            amount=amount,
        )

        bridge_step.additional_properties = d
        return bridge_step

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
