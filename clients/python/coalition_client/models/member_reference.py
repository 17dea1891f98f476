from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="MemberReference")


@_attrs_define
class MemberReference:
    """Names a member in exactly one way.

    Attributes:
        id (str | Unset): Your id of the member
        card (str | Unset): The card number as scanned, typed or swiped: spaces and hyphens are ignored, and of a
            magnetic track (`;…=…?`, `%B…^…?`) the number counts
        customer_id (str | Unset): Your own customer number of the member
    """

    id: str | Unset = UNSET
    card: str | Unset = UNSET
    customer_id: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        card = self.card

        customer_id = self.customer_id

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if card is not UNSET:
            field_dict["card"] = card
        if customer_id is not UNSET:
            field_dict["customer_id"] = customer_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id", UNSET)

        card = d.pop("card", UNSET)

        customer_id = d.pop("customer_id", UNSET)

        member_reference = cls(
            id=id,
            card=card,
            customer_id=customer_id,
        )

        return member_reference
