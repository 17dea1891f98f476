from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DifferenceCounts")


@_attrs_define
class DifferenceCounts:
    """How many differences of each type there are.

    Attributes:
        missing_there (int): In our books of the day, not in your file
        missing_here (int): In your file, and in our books on no day at all
        different (int): In both, with other points or another amount
        twice (int): In your file again
        another_day (int): In both, on different days
        unreadable (int): Lines that could not be read; in no total
    """

    missing_there: int
    missing_here: int
    different: int
    twice: int
    another_day: int
    unreadable: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        missing_there = self.missing_there

        missing_here = self.missing_here

        different = self.different

        twice = self.twice

        another_day = self.another_day

        unreadable = self.unreadable

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "missing_there": missing_there,
                "missing_here": missing_here,
                "different": different,
                "twice": twice,
                "another_day": another_day,
                "unreadable": unreadable,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        missing_there = d.pop("missing_there")

        missing_here = d.pop("missing_here")

        different = d.pop("different")

        twice = d.pop("twice")

        another_day = d.pop("another_day")

        unreadable = d.pop("unreadable")

        difference_counts = cls(
            missing_there=missing_there,
            missing_here=missing_here,
            different=different,
            twice=twice,
            another_day=another_day,
            unreadable=unreadable,
        )

        difference_counts.additional_properties = d
        return difference_counts

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
