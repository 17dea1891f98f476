from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Receipt")


@_attrs_define
class Receipt:
    """Where and under which number a sale was rung up.

    Attributes:
        till (str | Unset): Till, up to 64 characters Default: ''.
        business_date (datetime.date | None | Unset): Business date of the store
        number (str | Unset): Number of the receipt, up to 64 characters Default: ''.
    """

    till: str | Unset = ""
    business_date: datetime.date | None | Unset = UNSET
    number: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        till = self.till

        business_date: None | str | Unset
        if isinstance(self.business_date, Unset):
            business_date = UNSET
        elif isinstance(self.business_date, datetime.date):
            business_date = self.business_date.isoformat()
        else:
            business_date = self.business_date

        number = self.number

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if till is not UNSET:
            field_dict["till"] = till
        if business_date is not UNSET:
            field_dict["business_date"] = business_date
        if number is not UNSET:
            field_dict["number"] = number

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        till = d.pop("till", UNSET)

        def _parse_business_date(data: object) -> datetime.date | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                business_date_type_0 = datetime.date.fromisoformat(data)

                return business_date_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None | Unset, data)

        business_date = _parse_business_date(d.pop("business_date", UNSET))

        number = d.pop("number", UNSET)

        receipt = cls(
            till=till,
            business_date=business_date,
            number=number,
        )

        return receipt
