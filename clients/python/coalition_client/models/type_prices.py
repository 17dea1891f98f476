from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="TypePrices")


@_attrs_define
class TypePrices:
    """Prices of one type of points.

    Attributes:
        issue_micros (int): In millionths of the major unit
        reimbursement_micros (int): In millionths of the major unit
    """

    issue_micros: int
    reimbursement_micros: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        issue_micros = self.issue_micros

        reimbursement_micros = self.reimbursement_micros

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "issue_micros": issue_micros,
                "reimbursement_micros": reimbursement_micros,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        issue_micros = d.pop("issue_micros")

        reimbursement_micros = d.pop("reimbursement_micros")

        type_prices = cls(
            issue_micros=issue_micros,
            reimbursement_micros=reimbursement_micros,
        )

        type_prices.additional_properties = d
        return type_prices

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
