from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="WindowRecord")


@_attrs_define
class WindowRecord:
    """What the log keeps of a window.

    Attributes:
        window (int):
        first_seq (int):
        last_seq (int):
        batch_no (int): Batch of the ledger's chain that reached last_seq; 0: none
        batch_hash (str):
        partners (int):
        root (str): 32 bytes in hexadecimal
        totals (list[int]): Entries, points issued, points burned, micros owed, micros received
    """

    window: int
    first_seq: int
    last_seq: int
    batch_no: int
    batch_hash: str
    partners: int
    root: str
    totals: list[int]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        window = self.window

        first_seq = self.first_seq

        last_seq = self.last_seq

        batch_no = self.batch_no

        batch_hash = self.batch_hash

        partners = self.partners

        root = self.root

        totals = []
        for totals_item_data in self.totals:
            totals_item: int
            totals_item = totals_item_data
            totals.append(totals_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "window": window,
                "first_seq": first_seq,
                "last_seq": last_seq,
                "batch_no": batch_no,
                "batch_hash": batch_hash,
                "partners": partners,
                "root": root,
                "totals": totals,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        window = d.pop("window")

        first_seq = d.pop("first_seq")

        last_seq = d.pop("last_seq")

        batch_no = d.pop("batch_no")

        batch_hash = d.pop("batch_hash")

        partners = d.pop("partners")

        root = d.pop("root")

        totals = []
        _totals = d.pop("totals")
        for totals_item_data in _totals:

            def _parse_totals_item(data: object) -> int:
                return cast(int, data)

            totals_item = _parse_totals_item(totals_item_data)

            totals.append(totals_item)

        window_record = cls(
            window=window,
            first_seq=first_seq,
            last_seq=last_seq,
            batch_no=batch_no,
            batch_hash=batch_hash,
            partners=partners,
            root=root,
            totals=totals,
        )

        window_record.additional_properties = d
        return window_record

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
