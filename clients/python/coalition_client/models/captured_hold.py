from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CapturedHold")


@_attrs_define
class CapturedHold:
    """A hold to capture.

    Attributes:
        id (str): Id of the hold
        points (int | None | Unset): Points to spend; leave it out for all that is held
    """

    id: str
    points: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        points: int | None | Unset
        if isinstance(self.points, Unset):
            points = UNSET
        else:
            points = self.points

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
            }
        )
        if points is not UNSET:
            field_dict["points"] = points

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        def _parse_points(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        points = _parse_points(d.pop("points", UNSET))

        captured_hold = cls(
            id=id,
            points=points,
        )

        return captured_hold
