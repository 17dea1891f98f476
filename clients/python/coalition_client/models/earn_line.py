from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define

from ..models.earn_line_channel import EarnLineChannel
from ..models.earn_line_entry_mode_type_0 import EarnLineEntryModeType0
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.earn_line_metadata import EarnLineMetadata
    from ..models.member_reference import MemberReference
    from ..models.receipt import Receipt
    from ..models.sale_line import SaleLine
    from ..models.tender import Tender


T = TypeVar("T", bound="EarnLine")


@_attrs_define
class EarnLine:
    """A line that earns: the fields of an earn, and its type.

    Attributes:
        member (MemberReference): Names a member in exactly one way.
        reference (str): Your own number of this operation: 1 to 255 visible ASCII characters, unique for ever among
            your operations of this kind
        occurred_at (datetime.datetime): The till's clock: RFC 3339 with a zone. Decides rate and price
        amount (int): What the member paid in all, in minor units
        currency (str): ISO 4217; must be the programme's settlement currency
        type_ (Literal['earn']):
        store (None | str | Unset): Your own code of the store; leave it out where there is none
        channel (EarnLineChannel | Unset): How the member was met Default: EarnLineChannel.STORE.
        receipt (None | Receipt | Unset): Where it was rung up
        metadata (EarnLineMetadata | Unset): What you keep with it, for yourself alone: up to 50 names of 1 to 40
            visible ASCII characters, each with a text of up to 500 characters. Nothing is decided by it; it comes back with
            the transaction. Keep nothing personal in it
        entry_mode (EarnLineEntryModeType0 | None | Unset):
        lines (list[SaleLine] | Unset): What was bought; where given, the amounts sum to `amount`
        tenders (list[Tender] | Unset): How it was paid. What was paid in `points`, in money's worth, is part of
            `amount` and earns nothing
    """

    member: MemberReference
    reference: str
    occurred_at: datetime.datetime
    amount: int
    currency: str
    type_: Literal["earn"]
    store: None | str | Unset = UNSET
    channel: EarnLineChannel | Unset = EarnLineChannel.STORE
    receipt: None | Receipt | Unset = UNSET
    metadata: EarnLineMetadata | Unset = UNSET
    entry_mode: EarnLineEntryModeType0 | None | Unset = UNSET
    lines: list[SaleLine] | Unset = UNSET
    tenders: list[Tender] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.receipt import Receipt  # noqa: PLC0415

        member = self.member.to_dict()

        reference = self.reference

        occurred_at = self.occurred_at.isoformat()

        amount = self.amount

        currency = self.currency

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

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        entry_mode: None | str | Unset
        if isinstance(self.entry_mode, Unset):
            entry_mode = UNSET
        elif isinstance(self.entry_mode, EarnLineEntryModeType0):
            entry_mode = self.entry_mode.value
        else:
            entry_mode = self.entry_mode

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
                "member": member,
                "reference": reference,
                "occurred_at": occurred_at,
                "amount": amount,
                "currency": currency,
                "type": type_,
            }
        )
        if store is not UNSET:
            field_dict["store"] = store
        if channel is not UNSET:
            field_dict["channel"] = channel
        if receipt is not UNSET:
            field_dict["receipt"] = receipt
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if entry_mode is not UNSET:
            field_dict["entry_mode"] = entry_mode
        if lines is not UNSET:
            field_dict["lines"] = lines
        if tenders is not UNSET:
            field_dict["tenders"] = tenders

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.earn_line_metadata import EarnLineMetadata  # noqa: PLC0415
        from ..models.member_reference import MemberReference  # noqa: PLC0415
        from ..models.receipt import Receipt  # noqa: PLC0415
        from ..models.sale_line import SaleLine  # noqa: PLC0415
        from ..models.tender import Tender  # noqa: PLC0415

        d = dict(src_dict)
        member = MemberReference.from_dict(d.pop("member"))

        reference = d.pop("reference")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        amount = d.pop("amount")

        currency = d.pop("currency")

        type_ = cast(Literal["earn"], d.pop("type"))
        if type_ != "earn":
            raise ValueError(f"type must match const 'earn', got '{type_}'")

        def _parse_store(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        store = _parse_store(d.pop("store", UNSET))

        _channel = d.pop("channel", UNSET)
        channel: EarnLineChannel | Unset
        if isinstance(_channel, Unset):
            channel = UNSET
        else:
            channel = EarnLineChannel(_channel)

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

        _metadata = d.pop("metadata", UNSET)
        metadata: EarnLineMetadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = EarnLineMetadata.from_dict(_metadata)

        def _parse_entry_mode(data: object) -> EarnLineEntryModeType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                entry_mode_type_0 = EarnLineEntryModeType0(data)

                return entry_mode_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EarnLineEntryModeType0 | None | Unset, data)

        entry_mode = _parse_entry_mode(d.pop("entry_mode", UNSET))

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

        earn_line = cls(
            member=member,
            reference=reference,
            occurred_at=occurred_at,
            amount=amount,
            currency=currency,
            type_=type_,
            store=store,
            channel=channel,
            receipt=receipt,
            metadata=metadata,
            entry_mode=entry_mode,
            lines=lines,
            tenders=tenders,
        )

        return earn_line
