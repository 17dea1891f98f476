from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LineCounts")


@_attrs_define
class LineCounts:
    """How many lines of a large batch stand where; all others sum to the first.

    Attributes:
        lines (int):
        queued (int): Stored, not posted yet
        retrying (int): Refused for what may pass, and tried again
        waiting (int): Refunds whose sales have not arrived: the ledger has them
        parked (int): Earns beyond your credit limit: the ledger has them
        accepted (int): Posted now
        replayed (int): Posted before, under the same reference and content
        refused (int): Not posted; each says why
        cancelled (int): Taken back before they were sent to the ledger
    """

    lines: int
    queued: int
    retrying: int
    waiting: int
    parked: int
    accepted: int
    replayed: int
    refused: int
    cancelled: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        lines = self.lines

        queued = self.queued

        retrying = self.retrying

        waiting = self.waiting

        parked = self.parked

        accepted = self.accepted

        replayed = self.replayed

        refused = self.refused

        cancelled = self.cancelled

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lines": lines,
                "queued": queued,
                "retrying": retrying,
                "waiting": waiting,
                "parked": parked,
                "accepted": accepted,
                "replayed": replayed,
                "refused": refused,
                "cancelled": cancelled,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        lines = d.pop("lines")

        queued = d.pop("queued")

        retrying = d.pop("retrying")

        waiting = d.pop("waiting")

        parked = d.pop("parked")

        accepted = d.pop("accepted")

        replayed = d.pop("replayed")

        refused = d.pop("refused")

        cancelled = d.pop("cancelled")

        line_counts = cls(
            lines=lines,
            queued=queued,
            retrying=retrying,
            waiting=waiting,
            parked=parked,
            accepted=accepted,
            replayed=replayed,
            refused=refused,
            cancelled=cancelled,
        )

        line_counts.additional_properties = d
        return line_counts

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
