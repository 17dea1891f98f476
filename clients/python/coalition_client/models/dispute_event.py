from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.dispute_event_by import DisputeEventBy

T = TypeVar("T", bound="DisputeEvent")


@_attrs_define
class DisputeEvent:
    """Something that happened to a dispute.

    Attributes:
        type_ (str): opened, asked, evidence, accepted, rejected, escalated, overdue or closed
        state (str): The dispute's state after it
        at (datetime.datetime): Programme time
        by (DisputeEventBy): Whose step it was
        text (str):
        references (list[str]):
        accepted_amount (int): What a decision accepts, in minor units without tax; else 0
        window (int | None): The window in which that is given back: it is a line of the statement over it
    """

    type_: str
    state: str
    at: datetime.datetime
    by: DisputeEventBy
    text: str
    references: list[str]
    accepted_amount: int
    window: int | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        state = self.state

        at = self.at.isoformat()

        by = self.by.value

        text = self.text

        references = self.references

        accepted_amount = self.accepted_amount

        window: int | None
        window = self.window

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "state": state,
                "at": at,
                "by": by,
                "text": text,
                "references": references,
                "accepted_amount": accepted_amount,
                "window": window,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = d.pop("type")

        state = d.pop("state")

        at = datetime.datetime.fromisoformat(d.pop("at"))

        by = DisputeEventBy(d.pop("by"))

        text = d.pop("text")

        references = cast(list[str], d.pop("references"))

        accepted_amount = d.pop("accepted_amount")

        def _parse_window(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        window = _parse_window(d.pop("window"))

        dispute_event = cls(
            type_=type_,
            state=state,
            at=at,
            by=by,
            text=text,
            references=references,
            accepted_amount=accepted_amount,
            window=window,
        )

        dispute_event.additional_properties = d
        return dispute_event

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
