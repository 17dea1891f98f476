from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.authorisation import Authorisation
    from ..models.basket import Basket
    from ..models.hold_body_metadata import HoldBodyMetadata
    from ..models.money_to_pay import MoneyToPay
    from ..models.present_member import PresentMember
    from ..models.receipt import Receipt


T = TypeVar("T", bound="HoldBody")


@_attrs_define
class HoldBody:
    """Points to set aside for a burn: so many, or those that are worth so much.

    Attributes:
        member (PresentMember): Names the member at the till in exactly one way.
        reference (str): Your own number of this operation: 1 to 255 visible ASCII characters, unique for ever among
            your operations of this kind
        occurred_at (datetime.datetime): The till's clock: RFC 3339 with a zone
        store (None | str | Unset): Your own code of the store; leave it out where there is none
        points (int | None | Unset): Points to set aside; leave it out where `money` is told
        money (MoneyToPay | None | Unset): Instead of `points`: those that are worth the most that is no more than this
            by your burn rule, and the fewest of these. The answer tells how many, and their worth
        seconds (int | Unset): How long they are set aside, in programme time Default: 900.
        receipt (None | Receipt | Unset): Where they are set aside
        basket (Basket | None | Unset): What is to be paid; needed where your burn rule takes a share of a basket, or
            excludes something
        authorisation (Authorisation | None | Unset): What was shown of the member; nothing: a number was typed, or
            known from elsewhere
        metadata (HoldBodyMetadata | Unset): What you keep with it, for yourself alone: up to 50 names of 1 to 40
            visible ASCII characters, each with a text of up to 500 characters. Nothing is decided by it; it comes back with
            the transaction. Keep nothing personal in it
    """

    member: PresentMember
    reference: str
    occurred_at: datetime.datetime
    store: None | str | Unset = UNSET
    points: int | None | Unset = UNSET
    money: MoneyToPay | None | Unset = UNSET
    seconds: int | Unset = 900
    receipt: None | Receipt | Unset = UNSET
    basket: Basket | None | Unset = UNSET
    authorisation: Authorisation | None | Unset = UNSET
    metadata: HoldBodyMetadata | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.authorisation import Authorisation  # noqa: PLC0415
        from ..models.basket import Basket  # noqa: PLC0415
        from ..models.money_to_pay import MoneyToPay  # noqa: PLC0415
        from ..models.receipt import Receipt  # noqa: PLC0415

        member = self.member.to_dict()

        reference = self.reference

        occurred_at = self.occurred_at.isoformat()

        store: None | str | Unset
        if isinstance(self.store, Unset):
            store = UNSET
        else:
            store = self.store

        points: int | None | Unset
        if isinstance(self.points, Unset):
            points = UNSET
        else:
            points = self.points

        money: dict[str, Any] | None | Unset
        if isinstance(self.money, Unset):
            money = UNSET
        elif isinstance(self.money, MoneyToPay):
            money = self.money.to_dict()
        else:
            money = self.money

        seconds = self.seconds

        receipt: dict[str, Any] | None | Unset
        if isinstance(self.receipt, Unset):
            receipt = UNSET
        elif isinstance(self.receipt, Receipt):
            receipt = self.receipt.to_dict()
        else:
            receipt = self.receipt

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

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "member": member,
                "reference": reference,
                "occurred_at": occurred_at,
            }
        )
        if store is not UNSET:
            field_dict["store"] = store
        if points is not UNSET:
            field_dict["points"] = points
        if money is not UNSET:
            field_dict["money"] = money
        if seconds is not UNSET:
            field_dict["seconds"] = seconds
        if receipt is not UNSET:
            field_dict["receipt"] = receipt
        if basket is not UNSET:
            field_dict["basket"] = basket
        if authorisation is not UNSET:
            field_dict["authorisation"] = authorisation
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.authorisation import Authorisation  # noqa: PLC0415
        from ..models.basket import Basket  # noqa: PLC0415
        from ..models.hold_body_metadata import HoldBodyMetadata  # noqa: PLC0415
        from ..models.money_to_pay import MoneyToPay  # noqa: PLC0415
        from ..models.present_member import PresentMember  # noqa: PLC0415
        from ..models.receipt import Receipt  # noqa: PLC0415

        d = dict(src_dict)
        member = PresentMember.from_dict(d.pop("member"))

        reference = d.pop("reference")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        def _parse_store(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        store = _parse_store(d.pop("store", UNSET))

        def _parse_points(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        points = _parse_points(d.pop("points", UNSET))

        def _parse_money(data: object) -> MoneyToPay | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                money_type_0 = MoneyToPay.from_dict(data)

                return money_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MoneyToPay | None | Unset, data)

        money = _parse_money(d.pop("money", UNSET))

        seconds = d.pop("seconds", UNSET)

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

        _metadata = d.pop("metadata", UNSET)
        metadata: HoldBodyMetadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = HoldBodyMetadata.from_dict(_metadata)

        hold_body = cls(
            member=member,
            reference=reference,
            occurred_at=occurred_at,
            store=store,
            points=points,
            money=money,
            seconds=seconds,
            receipt=receipt,
            basket=basket,
            authorisation=authorisation,
            metadata=metadata,
        )

        return hold_body
