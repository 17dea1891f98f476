from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.document_rule import DocumentRule


T = TypeVar("T", bound="DocumentSubtotal")


@_attrs_define
class DocumentSubtotal:
    """Tax of one category and rate.

    Attributes:
        rule (DocumentRule): How something is taxed.
        net_minor (int):
        tax_minor (int):
    """

    rule: DocumentRule
    net_minor: int
    tax_minor: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        rule = self.rule.to_dict()

        net_minor = self.net_minor

        tax_minor = self.tax_minor

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "rule": rule,
                "net_minor": net_minor,
                "tax_minor": tax_minor,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.document_rule import DocumentRule  # noqa: PLC0415

        d = dict(src_dict)
        rule = DocumentRule.from_dict(d.pop("rule"))

        net_minor = d.pop("net_minor")

        tax_minor = d.pop("tax_minor")

        document_subtotal = cls(
            rule=rule,
            net_minor=net_minor,
            tax_minor=tax_minor,
        )

        document_subtotal.additional_properties = d
        return document_subtotal

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
