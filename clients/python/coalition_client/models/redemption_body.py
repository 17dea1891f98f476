from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.redemption_body_channel import RedemptionBodyChannel
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.authorisation import Authorisation
    from ..models.basket import Basket
    from ..models.present_member import PresentMember
    from ..models.receipt import Receipt
    from ..models.redemption_body_metadata import RedemptionBodyMetadata


T = TypeVar("T", bound="RedemptionBody")


@_attrs_define
class RedemptionBody:
    """Points spent in one step.

    Attributes:
        member (PresentMember): Names the member at the till in exactly one way.
        reference (str): Your own number of this operation: 1 to 255 visible ASCII characters, unique for ever among
            your operations of this kind
        occurred_at (datetime.datetime): The till's clock: RFC 3339 with a zone. Decides rate and price
        points (int): Points to spend
        store (None | str | Unset): Your own code of the store; leave it out where there is none
        channel (RedemptionBodyChannel | Unset): How the member was met Default: RedemptionBodyChannel.STORE.
        receipt (None | Receipt | Unset): Where it was rung up
        metadata (RedemptionBodyMetadata | Unset): What you keep with it, for yourself alone: up to 50 names of 1 to 40
            visible ASCII characters, each with a text of up to 500 characters. Nothing is decided by it; it comes back with
            the transaction. Keep nothing personal in it
        basket (Basket | None | Unset): What is to be paid; needed where your burn rule takes a share of a basket, or
            excludes something
        authorisation (Authorisation | None | Unset): What was shown of the member; nothing: a number was typed, or
            known from elsewhere
    """

    member: PresentMember
    reference: str
    occurred_at: datetime.datetime
    points: int
    store: None | str | Unset = UNSET
    channel: RedemptionBodyChannel | Unset = RedemptionBodyChannel.STORE
    receipt: None | Receipt | Unset = UNSET
    metadata: RedemptionBodyMetadata | Unset = UNSET
    basket: Basket | None | Unset = UNSET
    authorisation: Authorisation | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.authorisation import Authorisation  # noqa: PLC0415
        from ..models.basket import Basket  # noqa: PLC0415
        from ..models.receipt import Receipt  # noqa: PLC0415

        member = self.member.to_dict()

        reference = self.reference

        occurred_at = self.occurred_at.isoformat()

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

        basket: dict[str, Any] | None | Unset
        if isinstance(self.basket, Unset):
            basket = UNSET
        elif isinstance(self.basket, Basket):
            basket = self.basket.to_dict()
        else:
            basket = self.basket

        authorisation: dict[str, Any] | None | Unset
        if isinstance(self.authorisation, Unset):
            authorisation = UNSET
        elif isinstance(self.authorisation, Authorisation):
            authorisation = self.authorisation.to_dict()
        else:
            authorisation = self.authorisation

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "member": member,
                "reference": reference,
                "occurred_at": occurred_at,
                "points": points,
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
        if basket is not UNSET:
            field_dict["basket"] = basket
        if authorisation is not UNSET:
            field_dict["authorisation"] = authorisation

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.authorisation import Authorisation  # noqa: PLC0415
        from ..models.basket import Basket  # noqa: PLC0415
        from ..models.present_member import PresentMember  # noqa: PLC0415
        from ..models.receipt import Receipt  # noqa: PLC0415
        from ..models.redemption_body_metadata import RedemptionBodyMetadata  # noqa: PLC0415

        d = dict(src_dict)
        member = PresentMember.from_dict(d.pop("member"))

        reference = d.pop("reference")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        points = d.pop("points")

        def _parse_store(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        store = _parse_store(d.pop("store", UNSET))

        _channel = d.pop("channel", UNSET)
        channel: RedemptionBodyChannel | Unset
        if isinstance(_channel, Unset):
            channel = UNSET
        else:
            channel = RedemptionBodyChannel(_channel)

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
        metadata: RedemptionBodyMetadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = RedemptionBodyMetadata.from_dict(_metadata)

        def _parse_basket(data: object) -> Basket | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                basket_type_0 = Basket.from_dict(data)

                return basket_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Basket | None | Unset, data)

        basket = _parse_basket(d.pop("basket", UNSET))

        def _parse_authorisation(data: object) -> Authorisation | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                authorisation_type_0 = Authorisation.from_dict(data)

                return authorisation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Authorisation | None | Unset, data)

        authorisation = _parse_authorisation(d.pop("authorisation", UNSET))

        redemption_body = cls(
            member=member,
            reference=reference,
            occurred_at=occurred_at,
            points=points,
            store=store,
            channel=channel,
            receipt=receipt,
            metadata=metadata,
            basket=basket,
            authorisation=authorisation,
        )

        return redemption_body
