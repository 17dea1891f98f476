from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.quote_body_channel import QuoteBodyChannel
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.basket import Basket
    from ..models.member_reference import MemberReference
    from ..models.quoted_refund_body import QuotedRefundBody


T = TypeVar("T", bound="QuoteBody")


@_attrs_define
class QuoteBody:
    """What is asked about: a sale, a refund, or both for an exchange.

    Attributes:
        occurred_at (datetime.datetime): The till's clock: RFC 3339 with a zone. Decides rate, campaigns and burn rule
        member (MemberReference | None | Unset): Who buys. Left out with `refund`: whose sale it was
        store (None | str | Unset): Your own code of the store; leave it out where there is none
        channel (QuoteBodyChannel | Unset): How the member was met Default: QuoteBodyChannel.STORE.
        sale (Basket | None | Unset): What is bought, before points are taken for it; with `refund` in exchange for what
            is given back
        refund (None | QuotedRefundBody | Unset): What would be given back
    """

    occurred_at: datetime.datetime
    member: MemberReference | None | Unset = UNSET
    store: None | str | Unset = UNSET
    channel: QuoteBodyChannel | Unset = QuoteBodyChannel.STORE
    sale: Basket | None | Unset = UNSET
    refund: None | QuotedRefundBody | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.basket import Basket  # noqa: PLC0415
        from ..models.member_reference import MemberReference  # noqa: PLC0415
        from ..models.quoted_refund_body import QuotedRefundBody  # noqa: PLC0415

        occurred_at = self.occurred_at.isoformat()

        member: dict[str, Any] | None | Unset
        if isinstance(self.member, Unset):
            member = UNSET
        elif isinstance(self.member, MemberReference):
            member = self.member.to_dict()
        else:
            member = self.member

        store: None | str | Unset
        if isinstance(self.store, Unset):
            store = UNSET
        else:
            store = self.store

        channel: str | Unset = UNSET
        if not isinstance(self.channel, Unset):
            channel = self.channel.value

        sale: dict[str, Any] | None | Unset
        if isinstance(self.sale, Unset):
            sale = UNSET
        elif isinstance(self.sale, Basket):
            sale = self.sale.to_dict()
        else:
            sale = self.sale

        refund: dict[str, Any] | None | Unset
        if isinstance(self.refund, Unset):
            refund = UNSET
        elif isinstance(self.refund, QuotedRefundBody):
            refund = self.refund.to_dict()
        else:
            refund = self.refund

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "occurred_at": occurred_at,
            }
        )
        if member is not UNSET:
            field_dict["member"] = member
        if store is not UNSET:
            field_dict["store"] = store
        if channel is not UNSET:
            field_dict["channel"] = channel
        if sale is not UNSET:
            field_dict["sale"] = sale
        if refund is not UNSET:
            field_dict["refund"] = refund

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.basket import Basket  # noqa: PLC0415
        from ..models.member_reference import MemberReference  # noqa: PLC0415
        from ..models.quoted_refund_body import QuotedRefundBody  # noqa: PLC0415

        d = dict(src_dict)
        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        def _parse_member(data: object) -> MemberReference | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                member_type_0 = MemberReference.from_dict(data)

                return member_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MemberReference | None | Unset, data)

        member = _parse_member(d.pop("member", UNSET))

        def _parse_store(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        store = _parse_store(d.pop("store", UNSET))

        _channel = d.pop("channel", UNSET)
        channel: QuoteBodyChannel | Unset
        if isinstance(_channel, Unset):
            channel = UNSET
        else:
            channel = QuoteBodyChannel(_channel)

        def _parse_sale(data: object) -> Basket | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                sale_type_0 = Basket.from_dict(data)

                return sale_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Basket | None | Unset, data)

        sale = _parse_sale(d.pop("sale", UNSET))

        def _parse_refund(data: object) -> None | QuotedRefundBody | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                refund_type_0 = QuotedRefundBody.from_dict(data)

                return refund_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | QuotedRefundBody | Unset, data)

        refund = _parse_refund(d.pop("refund", UNSET))

        quote_body = cls(
            occurred_at=occurred_at,
            member=member,
            store=store,
            channel=channel,
            sale=sale,
            refund=refund,
        )

        return quote_body
