from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.proved_statement import ProvedStatement
    from ..models.proved_window import ProvedWindow


T = TypeVar("T", bound="StatementFile")


@_attrs_define
class StatementFile:
    """Everything that is needed to verify a statement offline.

    Attributes:
        format_ (Literal['coalition statement 1']):
        statement (ProvedStatement): All that the statement says beside its entries.
        key (str): Verifier key of the operator: compare it with the published one
        checkpoint (str): Signed note: size and root of the log of windows
        previous (str): The checkpoint of your statement before; empty: this is the first
        consistency (list[str]): Proof that the log continues the previous one
        windows (list[ProvedWindow]):
    """

    format_: Literal["coalition statement 1"]
    statement: ProvedStatement
    key: str
    checkpoint: str
    previous: str
    consistency: list[str]
    windows: list[ProvedWindow]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        format_ = self.format_

        statement = self.statement.to_dict()

        key = self.key

        checkpoint = self.checkpoint

        previous = self.previous

        consistency = self.consistency

        windows = []
        for windows_item_data in self.windows:
            windows_item = windows_item_data.to_dict()
            windows.append(windows_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "format": format_,
                "statement": statement,
                "key": key,
                "checkpoint": checkpoint,
                "previous": previous,
                "consistency": consistency,
                "windows": windows,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.proved_statement import ProvedStatement  # noqa: PLC0415
        from ..models.proved_window import ProvedWindow  # noqa: PLC0415

        d = dict(src_dict)
        format_ = cast(Literal["coalition statement 1"], d.pop("format"))
        if format_ != "coalition statement 1":
            raise ValueError(f"format must match const 'coalition statement 1', got '{format_}'")

        statement = ProvedStatement.from_dict(d.pop("statement"))

        key = d.pop("key")

        checkpoint = d.pop("checkpoint")

        previous = d.pop("previous")

        consistency = cast(list[str], d.pop("consistency"))

        windows = []
        _windows = d.pop("windows")
        for windows_item_data in _windows:
            windows_item = ProvedWindow.from_dict(windows_item_data)

            windows.append(windows_item)

        statement_file = cls(
            format_=format_,
            statement=statement,
            key=key,
            checkpoint=checkpoint,
            previous=previous,
            consistency=consistency,
            windows=windows,
        )

        statement_file.additional_properties = d
        return statement_file

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
