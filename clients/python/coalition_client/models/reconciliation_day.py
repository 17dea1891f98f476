from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.reconciliation_day_status import ReconciliationDayStatus

if TYPE_CHECKING:
    from ..models.kind_total import KindTotal


T = TypeVar("T", bound="ReconciliationDay")


@_attrs_define
class ReconciliationDay:
    """A business day with your control totals: the sums of its file.

    Attributes:
        points (int): What it did to the member's wallet, without bonus: issued − reversed − burned + returned
        points_issued (int): Points that you issued
        points_reversed (int): Points you had issued, taken back
        points_burned (int): Points spent with you
        points_returned (int): Points spent with you, given back
        bonus_issued (int): Points that campaigns gave on top of your sales, whoever pays for them
        bonus_reversed (int): The same, taken back
        amount (int): Minor units: of an earn the sale, of a refund of a sale what the goods had cost, of a burn what
            your burn rule made of its points; otherwise 0
        object_ (Literal['reconciliation_day']):
        date (datetime.date):
        status (ReconciliationDayStatus): closed: the day is over and never changes; open: as far as `last_seq`
        starts_at (datetime.datetime): Midnight in the programme's zone; included
        ends_at (datetime.datetime): The next midnight; excluded
        first_seq (int): First place in the programme's journal
        last_seq (int): Last place in the programme's journal that counts; below first_seq: none
        currency (str): ISO 4217
        count (int): Operations of all kinds
        totals (list[KindTotal]): By kind; a kind of which there are none is left out
    """

    points: int
    points_issued: int
    points_reversed: int
    points_burned: int
    points_returned: int
    bonus_issued: int
    bonus_reversed: int
    amount: int
    object_: Literal["reconciliation_day"]
    date: datetime.date
    status: ReconciliationDayStatus
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    first_seq: int
    last_seq: int
    currency: str
    count: int
    totals: list[KindTotal]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        points = self.points

        points_issued = self.points_issued

        points_reversed = self.points_reversed

        points_burned = self.points_burned

        points_returned = self.points_returned

        bonus_issued = self.bonus_issued

        bonus_reversed = self.bonus_reversed

        amount = self.amount

        object_ = self.object_

        date = self.date.isoformat()

        status = self.status.value

        starts_at = self.starts_at.isoformat()

        ends_at = self.ends_at.isoformat()

        first_seq = self.first_seq

        last_seq = self.last_seq

        currency = self.currency

        count = self.count

        totals = []
        for totals_item_data in self.totals:
            totals_item = totals_item_data.to_dict()
            totals.append(totals_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "points": points,
                "points_issued": points_issued,
                "points_reversed": points_reversed,
                "points_burned": points_burned,
                "points_returned": points_returned,
                "bonus_issued": bonus_issued,
                "bonus_reversed": bonus_reversed,
                "amount": amount,
                "object": object_,
                "date": date,
                "status": status,
                "starts_at": starts_at,
                "ends_at": ends_at,
                "first_seq": first_seq,
                "last_seq": last_seq,
                "currency": currency,
                "count": count,
                "totals": totals,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.kind_total import KindTotal  # noqa: PLC0415

        d = dict(src_dict)
        points = d.pop("points")

        points_issued = d.pop("points_issued")

        points_reversed = d.pop("points_reversed")

        points_burned = d.pop("points_burned")

        points_returned = d.pop("points_returned")

        bonus_issued = d.pop("bonus_issued")

        bonus_reversed = d.pop("bonus_reversed")

        amount = d.pop("amount")

        object_ = cast(Literal["reconciliation_day"], d.pop("object"))
        if object_ != "reconciliation_day":
            raise ValueError(f"object must match const 'reconciliation_day', got '{object_}'")

        date = datetime.date.fromisoformat(d.pop("date"))

        status = ReconciliationDayStatus(d.pop("status"))

        starts_at = datetime.datetime.fromisoformat(d.pop("starts_at"))

        ends_at = datetime.datetime.fromisoformat(d.pop("ends_at"))

        first_seq = d.pop("first_seq")

        last_seq = d.pop("last_seq")

        currency = d.pop("currency")

        count = d.pop("count")

        totals = []
        _totals = d.pop("totals")
        for totals_item_data in _totals:
            totals_item = KindTotal.from_dict(totals_item_data)

            totals.append(totals_item)

        reconciliation_day = cls(
            points=points,
            points_issued=points_issued,
            points_reversed=points_reversed,
            points_burned=points_burned,
            points_returned=points_returned,
            bonus_issued=bonus_issued,
            bonus_reversed=bonus_reversed,
            amount=amount,
            object_=object_,
            date=date,
            status=status,
            starts_at=starts_at,
            ends_at=ends_at,
            first_seq=first_seq,
            last_seq=last_seq,
            currency=currency,
            count=count,
            totals=totals,
        )

        reconciliation_day.additional_properties = d
        return reconciliation_day

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
