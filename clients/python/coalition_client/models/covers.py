from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Covers")


@_attrs_define
class Covers:
    """What a statement covers: one window, or a run of them where you are billed less often than windows are cut.

    Attributes:
        first_window (int): Number of the first window
        last_window (int): Number of the last window, which is `window`
        starts_at (datetime.datetime): Programme time, included
        ends_at (datetime.datetime): Programme time, excluded
        first_seq (int): First posting of the ledger in it
        last_seq (int): Last posting in it; first_seq - 1: there was none
    """

    first_window: int
    last_window: int
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    first_seq: int
    last_seq: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        first_window = self.first_window

        last_window = self.last_window

        starts_at = self.starts_at.isoformat()

        ends_at = self.ends_at.isoformat()

        first_seq = self.first_seq

        last_seq = self.last_seq

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "first_window": first_window,
                "last_window": last_window,
                "starts_at": starts_at,
                "ends_at": ends_at,
                "first_seq": first_seq,
                "last_seq": last_seq,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        first_window = d.pop("first_window")

        last_window = d.pop("last_window")

        starts_at = datetime.datetime.fromisoformat(d.pop("starts_at"))

        ends_at = datetime.datetime.fromisoformat(d.pop("ends_at"))

        first_seq = d.pop("first_seq")

        last_seq = d.pop("last_seq")

        covers = cls(
            first_window=first_window,
            last_window=last_window,
            starts_at=starts_at,
            ends_at=ends_at,
            first_seq=first_seq,
            last_seq=last_seq,
        )

        covers.additional_properties = d
        return covers

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
