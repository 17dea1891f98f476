from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.capture_body_channel import CaptureBodyChannel
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.capture_body_metadata import CaptureBodyMetadata
    from ..models.receipt import Receipt


T = TypeVar("T", bound="CaptureBody")


@_attrs_define
class CaptureBody:
    """What is spent of a hold.

    Attributes:
        occurred_at (datetime.datetime): The till's clock: RFC 3339 with a zone
        points (int | None | Unset): Points to spend; leave it out for all that is held
        store (None | str | Unset): Your own code of the store; leave it out where there is none
        channel (CaptureBodyChannel | Unset): How the member was met Default: CaptureBodyChannel.STORE.
        receipt (None | Receipt | Unset): Where it was rung up
        metadata (CaptureBodyMetadata | Unset): What you keep with it, for yourself alone: up to 50 names of 1 to 40
            visible ASCII characters, each with a text of up to 500 characters. Nothing is decided by it; it comes back with
            the transaction. Keep nothing personal in it
    """

    occurred_at: datetime.datetime
    points: int | None | Unset = UNSET
    store: None | str | Unset = UNSET
    channel: CaptureBodyChannel | Unset = CaptureBodyChannel.STORE
    receipt: None | Receipt | Unset = UNSET
    metadata: CaptureBodyMetadata | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.receipt import Receipt  # noqa: PLC0415

        occurred_at = self.occurred_at.isoformat()

        points: int | None | Unset
        if isinstance(self.points, Unset):
            points = UNSET
        else:
            points = self.points

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

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "occurred_at": occurred_at,
            }
        )
        if points is not UNSET:
            field_dict["points"] = points
        if store is not UNSET:
            field_dict["store"] = store
        if channel is not UNSET:
            field_dict["channel"] = channel
        if receipt is not UNSET:
            field_dict["receipt"] = receipt
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.capture_body_metadata import CaptureBodyMetadata  # noqa: PLC0415
        from ..models.receipt import Receipt  # noqa: PLC0415

        d = dict(src_dict)
        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        def _parse_points(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        points = _parse_points(d.pop("points", UNSET))

        def _parse_store(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        store = _parse_store(d.pop("store", UNSET))

        _channel = d.pop("channel", UNSET)
        channel: CaptureBodyChannel | Unset
        if isinstance(_channel, Unset):
            channel = UNSET
        else:
            channel = CaptureBodyChannel(_channel)

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
        metadata: CaptureBodyMetadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = CaptureBodyMetadata.from_dict(_metadata)

        capture_body = cls(
            occurred_at=occurred_at,
            points=points,
            store=store,
            channel=channel,
            receipt=receipt,
            metadata=metadata,
        )

        return capture_body
