from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.bonus import Bonus
    from ..models.purchase_metadata import PurchaseMetadata
    from ..models.purchase_receipt import PurchaseReceipt
    from ..models.transaction import Transaction


T = TypeVar("T", bound="Purchase")


@_attrs_define
class Purchase:
    """A recorded sale: what it earned and what was burned for it.

    Attributes:
        object_ (Literal['purchase']):
        id (str): Id of the recorded purchase
        member (str): Your id of the member; other partners see another one
        reference (str): Your reference
        balance (int): Points in the wallet right after it
        occurred_at (datetime.datetime): The till's clock, in UTC
        recorded_at (datetime.datetime): Programme time of the earn
        metadata (PurchaseMetadata): What you keep with it; empty where there is nothing
        earn (Transaction): An accepted movement of points, in one shape for all types.
        burn (None | Transaction): The points spent: a capture or a redemption; null: none
        bonus (list[Bonus]): What campaigns gave on top of the points earned, each in a transaction of type `bonus`; in
            `balance`
        bonus_points (int): All points of it
        receipt (PurchaseReceipt): What a till may print.
    """

    object_: Literal["purchase"]
    id: str
    member: str
    reference: str
    balance: int
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    metadata: PurchaseMetadata
    earn: Transaction
    burn: None | Transaction
    bonus: list[Bonus]
    bonus_points: int
    receipt: PurchaseReceipt
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.transaction import Transaction  # noqa: PLC0415

        object_ = self.object_

        id = self.id

        member = self.member

        reference = self.reference

        balance = self.balance

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        metadata = self.metadata.to_dict()

        earn = self.earn.to_dict()

        burn: dict[str, Any] | None
        if isinstance(self.burn, Transaction):
            burn = self.burn.to_dict()
        else:
            burn = self.burn

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
                "object": object_,
                "id": id,
                "member": member,
                "reference": reference,
                "balance": balance,
                "occurred_at": occurred_at,
                "recorded_at": recorded_at,
                "metadata": metadata,
                "earn": earn,
                "burn": burn,
                "bonus": bonus,
                "bonus_points": bonus_points,
                "receipt": receipt,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bonus import Bonus  # noqa: PLC0415
        from ..models.purchase_metadata import PurchaseMetadata  # noqa: PLC0415
        from ..models.purchase_receipt import PurchaseReceipt  # noqa: PLC0415
        from ..models.transaction import Transaction  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["purchase"], d.pop("object"))
        if object_ != "purchase":
            raise ValueError(f"object must match const 'purchase', got '{object_}'")

        id = d.pop("id")

        member = d.pop("member")

        reference = d.pop("reference")

        balance = d.pop("balance")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        metadata = PurchaseMetadata.from_dict(d.pop("metadata"))

        earn = Transaction.from_dict(d.pop("earn"))

        def _parse_burn(data: object) -> None | Transaction:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                burn_type_0 = Transaction.from_dict(data)

                return burn_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Transaction, data)

        burn = _parse_burn(d.pop("burn"))

        bonus = []
        _bonus = d.pop("bonus")
        for bonus_item_data in _bonus:
            bonus_item = Bonus.from_dict(bonus_item_data)

            bonus.append(bonus_item)

        bonus_points = d.pop("bonus_points")

        receipt = PurchaseReceipt.from_dict(d.pop("receipt"))

        purchase = cls(
            object_=object_,
            id=id,
            member=member,
            reference=reference,
            balance=balance,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            metadata=metadata,
            earn=earn,
            burn=burn,
            bonus=bonus,
            bonus_points=bonus_points,
            receipt=receipt,
        )

        purchase.additional_properties = d
        return purchase

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
