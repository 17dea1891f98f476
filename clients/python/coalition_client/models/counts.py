from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Counts")


@_attrs_define
class Counts:
    """How many lines came to what; all others sum to the first.

    Attributes:
        lines (int):
        accepted (int): Posted now
        replayed (int): Posted before, under the same reference and content
        refused (int): Not posted; each says why
        waiting (int): Refunds whose sales have not arrived: decided right after those
        parked (int): Earns beyond your credit limit: posted by themselves once there is headroom
    """

    lines: int
    accepted: int
    replayed: int
    refused: int
    waiting: int
    parked: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        lines = self.lines

        accepted = self.accepted

        replayed = self.replayed

        refused = self.refused

        waiting = self.waiting

        parked = self.parked

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lines": lines,
                "accepted": accepted,
                "replayed": replayed,
                "refused": refused,
                "waiting": waiting,
                "parked": parked,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        lines = d.pop("lines")

        accepted = d.pop("accepted")

        replayed = d.pop("replayed")

        refused = d.pop("refused")

        waiting = d.pop("waiting")

        parked = d.pop("parked")

        counts = cls(
            lines=lines,
            accepted=accepted,
            replayed=replayed,
            refused=refused,
            waiting=waiting,
            parked=parked,
        )

        counts.additional_properties = d
        return counts

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
