from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.burn_ratio import BurnRatio
    from ..models.worth import Worth


T = TypeVar("T", bound="ExplainedBurn")


@_attrs_define
class ExplainedBurn:
    """`worth.amount` = `points` × `ratio.amount` ÷ `ratio.points`, rounded down once.

    Attributes:
        points (int): Points spent, or set aside
        ratio (BurnRatio): What points are worth by your burn rule, rounded down once for a burn.
        worth (Worth): What points are worth at your tills.
        counted (int | None): What of the basket counted, in minor units; null: it was not told
        share_percent (int): How much of that may be paid in points
    """

    points: int
    ratio: BurnRatio
    worth: Worth
    counted: int | None
    share_percent: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        points = self.points

        ratio = self.ratio.to_dict()

        worth = self.worth.to_dict()

        counted: int | None
        counted = self.counted

        share_percent = self.share_percent

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "points": points,
                "ratio": ratio,
                "worth": worth,
                "counted": counted,
                "share_percent": share_percent,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.burn_ratio import BurnRatio  # noqa: PLC0415
        from ..models.worth import Worth  # noqa: PLC0415

        d = dict(src_dict)
        points = d.pop("points")

        ratio = BurnRatio.from_dict(d.pop("ratio"))

        worth = Worth.from_dict(d.pop("worth"))

        def _parse_counted(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        counted = _parse_counted(d.pop("counted"))

        share_percent = d.pop("share_percent")

        explained_burn = cls(
            points=points,
            ratio=ratio,
            worth=worth,
            counted=counted,
            share_percent=share_percent,
        )

        explained_burn.additional_properties = d
        return explained_burn

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
