from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.money import Money


T = TypeVar("T", bound="RefundFigures")


@_attrs_define
class RefundFigures:
    """What a refund came to.

    Attributes:
        amount (int): What the goods had cost, in minor units; of a burn without a sale: points given back
        points_returned (int): Points burned that are back in the wallet
        points_clawed_back (int): Points earned that were taken from the wallet
        points_owed (int): Points earned that the member owes from now on
        points_written_off (int): Points earned that nobody takes back
        money (Money): An amount of money.
    """

    amount: int
    points_returned: int
    points_clawed_back: int
    points_owed: int
    points_written_off: int
    money: Money
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        amount = self.amount

        points_returned = self.points_returned

        points_clawed_back = self.points_clawed_back

        points_owed = self.points_owed

        points_written_off = self.points_written_off

        money = self.money.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "amount": amount,
                "points_returned": points_returned,
                "points_clawed_back": points_clawed_back,
                "points_owed": points_owed,
                "points_written_off": points_written_off,
                "money": money,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.money import Money  # noqa: PLC0415

        d = dict(src_dict)
        amount = d.pop("amount")

        points_returned = d.pop("points_returned")

        points_clawed_back = d.pop("points_clawed_back")

        points_owed = d.pop("points_owed")

        points_written_off = d.pop("points_written_off")

        money = Money.from_dict(d.pop("money"))

        refund_figures = cls(
            amount=amount,
            points_returned=points_returned,
            points_clawed_back=points_clawed_back,
            points_owed=points_owed,
            points_written_off=points_written_off,
            money=money,
        )

        refund_figures.additional_properties = d
        return refund_figures

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
