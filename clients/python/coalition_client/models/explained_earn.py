from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.earn_rate import EarnRate


T = TypeVar("T", bound="ExplainedEarn")


@_attrs_define
class ExplainedEarn:
    """`points` = `money` × `rate.points` ÷ `rate.amount`, rounded down once.

    Attributes:
        amount (int): What was paid in all, in minor units
        in_points (int): What of it was paid in points, and earns nothing
        money (int): What is left of it
        rate (EarnRate): What you give for money, by the rate that decided.
        points (int): Points of the sale itself
        dropped (int): What rounding dropped: so many `rate.amount`-ths of a point
    """

    amount: int
    in_points: int
    money: int
    rate: EarnRate
    points: int
    dropped: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        amount = self.amount

        in_points = self.in_points

        money = self.money

        rate = self.rate.to_dict()

        points = self.points

        dropped = self.dropped

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "amount": amount,
                "in_points": in_points,
                "money": money,
                "rate": rate,
                "points": points,
                "dropped": dropped,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.earn_rate import EarnRate  # noqa: PLC0415

        d = dict(src_dict)
        amount = d.pop("amount")

        in_points = d.pop("in_points")

        money = d.pop("money")

        rate = EarnRate.from_dict(d.pop("rate"))

        points = d.pop("points")

        dropped = d.pop("dropped")

        explained_earn = cls(
            amount=amount,
            in_points=in_points,
            money=money,
            rate=rate,
            points=points,
            dropped=dropped,
        )

        explained_earn.additional_properties = d
        return explained_earn

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
