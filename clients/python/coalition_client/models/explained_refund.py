from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.explained_refund_tender_order import ExplainedRefundTenderOrder

if TYPE_CHECKING:
    from ..models.refund_sums import RefundSums


T = TypeVar("T", bound="ExplainedRefund")


@_attrs_define
class ExplainedRefund:
    """What the refund came to is `due`, less what the ones before it had come to (`before`).

    Attributes:
        whole (int): What there was to refund: minor units, or points of a burn
        in_points (int): What of a sale was paid in points, in minor units
        burned (int): Points burned for it
        earned (int): Points that it earned itself
        bonus (int): Points that campaigns gave for it
        tender_order (ExplainedRefundTenderOrder):
        given (int): Of the whole, what all refunds up to this one gave back
        due (RefundSums): What refunds come to together.
        refunds_before (int): How many refunds came before it
        before (RefundSums): What refunds come to together.
    """

    whole: int
    in_points: int
    burned: int
    earned: int
    bonus: int
    tender_order: ExplainedRefundTenderOrder
    given: int
    due: RefundSums
    refunds_before: int
    before: RefundSums
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        whole = self.whole

        in_points = self.in_points

        burned = self.burned

        earned = self.earned

        bonus = self.bonus

        tender_order = self.tender_order.value

        given = self.given

        due = self.due.to_dict()

        refunds_before = self.refunds_before

        before = self.before.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "whole": whole,
                "in_points": in_points,
                "burned": burned,
                "earned": earned,
                "bonus": bonus,
                "tender_order": tender_order,
                "given": given,
                "due": due,
                "refunds_before": refunds_before,
                "before": before,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.refund_sums import RefundSums  # noqa: PLC0415

        d = dict(src_dict)
        whole = d.pop("whole")

        in_points = d.pop("in_points")

        burned = d.pop("burned")

        earned = d.pop("earned")

        bonus = d.pop("bonus")

        tender_order = ExplainedRefundTenderOrder(d.pop("tender_order"))

        given = d.pop("given")

        due = RefundSums.from_dict(d.pop("due"))

        refunds_before = d.pop("refunds_before")

        before = RefundSums.from_dict(d.pop("before"))

        explained_refund = cls(
            whole=whole,
            in_points=in_points,
            burned=burned,
            earned=earned,
            bonus=bonus,
            tender_order=tender_order,
            given=given,
            due=due,
            refunds_before=refunds_before,
            before=before,
        )

        explained_refund.additional_properties = d
        return explained_refund

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
