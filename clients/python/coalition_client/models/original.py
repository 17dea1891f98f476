from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Original")


@_attrs_define
class Original:
    """Names what is refunded in exactly one way.

    Attributes:
        transaction (str | Unset): Id of your earn, that of a purchase too, or of a burn without a sale
        reference (str | Unset): Your reference of the earn or purchase
    """

    transaction: str | Unset = UNSET
    reference: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        transaction = self.transaction

        reference = self.reference

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if transaction is not UNSET:
            field_dict["transaction"] = transaction
        if reference is not UNSET:
            field_dict["reference"] = reference

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        transaction = d.pop("transaction", UNSET)

        reference = d.pop("reference", UNSET)

        original = cls(
            transaction=transaction,
            reference=reference,
        )

        return original
