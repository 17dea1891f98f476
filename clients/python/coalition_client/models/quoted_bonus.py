from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.quoted_campaign import QuotedCampaign


T = TypeVar("T", bound="QuotedBonus")


@_attrs_define
class QuotedBonus:
    """Points that a campaign would give on top.

    Attributes:
        campaign (QuotedCampaign): The campaign that would give points, by the version of its terms that decides now.
        points (int):
    """

    campaign: QuotedCampaign
    points: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        campaign = self.campaign.to_dict()

        points = self.points

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "campaign": campaign,
                "points": points,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.quoted_campaign import QuotedCampaign  # noqa: PLC0415

        d = dict(src_dict)
        campaign = QuotedCampaign.from_dict(d.pop("campaign"))

        points = d.pop("points")

        quoted_bonus = cls(
            campaign=campaign,
            points=points,
        )

        quoted_bonus.additional_properties = d
        return quoted_bonus

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
