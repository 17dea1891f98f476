from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.redemption_metadata import RedemptionMetadata
    from ..models.redemption_receipt import RedemptionReceipt
    from ..models.worth import Worth


T = TypeVar("T", bound="Redemption")


@_attrs_define
class Redemption:
    """Points spent.

    Attributes:
        id (str): Id of the transaction
        member (str): Your id of the member; other partners see another one
        balance (int): Points in the wallet right after it
        occurred_at (datetime.datetime): The till's clock, in UTC
        recorded_at (datetime.datetime): Programme time of the posting
        metadata (RedemptionMetadata): What you keep with it; empty where there is nothing
        object_ (Literal['redemption']):
        reference (str): Your reference
        points (int): Points spent, as a positive number
        worth (None | Worth): What the points are worth by your burn rule; null: you have none
        receipt (RedemptionReceipt): What a till may print.
    """

    id: str
    member: str
    balance: int
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    metadata: RedemptionMetadata
    object_: Literal["redemption"]
    reference: str
    points: int
    worth: None | Worth
    receipt: RedemptionReceipt
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.worth import Worth  # noqa: PLC0415

        id = self.id

        member = self.member

        balance = self.balance

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        metadata = self.metadata.to_dict()

        object_ = self.object_

        reference = self.reference

        points = self.points

        worth: dict[str, Any] | None
        if isinstance(self.worth, Worth):
            worth = self.worth.to_dict()
        else:
            worth = self.worth

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
                "worth": worth,
                "receipt": receipt,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.redemption_metadata import RedemptionMetadata  # noqa: PLC0415
        from ..models.redemption_receipt import RedemptionReceipt  # noqa: PLC0415
        from ..models.worth import Worth  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        member = d.pop("member")

        balance = d.pop("balance")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        metadata = RedemptionMetadata.from_dict(d.pop("metadata"))

        object_ = cast(Literal["redemption"], d.pop("object"))
        if object_ != "redemption":
            raise ValueError(f"object must match const 'redemption', got '{object_}'")

        reference = d.pop("reference")

        points = d.pop("points")

        def _parse_worth(data: object) -> None | Worth:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                worth_type_0 = Worth.from_dict(data)

                return worth_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Worth, data)

        worth = _parse_worth(d.pop("worth"))

        receipt = RedemptionReceipt.from_dict(d.pop("receipt"))

        redemption = cls(
            id=id,
            member=member,
            balance=balance,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            metadata=metadata,
            object_=object_,
            reference=reference,
            points=points,
            worth=worth,
            receipt=receipt,
        )

        redemption.additional_properties = d
        return redemption

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
