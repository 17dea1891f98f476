from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.parked_earn_metadata import ParkedEarnMetadata
    from ..models.parked_receipt import ParkedReceipt


T = TypeVar("T", bound="ParkedEarn")


@_attrs_define
class ParkedEarn:
    """A sale beyond your credit limit: recorded, and earned by itself once there is headroom, under this key.

    Attributes:
        id (str): Id of the transaction
        member (str): Your id of the member; other partners see another one
        balance (int): Points in the wallet right after it
        occurred_at (datetime.datetime): The till's clock, in UTC
        recorded_at (datetime.datetime): Programme time of the posting
        metadata (ParkedEarnMetadata): What you keep with it; empty where there is nothing
        object_ (Literal['earn']):
        status (Literal['parked']): Ask again with the same Idempotency-Key, or for transactions with your reference, to
            learn the end
        reference (str): Your reference
        parked_points (int): Points that it would earn now; how many it earns is decided by your rate at `occurred_at`
        receipt (ParkedReceipt): What a till may print.
    """

    id: str
    member: str
    balance: int
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    metadata: ParkedEarnMetadata
    object_: Literal["earn"]
    status: Literal["parked"]
    reference: str
    parked_points: int
    receipt: ParkedReceipt
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        member = self.member

        balance = self.balance

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        metadata = self.metadata.to_dict()

        object_ = self.object_

        status = self.status

        reference = self.reference

        parked_points = self.parked_points

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
                "status": status,
                "reference": reference,
                "parked_points": parked_points,
                "receipt": receipt,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.parked_earn_metadata import ParkedEarnMetadata  # noqa: PLC0415
        from ..models.parked_receipt import ParkedReceipt  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        member = d.pop("member")

        balance = d.pop("balance")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        metadata = ParkedEarnMetadata.from_dict(d.pop("metadata"))

        object_ = cast(Literal["earn"], d.pop("object"))
        if object_ != "earn":
            raise ValueError(f"object must match const 'earn', got '{object_}'")

        status = cast(Literal["parked"], d.pop("status"))
        if status != "parked":
            raise ValueError(f"status must match const 'parked', got '{status}'")

        reference = d.pop("reference")

        parked_points = d.pop("parked_points")

        receipt = ParkedReceipt.from_dict(d.pop("receipt"))

        parked_earn = cls(
            id=id,
            member=member,
            balance=balance,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            metadata=metadata,
            object_=object_,
            status=status,
            reference=reference,
            parked_points=parked_points,
            receipt=receipt,
        )

        parked_earn.additional_properties = d
        return parked_earn

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
