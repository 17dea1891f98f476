from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.explained_campaign_outcome import ExplainedCampaignOutcome

if TYPE_CHECKING:
    from ..models.quoted_campaign import QuotedCampaign


T = TypeVar("T", bound="ExplainedCampaign")


@_attrs_define
class ExplainedCampaign:
    """A campaign that was there for the sale.

    Attributes:
        campaign (QuotedCampaign): The campaign that would give points, by the version of its terms that decides now.
        multiplier_percent (int | None): So many per cent of the sale's own points in all; null: fixed points
        fixed_points (int | None): Points whatever the sale earned; null: a multiplier
        min_amount (int): The least that had to be paid in money, in minor units
        due (int): What it came to by its terms
        points (int): What it gave, out of its budget: all that was due, or nothing
        outcome (ExplainedCampaignOutcome): `not_covered`: its budget had fewer points left, or one who pays for it took
            no part then
    """

    campaign: QuotedCampaign
    multiplier_percent: int | None
    fixed_points: int | None
    min_amount: int
    due: int
    points: int
    outcome: ExplainedCampaignOutcome
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        campaign = self.campaign.to_dict()

        multiplier_percent: int | None
        multiplier_percent = self.multiplier_percent

        fixed_points: int | None
        fixed_points = self.fixed_points

        min_amount = self.min_amount

        due = self.due

        points = self.points

        outcome = self.outcome.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "campaign": campaign,
                "multiplier_percent": multiplier_percent,
                "fixed_points": fixed_points,
                "min_amount": min_amount,
                "due": due,
                "points": points,
                "outcome": outcome,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.quoted_campaign import QuotedCampaign  # noqa: PLC0415

        d = dict(src_dict)
        campaign = QuotedCampaign.from_dict(d.pop("campaign"))

        def _parse_multiplier_percent(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        multiplier_percent = _parse_multiplier_percent(d.pop("multiplier_percent"))

        def _parse_fixed_points(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        fixed_points = _parse_fixed_points(d.pop("fixed_points"))

        min_amount = d.pop("min_amount")

        due = d.pop("due")

        points = d.pop("points")

        outcome = ExplainedCampaignOutcome(d.pop("outcome"))

        explained_campaign = cls(
            campaign=campaign,
            multiplier_percent=multiplier_percent,
            fixed_points=fixed_points,
            min_amount=min_amount,
            due=due,
            points=points,
            outcome=outcome,
        )

        explained_campaign.additional_properties = d
        return explained_campaign

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
