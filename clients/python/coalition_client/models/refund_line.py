from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define

from ..models.refund_line_channel import RefundLineChannel
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.original import Original
    from ..models.receipt import Receipt
    from ..models.refund_line_metadata import RefundLineMetadata
    from ..models.sale_line import SaleLine


T = TypeVar("T", bound="RefundLine")


@_attrs_define
class RefundLine:
    """A line that refunds: the fields of a refund, and its type. What it refunds may be a line before it.

    Attributes:
        original (Original): Names what is refunded in exactly one way.
        reference (str): Your own number of this operation: 1 to 255 visible ASCII characters, unique for ever among
            your operations of this kind
        occurred_at (datetime.datetime): The till's clock: RFC 3339 with a zone
        type_ (Literal['refund']):
        store (None | str | Unset): Your own code of the store: any of yours, not only the sale's
        channel (RefundLineChannel | Unset): How the member was met Default: RefundLineChannel.STORE.
        receipt (None | Receipt | Unset): Where it was given back
        lines (list[SaleLine] | Unset): What was given back, with positive amounts as a rule
        amount (int | None | Unset): Of a sale: what the goods had cost, in minor units, however they were paid; the sum
            of `lines` where there are some
        currency (None | str | Unset): Needed with `amount` and with `lines`
        points (int | None | Unset): Of a burn without a sale: points to give back
        metadata (RefundLineMetadata | Unset): What you keep with it, for yourself alone: up to 50 names of 1 to 40
            visible ASCII characters, each with a text of up to 500 characters. Nothing is decided by it; it comes back with
            the transaction. Keep nothing personal in it
    """

    original: Original
    reference: str
    occurred_at: datetime.datetime
    type_: Literal["refund"]
    store: None | str | Unset = UNSET
    channel: RefundLineChannel | Unset = RefundLineChannel.STORE
    receipt: None | Receipt | Unset = UNSET
    lines: list[SaleLine] | Unset = UNSET
    amount: int | None | Unset = UNSET
    currency: None | str | Unset = UNSET
    points: int | None | Unset = UNSET
    metadata: RefundLineMetadata | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.receipt import Receipt  # noqa: PLC0415

        original = self.original.to_dict()

        reference = self.reference

        occurred_at = self.occurred_at.isoformat()

        type_ = self.type_

        store: None | str | Unset
        if isinstance(self.store, Unset):
            store = UNSET
        else:
            store = self.store

        channel: str | Unset = UNSET
        if not isinstance(self.channel, Unset):
            channel = self.channel.value

        receipt: dict[str, Any] | None | Unset
        if isinstance(self.receipt, Unset):
            receipt = UNSET
        elif isinstance(self.receipt, Receipt):
            receipt = self.receipt.to_dict()
        else:
            receipt = self.receipt

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

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "original": original,
                "reference": reference,
                "occurred_at": occurred_at,
                "type": type_,
            }
        )
        if store is not UNSET:
            field_dict["store"] = store
        if channel is not UNSET:
            field_dict["channel"] = channel
        if receipt is not UNSET:
            field_dict["receipt"] = receipt
        if lines is not UNSET:
            field_dict["lines"] = lines
        if amount is not UNSET:
            field_dict["amount"] = amount
        if currency is not UNSET:
            field_dict["currency"] = currency
        if points is not UNSET:
            field_dict["points"] = points
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.original import Original  # noqa: PLC0415
        from ..models.receipt import Receipt  # noqa: PLC0415
        from ..models.refund_line_metadata import RefundLineMetadata  # noqa: PLC0415
        from ..models.sale_line import SaleLine  # noqa: PLC0415

        d = dict(src_dict)
        original = Original.from_dict(d.pop("original"))

        reference = d.pop("reference")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        type_ = cast(Literal["refund"], d.pop("type"))
        if type_ != "refund":
            raise ValueError(f"type must match const 'refund', got '{type_}'")

        def _parse_store(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        store = _parse_store(d.pop("store", UNSET))

        _channel = d.pop("channel", UNSET)
        channel: RefundLineChannel | Unset
        if isinstance(_channel, Unset):
            channel = UNSET
        else:
            channel = RefundLineChannel(_channel)

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

        _metadata = d.pop("metadata", UNSET)
        metadata: RefundLineMetadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = RefundLineMetadata.from_dict(_metadata)

        refund_line = cls(
            original=original,
            reference=reference,
            occurred_at=occurred_at,
            type_=type_,
            store=store,
            channel=channel,
            receipt=receipt,
            lines=lines,
            amount=amount,
            currency=currency,
            points=points,
            metadata=metadata,
        )

        return refund_line
