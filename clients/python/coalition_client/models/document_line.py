from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.document_line_supply import DocumentLineSupply

if TYPE_CHECKING:
    from ..models.document_rule import DocumentRule


T = TypeVar("T", bound="DocumentLine")


@_attrs_define
class DocumentLine:
    """A line: quantity times price, rounded half away from zero to minor units, once.

    Attributes:
        number (int):
        supply (DocumentLineSupply):
        kind (str): Type of the statement lines that it sums
        point_type (str): Type of points; empty for fees
        text (str):
        entries (int): Entries of the ledger that are behind it
        quantity (int): Points, or how many fees
        price_micros (int): Of one, in millionths of the major unit, without a sign
        net_minor (int):
        rule (DocumentRule): How something is taxed.
    """

    number: int
    supply: DocumentLineSupply
    kind: str
    point_type: str
    text: str
    entries: int
    quantity: int
    price_micros: int
    net_minor: int
    rule: DocumentRule
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        supply = self.supply.value

        kind = self.kind

        point_type = self.point_type

        text = self.text

        entries = self.entries

        quantity = self.quantity

        price_micros = self.price_micros

        net_minor = self.net_minor

        rule = self.rule.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "number": number,
                "supply": supply,
                "kind": kind,
                "point_type": point_type,
                "text": text,
                "entries": entries,
                "quantity": quantity,
                "price_micros": price_micros,
                "net_minor": net_minor,
                "rule": rule,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.document_rule import DocumentRule  # noqa: PLC0415

        d = dict(src_dict)
        number = d.pop("number")

        supply = DocumentLineSupply(d.pop("supply"))

        kind = d.pop("kind")

        point_type = d.pop("point_type")

        text = d.pop("text")

        entries = d.pop("entries")

        quantity = d.pop("quantity")

        price_micros = d.pop("price_micros")

        net_minor = d.pop("net_minor")

        rule = DocumentRule.from_dict(d.pop("rule"))

        document_line = cls(
            number=number,
            supply=supply,
            kind=kind,
            point_type=point_type,
            text=text,
            entries=entries,
            quantity=quantity,
            price_micros=price_micros,
            net_minor=net_minor,
            rule=rule,
        )

        document_line.additional_properties = d
        return document_line

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
