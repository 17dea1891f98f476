from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.document_rule_category import DocumentRuleCategory

T = TypeVar("T", bound="DocumentRule")


@_attrs_define
class DocumentRule:
    """How something is taxed.

    Attributes:
        category (DocumentRuleCategory): Of EN 16931: S taxed, Z zero rated, E exempt, AE reverse charge, G export, O
            out of scope
        rate_basis_points (int): 2000 is 20 %
        exemption_text (str): Why no tax is due
        exemption_code (str): The same as a code of VATEX
    """

    category: DocumentRuleCategory
    rate_basis_points: int
    exemption_text: str
    exemption_code: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        category = self.category.value

        rate_basis_points = self.rate_basis_points

        exemption_text = self.exemption_text

        exemption_code = self.exemption_code

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "category": category,
                "rate_basis_points": rate_basis_points,
                "exemption_text": exemption_text,
                "exemption_code": exemption_code,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        category = DocumentRuleCategory(d.pop("category"))

        rate_basis_points = d.pop("rate_basis_points")

        exemption_text = d.pop("exemption_text")

        exemption_code = d.pop("exemption_code")

        document_rule = cls(
            category=category,
            rate_basis_points=rate_basis_points,
            exemption_text=exemption_text,
            exemption_code=exemption_code,
        )

        document_rule.additional_properties = d
        return document_rule

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
