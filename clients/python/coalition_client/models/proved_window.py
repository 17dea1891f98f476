from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.window_record import WindowRecord


T = TypeVar("T", bound="ProvedWindow")


@_attrs_define
class ProvedWindow:
    """A window: what it came to, and your entries.

    Attributes:
        record (WindowRecord): What the log keeps of a window.
        inclusion (list[str]):
        secret (str): 32 bytes in hexadecimal
        place (int):
        path (list[list[int | str]]):
        entries (list[list[int | str]]): Seq (0: booked for no posting), line, kind, type of points, points, price and
            amount in micros, micros due for each point once it is used, the seq that issued the points (0: not said; of a
            difference the number of the re-rate), number of your company, first digits of the leaf's hash
    """

    record: WindowRecord
    inclusion: list[str]
    secret: str
    place: int
    path: list[list[int | str]]
    entries: list[list[int | str]]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        record = self.record.to_dict()

        inclusion = self.inclusion

        secret = self.secret

        place = self.place

        path = []
        for path_item_data in self.path:
            path_item = []
            for path_item_item_data in path_item_data:
                path_item_item: int | str
                path_item_item = path_item_item_data
                path_item.append(path_item_item)

            path.append(path_item)

        entries = []
        for entries_item_data in self.entries:
            entries_item = []
            for entries_item_item_data in entries_item_data:
                entries_item_item: int | str
                entries_item_item = entries_item_item_data
                entries_item.append(entries_item_item)

            entries.append(entries_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "record": record,
                "inclusion": inclusion,
                "secret": secret,
                "place": place,
                "path": path,
                "entries": entries,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.window_record import WindowRecord  # noqa: PLC0415

        d = dict(src_dict)
        record = WindowRecord.from_dict(d.pop("record"))

        inclusion = cast(list[str], d.pop("inclusion"))

        secret = d.pop("secret")

        place = d.pop("place")

        path = []
        _path = d.pop("path")
        for path_item_data in _path:
            path_item = []
            _path_item = path_item_data
            for path_item_item_data in _path_item:

                def _parse_path_item_item(data: object) -> int | str:
                    return cast(int | str, data)

                path_item_item = _parse_path_item_item(path_item_item_data)

                path_item.append(path_item_item)

            path.append(path_item)

        entries = []
        _entries = d.pop("entries")
        for entries_item_data in _entries:
            entries_item = []
            _entries_item = entries_item_data
            for entries_item_item_data in _entries_item:

                def _parse_entries_item_item(data: object) -> int | str:
                    return cast(int | str, data)

                entries_item_item = _parse_entries_item_item(entries_item_item_data)

                entries_item.append(entries_item_item)

            entries.append(entries_item)

        proved_window = cls(
            record=record,
            inclusion=inclusion,
            secret=secret,
            place=place,
            path=path,
            entries=entries,
        )

        proved_window.additional_properties = d
        return proved_window

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
