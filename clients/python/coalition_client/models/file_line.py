from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.file_line_kind import FileLineKind

T = TypeVar("T", bound="FileLine")


@_attrs_define
class FileLine:
    """An operation that was accepted on the day.

    Attributes:
        points (int): What it did to the member's wallet, without bonus: issued − reversed − burned + returned
        points_issued (int): Points that you issued
        points_reversed (int): Points you had issued, taken back
        points_burned (int): Points spent with you
        points_returned (int): Points spent with you, given back
        bonus_issued (int): Points that campaigns gave on top of your sales, whoever pays for them
        bonus_reversed (int): The same, taken back
        amount (int): Minor units: of an earn the sale, of a refund of a sale what the goods had cost, of a burn what
            your burn rule made of its points; otherwise 0
        record (Literal['line']):
        kind (FileLineKind):
        reference (str): What you know it by: your reference; of a capture and a void that of the hold, of a bonus that
            of the sale, of a reversal its Idempotency-Key. Empty of a debt repayment, and where it was erased
        idempotency_key (str): Of the request that it came with; empty for a line of a batch
        original_reference (str): Your reference of the sale or burn that it corrects or belongs to, or empty
        transaction (str):
        seq (int): Place in the programme's journal
        member (str): Your id of the member
        held (int): Points set aside by a hold (positive), or no longer (negative)
        store (str): Your code of the store, or empty
        till (str):
        business_date (str): As the till told it; decides nothing here
        receipt_number (str):
        occurred_at (datetime.datetime): The till's clock
        recorded_at (datetime.datetime): Programme time: decides the day
    """

    points: int
    points_issued: int
    points_reversed: int
    points_burned: int
    points_returned: int
    bonus_issued: int
    bonus_reversed: int
    amount: int
    record: Literal["line"]
    kind: FileLineKind
    reference: str
    idempotency_key: str
    original_reference: str
    transaction: str
    seq: int
    member: str
    held: int
    store: str
    till: str
    business_date: str
    receipt_number: str
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        points = self.points

        points_issued = self.points_issued

        points_reversed = self.points_reversed

        points_burned = self.points_burned

        points_returned = self.points_returned

        bonus_issued = self.bonus_issued

        bonus_reversed = self.bonus_reversed

        amount = self.amount

        record = self.record

        kind = self.kind.value

        reference = self.reference

        idempotency_key = self.idempotency_key

        original_reference = self.original_reference

        transaction = self.transaction

        seq = self.seq

        member = self.member

        held = self.held

        store = self.store

        till = self.till

        business_date = self.business_date

        receipt_number = self.receipt_number

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "points": points,
                "points_issued": points_issued,
                "points_reversed": points_reversed,
                "points_burned": points_burned,
                "points_returned": points_returned,
                "bonus_issued": bonus_issued,
                "bonus_reversed": bonus_reversed,
                "amount": amount,
                "record": record,
                "kind": kind,
                "reference": reference,
                "idempotency_key": idempotency_key,
                "original_reference": original_reference,
                "transaction": transaction,
                "seq": seq,
                "member": member,
                "held": held,
                "store": store,
                "till": till,
                "business_date": business_date,
                "receipt_number": receipt_number,
                "occurred_at": occurred_at,
                "recorded_at": recorded_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        points = d.pop("points")

        points_issued = d.pop("points_issued")

        points_reversed = d.pop("points_reversed")

        points_burned = d.pop("points_burned")

        points_returned = d.pop("points_returned")

        bonus_issued = d.pop("bonus_issued")

        bonus_reversed = d.pop("bonus_reversed")

        amount = d.pop("amount")

        record = cast(Literal["line"], d.pop("record"))
        if record != "line":
            raise ValueError(f"record must match const 'line', got '{record}'")

        kind = FileLineKind(d.pop("kind"))

        reference = d.pop("reference")

        idempotency_key = d.pop("idempotency_key")

        original_reference = d.pop("original_reference")

        transaction = d.pop("transaction")

        seq = d.pop("seq")

        member = d.pop("member")

        held = d.pop("held")

        store = d.pop("store")

        till = d.pop("till")

        business_date = d.pop("business_date")

        receipt_number = d.pop("receipt_number")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        file_line = cls(
            points=points,
            points_issued=points_issued,
            points_reversed=points_reversed,
            points_burned=points_burned,
            points_returned=points_returned,
            bonus_issued=bonus_issued,
            bonus_reversed=bonus_reversed,
            amount=amount,
            record=record,
            kind=kind,
            reference=reference,
            idempotency_key=idempotency_key,
            original_reference=original_reference,
            transaction=transaction,
            seq=seq,
            member=member,
            held=held,
            store=store,
            till=till,
            business_date=business_date,
            receipt_number=receipt_number,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
        )

        file_line.additional_properties = d
        return file_line

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
