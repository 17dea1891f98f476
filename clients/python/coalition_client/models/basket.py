from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.sale_line import SaleLine
    from ..models.tender import Tender


T = TypeVar("T", bound="Basket")


@_attrs_define
class Basket:
    """What is to be paid, before points are taken for it.

    Attributes:
        amount (int): In all, in minor units
        currency (str): ISO 4217; must be the programme's settlement currency
        lines (list[SaleLine] | Unset): What is bought; where given, the amounts sum to `amount`
        tenders (list[Tender] | Unset): How it is paid, as far as that is known
    """

    amount: int
    currency: str
    lines: list[SaleLine] | Unset = UNSET
    tenders: list[Tender] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        amount = self.amount

        currency = self.currency

        lines: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.lines, Unset):
            lines = []
            for lines_item_data in self.lines:
                lines_item = lines_item_data.to_dict()
                lines.append(lines_item)

        tenders: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.tenders, Unset):
            tenders = []
            for tenders_item_data in self.tenders:
                tenders_item = tenders_item_data.to_dict()
                tenders.append(tenders_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "amount": amount,
                "currency": currency,
            }
        )
        if lines is not UNSET:
            field_dict["lines"] = lines
        if tenders is not UNSET:
            field_dict["tenders"] = tenders

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.sale_line import SaleLine  # noqa: PLC0415
        from ..models.tender import Tender  # noqa: PLC0415

        d = dict(src_dict)
        amount = d.pop("amount")

        currency = d.pop("currency")

        _lines = d.pop("lines", UNSET)
        lines: list[SaleLine] | Unset = UNSET
        if _lines is not UNSET:
            lines = []
            for lines_item_data in _lines:
                lines_item = SaleLine.from_dict(lines_item_data)

                lines.append(lines_item)

        _tenders = d.pop("tenders", UNSET)
        tenders: list[Tender] | Unset = UNSET
        if _tenders is not UNSET:
            tenders = []
            for tenders_item_data in _tenders:
                tenders_item = Tender.from_dict(tenders_item_data)

                tenders.append(tenders_item)

        basket = cls(
            amount=amount,
            currency=currency,
            lines=lines,
            tenders=tenders,
        )

        return basket
