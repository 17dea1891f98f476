from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.bridge_kind import BridgeKind

if TYPE_CHECKING:
    from ..models.bridge_step import BridgeStep


T = TypeVar("T", bound="Bridge")


@_attrs_define
class Bridge:
    """The bridge of one kind.

    Attributes:
        kind (BridgeKind):
        steps (list[BridgeStep]):
    """

    kind: BridgeKind
    steps: list[BridgeStep]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind.value

        steps = []
        for steps_item_data in self.steps:
            steps_item = steps_item_data.to_dict()
            steps.append(steps_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
                "steps": steps,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bridge_step import BridgeStep  # noqa: PLC0415

        d = dict(src_dict)
        kind = BridgeKind(d.pop("kind"))

        steps = []
        _steps = d.pop("steps")
        for steps_item_data in _steps:
            steps_item = BridgeStep.from_dict(steps_item_data)

            steps.append(steps_item)

        bridge = cls(
            kind=kind,
            steps=steps,
        )

        bridge.additional_properties = d
        return bridge

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
