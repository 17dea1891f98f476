from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="SaleLine")


@_attrs_define
class SaleLine:
    """One line of a sale.

    Attributes:
        sku (str): Your number of the article
        amount (int): What the line cost after discounts, in minor units; negative for a line taken back
        category (str | Unset): Your category of it Default: ''.
        quantity (str | Unset): Decimal text, e.g. `12.345` Default: '1'.
        returned (bool | Unset): True for a line taken back Default: False.
        tax_rate (str | Unset): The tax on it that `amount` contains, in per cent as decimal text, e.g. `19` or `5.5`;
            empty: not told Default: ''.
    """

    sku: str
    amount: int
    category: str | Unset = ""
    quantity: str | Unset = "1"
    returned: bool | Unset = False
    tax_rate: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        sku = self.sku

        amount = self.amount

        category = self.category

        quantity = self.quantity

        returned = self.returned

        tax_rate = self.tax_rate

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "sku": sku,
                "amount": amount,
            }
        )
        if category is not UNSET:
            field_dict["category"] = category
        if quantity is not UNSET:
            field_dict["quantity"] = quantity
        if returned is not UNSET:
            field_dict["returned"] = returned
        if tax_rate is not UNSET:
            field_dict["tax_rate"] = tax_rate

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        sku = d.pop("sku")

        amount = d.pop("amount")

        category = d.pop("category", UNSET)

        quantity = d.pop("quantity", UNSET)

        returned = d.pop("returned", UNSET)

        tax_rate = d.pop("tax_rate", UNSET)

        sale_line = cls(
            sku=sku,
            amount=amount,
            category=category,
            quantity=quantity,
            returned=returned,
            tax_rate=tax_rate,
        )

        return sale_line
