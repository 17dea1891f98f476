from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.receipt import Receipt
    from ..models.sale_line import SaleLine
    from ..models.tender import Tender


T = TypeVar("T", bound="ExchangeBody")


@_attrs_define
class ExchangeBody:
    """What is taken for the goods that are given back: a sale of its own, at the refund's store, time and channel.

    Attributes:
        reference (str): Your own number of the new sale, as of an earn
        amount (int): What it costs in all, in minor units, whether or not what is given back pays for it
        currency (str): ISO 4217; must be the programme's settlement currency
        lines (list[SaleLine] | Unset): What is taken; where given, the amounts sum to `amount`
        tenders (list[Tender] | Unset): How it is paid. What is paid in `points` is part of `amount` and earns nothing
        receipt (None | Receipt | Unset): Where it was rung up
    """

    reference: str
    amount: int
    currency: str
    lines: list[SaleLine] | Unset = UNSET
    tenders: list[Tender] | Unset = UNSET
    receipt: None | Receipt | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.receipt import Receipt  # noqa: PLC0415

        reference = self.reference

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

        receipt: dict[str, Any] | None | Unset
        if isinstance(self.receipt, Unset):
            receipt = UNSET
        elif isinstance(self.receipt, Receipt):
            receipt = self.receipt.to_dict()
        else:
            receipt = self.receipt

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "reference": reference,
                "amount": amount,
                "currency": currency,
            }
        )
        if lines is not UNSET:
            field_dict["lines"] = lines
        if tenders is not UNSET:
            field_dict["tenders"] = tenders
        if receipt is not UNSET:
            field_dict["receipt"] = receipt

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.receipt import Receipt  # noqa: PLC0415
        from ..models.sale_line import SaleLine  # noqa: PLC0415
        from ..models.tender import Tender  # noqa: PLC0415

        d = dict(src_dict)
        reference = d.pop("reference")

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

        def _parse_receipt(data: object) -> None | Receipt | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                receipt_type_0 = Receipt.from_dict(data)

                return receipt_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Receipt | Unset, data)

        receipt = _parse_receipt(d.pop("receipt", UNSET))

        exchange_body = cls(
            reference=reference,
            amount=amount,
            currency=currency,
            lines=lines,
            tenders=tenders,
            receipt=receipt,
        )

        return exchange_body
