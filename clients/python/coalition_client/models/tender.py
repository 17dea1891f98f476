from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.tender_kind import TenderKind

T = TypeVar("T", bound="Tender")


@_attrs_define
class Tender:
    """One way a sale was paid.

    Attributes:
        kind (TenderKind):
        amount (int): Minor units
    """

    kind: TenderKind
    amount: int

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind.value

        amount = self.amount

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "kind": kind,
                "amount": amount,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = TenderKind(d.pop("kind"))

        amount = d.pop("amount")

        tender = cls(
            kind=kind,
            amount=amount,
        )

        return tender
