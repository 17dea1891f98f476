from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LineMovement")


@_attrs_define
class LineMovement:
    """What a line of a large batch posted.

    Attributes:
        id (str): Id of the transaction
        member (str): Your id of the member; other partners see another one
        points (int): Effect on the wallet: negative for points taken
        pending (int): Effect on the points that cannot be spent yet
        balance (int): Points in the wallet right after it
        recorded_at (datetime.datetime): Programme time of the posting
    """

    id: str
    member: str
    points: int
    pending: int
    balance: int
    recorded_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        member = self.member

        points = self.points

        pending = self.pending

        balance = self.balance

        recorded_at = self.recorded_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "member": member,
                "points": points,
                "pending": pending,
                "balance": balance,
                "recorded_at": recorded_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        member = d.pop("member")

        points = d.pop("points")

        pending = d.pop("pending")

        balance = d.pop("balance")

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        line_movement = cls(
            id=id,
            member=member,
            points=points,
            pending=pending,
            balance=balance,
            recorded_at=recorded_at,
        )

        line_movement.additional_properties = d
        return line_movement

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
