from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.bonus import Bonus
    from ..models.earn_metadata import EarnMetadata
    from ..models.earn_receipt import EarnReceipt


T = TypeVar("T", bound="Earn")


@_attrs_define
class Earn:
    """Points earned by a purchase.

    Attributes:
        id (str): Id of the transaction
        member (str): Your id of the member; other partners see another one
        balance (int): Points in the wallet right after it
        occurred_at (datetime.datetime): The till's clock, in UTC
        recorded_at (datetime.datetime): Programme time of the posting
        metadata (EarnMetadata): What you keep with it; empty where there is nothing
        object_ (Literal['earn']):
        reference (str): Your reference
        points (int): Points earned; 0 where the purchase was too small
        pending (int): How many of them cannot be spent yet; they are not in `balance`
        matures_at (datetime.datetime | None): When they can be; null: at once
        expires_at (datetime.datetime | None): From this moment on the points earned are gone; null: never, or with the
            member's inactivity (see the balance)
        purchase (str): Id of the recorded purchase
        bonus (list[Bonus]): What campaigns gave on top of it, each in a transaction of type `bonus`. Not among
            `points`, but in `balance`
        bonus_points (int): All points of it
        receipt (EarnReceipt): What a till may print.
    """

    id: str
    member: str
    balance: int
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    metadata: EarnMetadata
    object_: Literal["earn"]
    reference: str
    points: int
    pending: int
    matures_at: datetime.datetime | None
    expires_at: datetime.datetime | None
    purchase: str
    bonus: list[Bonus]
    bonus_points: int
    receipt: EarnReceipt
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        member = self.member

        balance = self.balance

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        metadata = self.metadata.to_dict()

        object_ = self.object_

        reference = self.reference

        points = self.points

        pending = self.pending

        matures_at: None | str
        if isinstance(self.matures_at, datetime.datetime):
            matures_at = self.matures_at.isoformat()
        else:
            matures_at = self.matures_at

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        purchase = self.purchase

        bonus = []
        for bonus_item_data in self.bonus:
            bonus_item = bonus_item_data.to_dict()
            bonus.append(bonus_item)

        bonus_points = self.bonus_points

        receipt = self.receipt.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "member": member,
                "balance": balance,
                "occurred_at": occurred_at,
                "recorded_at": recorded_at,
                "metadata": metadata,
                "object": object_,
                "reference": reference,
                "points": points,
                "pending": pending,
                "matures_at": matures_at,
                "expires_at": expires_at,
                "purchase": purchase,
                "bonus": bonus,
                "bonus_points": bonus_points,
                "receipt": receipt,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bonus import Bonus  # noqa: PLC0415
        from ..models.earn_metadata import EarnMetadata  # noqa: PLC0415
        from ..models.earn_receipt import EarnReceipt  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        member = d.pop("member")

        balance = d.pop("balance")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        metadata = EarnMetadata.from_dict(d.pop("metadata"))

        object_ = cast(Literal["earn"], d.pop("object"))
        if object_ != "earn":
            raise ValueError(f"object must match const 'earn', got '{object_}'")

        reference = d.pop("reference")

        points = d.pop("points")

        pending = d.pop("pending")

        def _parse_matures_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                matures_at_type_0 = datetime.datetime.fromisoformat(data)

                return matures_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        matures_at = _parse_matures_at(d.pop("matures_at"))

        def _parse_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        expires_at = _parse_expires_at(d.pop("expires_at"))

        purchase = d.pop("purchase")

        bonus = []
        _bonus = d.pop("bonus")
        for bonus_item_data in _bonus:
            bonus_item = Bonus.from_dict(bonus_item_data)

            bonus.append(bonus_item)

        bonus_points = d.pop("bonus_points")

        receipt = EarnReceipt.from_dict(d.pop("receipt"))

        earn = cls(
            id=id,
            member=member,
            balance=balance,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            metadata=metadata,
            object_=object_,
            reference=reference,
            points=points,
            pending=pending,
            matures_at=matures_at,
            expires_at=expires_at,
            purchase=purchase,
            bonus=bonus,
            bonus_points=bonus_points,
            receipt=receipt,
        )

        earn.additional_properties = d
        return earn

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
