from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.parked_points_status import ParkedPointsStatus

T = TypeVar("T", bound="ParkedPoints")


@_attrs_define
class ParkedPoints:
    """Points of a sale that is parked, or was.

    Attributes:
        points (int): What it would have earned when it was parked
        status (ParkedPointsStatus): `ended`: an earn of your reference names this as its `original`, or it was taken
            away
    """

    points: int
    status: ParkedPointsStatus
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        points = self.points

        status = self.status.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "points": points,
                "status": status,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        points = d.pop("points")

        status = ParkedPointsStatus(d.pop("status"))

        parked_points = cls(
            points=points,
            status=status,
        )

        parked_points.additional_properties = d
        return parked_points

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
