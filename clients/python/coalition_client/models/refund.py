from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.earn import Earn
    from ..models.money import Money
    from ..models.parked_earn import ParkedEarn
    from ..models.refund_metadata import RefundMetadata
    from ..models.refund_receipt import RefundReceipt


T = TypeVar("T", bound="Refund")


@_attrs_define
class Refund:
    """What a refund came to.

    Attributes:
        amount (int): What the goods had cost, in minor units; of a burn without a sale: points given back
        points_returned (int): Points burned that are back in the wallet
        points_clawed_back (int): Points earned that were taken from the wallet
        points_owed (int): Points earned that the member owes from now on
        points_written_off (int): Points earned that nobody takes back
        money (Money): An amount of money.
        id (str): Id of the transaction
        member (str): Your id of the member; other partners see another one
        balance (int): Points in the wallet right after it
        occurred_at (datetime.datetime): The till's clock, in UTC
        recorded_at (datetime.datetime): Programme time of the posting
        metadata (RefundMetadata): What you keep with it; empty where there is nothing
        object_ (Literal['refund']):
        reference (str): Your reference
        original (str): Id of the earn of the sale, or of the burn without one
        receipt (RefundReceipt): What a till may print.
        exchange (Earn | None | ParkedEarn): What was taken instead, right after the refund; its `balance` is the last.
            Null: no exchange
    """

    amount: int
    points_returned: int
    points_clawed_back: int
    points_owed: int
    points_written_off: int
    money: Money
    id: str
    member: str
    balance: int
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    metadata: RefundMetadata
    object_: Literal["refund"]
    reference: str
    original: str
    receipt: RefundReceipt
    exchange: Earn | None | ParkedEarn
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.earn import Earn  # noqa: PLC0415
        from ..models.parked_earn import ParkedEarn  # noqa: PLC0415

        amount = self.amount

        points_returned = self.points_returned

        points_clawed_back = self.points_clawed_back

        points_owed = self.points_owed

        points_written_off = self.points_written_off

        money = self.money.to_dict()

        id = self.id

        member = self.member

        balance = self.balance

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        metadata = self.metadata.to_dict()

        object_ = self.object_

        reference = self.reference

        original = self.original

        receipt = self.receipt.to_dict()

        exchange: dict[str, Any] | None
        if isinstance(self.exchange, Earn):
            exchange = self.exchange.to_dict()
        elif isinstance(self.exchange, ParkedEarn):
            exchange = self.exchange.to_dict()
        else:
            exchange = self.exchange

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "amount": amount,
                "points_returned": points_returned,
                "points_clawed_back": points_clawed_back,
                "points_owed": points_owed,
                "points_written_off": points_written_off,
                "money": money,
                "id": id,
                "member": member,
                "balance": balance,
                "occurred_at": occurred_at,
                "recorded_at": recorded_at,
                "metadata": metadata,
                "object": object_,
                "reference": reference,
                "original": original,
                "receipt": receipt,
                "exchange": exchange,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.earn import Earn  # noqa: PLC0415
        from ..models.money import Money  # noqa: PLC0415
        from ..models.parked_earn import ParkedEarn  # noqa: PLC0415
        from ..models.refund_metadata import RefundMetadata  # noqa: PLC0415
        from ..models.refund_receipt import RefundReceipt  # noqa: PLC0415

        d = dict(src_dict)
        amount = d.pop("amount")

        points_returned = d.pop("points_returned")

        points_clawed_back = d.pop("points_clawed_back")

        points_owed = d.pop("points_owed")

        points_written_off = d.pop("points_written_off")

        money = Money.from_dict(d.pop("money"))

        id = d.pop("id")

        member = d.pop("member")

        balance = d.pop("balance")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        metadata = RefundMetadata.from_dict(d.pop("metadata"))

        object_ = cast(Literal["refund"], d.pop("object"))
        if object_ != "refund":
            raise ValueError(f"object must match const 'refund', got '{object_}'")

        reference = d.pop("reference")

        original = d.pop("original")

        receipt = RefundReceipt.from_dict(d.pop("receipt"))

        def _parse_exchange(data: object) -> Earn | None | ParkedEarn:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                exchange_type_0 = Earn.from_dict(data)

                return exchange_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                exchange_type_1 = ParkedEarn.from_dict(data)

                return exchange_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Earn | None | ParkedEarn, data)

        exchange = _parse_exchange(d.pop("exchange"))

        refund = cls(
            amount=amount,
            points_returned=points_returned,
            points_clawed_back=points_clawed_back,
            points_owed=points_owed,
            points_written_off=points_written_off,
            money=money,
            id=id,
            member=member,
            balance=balance,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            metadata=metadata,
            object_=object_,
            reference=reference,
            original=original,
            receipt=receipt,
            exchange=exchange,
        )

        refund.additional_properties = d
        return refund

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
