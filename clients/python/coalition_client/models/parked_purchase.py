from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.parked_purchase_metadata import ParkedPurchaseMetadata
    from ..models.parked_purchase_receipt import ParkedPurchaseReceipt
    from ..models.transaction import Transaction


T = TypeVar("T", bound="ParkedPurchase")


@_attrs_define
class ParkedPurchase:
    """A sale beyond your credit limit: what was spent is spent, what it earns is added once there is headroom.

    Attributes:
        object_ (Literal['purchase']):
        status (Literal['parked']): Ask again with the same Idempotency-Key, or for transactions with your reference, to
            learn the end
        id (str): Id of the transaction of type `parked_earn`
        member (str): Your id of the member; other partners see another one
        reference (str): Your reference
        balance (int): Points in the wallet right after it
        occurred_at (datetime.datetime): The till's clock, in UTC
        recorded_at (datetime.datetime): Programme time of what was recorded
        metadata (ParkedPurchaseMetadata): What you keep with it; empty where there is nothing
        parked_points (int): Points that it would earn now; how many it earns is decided by your rate at `occurred_at`
        burn (None | Transaction): The points spent: a capture or a redemption; null: none
        receipt (ParkedPurchaseReceipt): What a till may print.
    """

    object_: Literal["purchase"]
    status: Literal["parked"]
    id: str
    member: str
    reference: str
    balance: int
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    metadata: ParkedPurchaseMetadata
    parked_points: int
    burn: None | Transaction
    receipt: ParkedPurchaseReceipt
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.transaction import Transaction  # noqa: PLC0415

        object_ = self.object_

        status = self.status

        id = self.id

        member = self.member

        reference = self.reference

        balance = self.balance

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        metadata = self.metadata.to_dict()

        parked_points = self.parked_points

        burn: dict[str, Any] | None
        if isinstance(self.burn, Transaction):
            burn = self.burn.to_dict()
        else:
            burn = self.burn

        receipt = self.receipt.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "status": status,
                "id": id,
                "member": member,
                "reference": reference,
                "balance": balance,
                "occurred_at": occurred_at,
                "recorded_at": recorded_at,
                "metadata": metadata,
                "parked_points": parked_points,
                "burn": burn,
                "receipt": receipt,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.parked_purchase_metadata import ParkedPurchaseMetadata  # noqa: PLC0415
        from ..models.parked_purchase_receipt import ParkedPurchaseReceipt  # noqa: PLC0415
        from ..models.transaction import Transaction  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["purchase"], d.pop("object"))
        if object_ != "purchase":
            raise ValueError(f"object must match const 'purchase', got '{object_}'")

        status = cast(Literal["parked"], d.pop("status"))
        if status != "parked":
            raise ValueError(f"status must match const 'parked', got '{status}'")

        id = d.pop("id")

        member = d.pop("member")

        reference = d.pop("reference")

        balance = d.pop("balance")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        metadata = ParkedPurchaseMetadata.from_dict(d.pop("metadata"))

        parked_points = d.pop("parked_points")

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

        receipt = ParkedPurchaseReceipt.from_dict(d.pop("receipt"))

        parked_purchase = cls(
            object_=object_,
            status=status,
            id=id,
            member=member,
            reference=reference,
            balance=balance,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            metadata=metadata,
            parked_points=parked_points,
            burn=burn,
            receipt=receipt,
        )

        parked_purchase.additional_properties = d
        return parked_purchase

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
