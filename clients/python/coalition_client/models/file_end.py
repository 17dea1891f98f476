from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.file_end_status import FileEndStatus

T = TypeVar("T", bound="FileEnd")


@_attrs_define
class FileEnd:
    """The last record: without it the file is not whole.

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
        record (Literal['end']):
        count (int): Lines
        date (datetime.date):
        status (FileEndStatus): closed: the day is over and never changes; open: as far as `last_seq`
        first_seq (int):
        last_seq (int): Last place in the programme's journal that counts; below first_seq: none
        currency (str):
        sha256 (str): Over the bytes of all records `line` with their line ends, in hexadecimal
    """

    points: int
    points_issued: int
    points_reversed: int
    points_burned: int
    points_returned: int
    bonus_issued: int
    bonus_reversed: int
    amount: int
    record: Literal["end"]
    count: int
    date: datetime.date
    status: FileEndStatus
    first_seq: int
    last_seq: int
    currency: str
    sha256: str
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

        record = self.record

        count = self.count

        date = self.date.isoformat()

        status = self.status.value

        first_seq = self.first_seq

        last_seq = self.last_seq

        currency = self.currency

        sha256 = self.sha256

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
                "record": record,
                "count": count,
                "date": date,
                "status": status,
                "first_seq": first_seq,
                "last_seq": last_seq,
                "currency": currency,
                "sha256": sha256,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        points = d.pop("points")

        points_issued = d.pop("points_issued")

        points_reversed = d.pop("points_reversed")

        points_burned = d.pop("points_burned")

        points_returned = d.pop("points_returned")

        bonus_issued = d.pop("bonus_issued")

        bonus_reversed = d.pop("bonus_reversed")

        amount = d.pop("amount")

        record = cast(Literal["end"], d.pop("record"))
        if record != "end":
            raise ValueError(f"record must match const 'end', got '{record}'")

        count = d.pop("count")

        date = datetime.date.fromisoformat(d.pop("date"))

        status = FileEndStatus(d.pop("status"))

        first_seq = d.pop("first_seq")

        last_seq = d.pop("last_seq")

        currency = d.pop("currency")

        sha256 = d.pop("sha256")

        file_end = cls(
            points=points,
            points_issued=points_issued,
            points_reversed=points_reversed,
            points_burned=points_burned,
            points_returned=points_returned,
            bonus_issued=bonus_issued,
            bonus_reversed=bonus_reversed,
            amount=amount,
            record=record,
            count=count,
            date=date,
            status=status,
            first_seq=first_seq,
            last_seq=last_seq,
            currency=currency,
            sha256=sha256,
        )

        file_end.additional_properties = d
        return file_end

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
