from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.original import Original
    from ..models.sale_line import SaleLine


T = TypeVar("T", bound="QuotedRefundBody")


@_attrs_define
class QuotedRefundBody:
    """Goods that would be given back, or points of a burn without a sale. All that is left unless it says how much.

    Attributes:
        original (Original): Names what is refunded in exactly one way.
        lines (list[SaleLine] | Unset): What would be given back
        amount (int | None | Unset): What the goods had cost, in minor units; the sum of `lines` where there are some
        currency (None | str | Unset): Needed with `amount` and with `lines`
        points (int | None | Unset): Of a burn without a sale: points to give back
    """

    original: Original
    lines: list[SaleLine] | Unset = UNSET
    amount: int | None | Unset = UNSET
    currency: None | str | Unset = UNSET
    points: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        original = self.original.to_dict()

        lines: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.lines, Unset):
            lines = []
            for lines_item_data in self.lines:
                lines_item = lines_item_data.to_dict()
                lines.append(lines_item)

        amount: int | None | Unset
        if isinstance(self.amount, Unset):
            amount = UNSET
        else:
            amount = self.amount

        currency: None | str | Unset
        if isinstance(self.currency, Unset):
            currency = UNSET
        else:
            currency = self.currency

        points: int | None | Unset
        if isinstance(self.points, Unset):
            points = UNSET
        else:
            points = self.points

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "original": original,
            }
        )
        if lines is not UNSET:
            field_dict["lines"] = lines
        if amount is not UNSET:
            field_dict["amount"] = amount
        if currency is not UNSET:
            field_dict["currency"] = currency
        if points is not UNSET:
            field_dict["points"] = points

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.original import Original  # noqa: PLC0415
        from ..models.sale_line import SaleLine  # noqa: PLC0415

        d = dict(src_dict)
        original = Original.from_dict(d.pop("original"))

        _lines = d.pop("lines", UNSET)
        lines: list[SaleLine] | Unset = UNSET
        if _lines is not UNSET:
            lines = []
            for lines_item_data in _lines:
                lines_item = SaleLine.from_dict(lines_item_data)

                lines.append(lines_item)

        def _parse_amount(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        amount = _parse_amount(d.pop("amount", UNSET))

        def _parse_currency(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        currency = _parse_currency(d.pop("currency", UNSET))

        def _parse_points(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        points = _parse_points(d.pop("points", UNSET))

        quoted_refund_body = cls(
            original=original,
            lines=lines,
            amount=amount,
            currency=currency,
            points=points,
        )

        return quoted_refund_body
