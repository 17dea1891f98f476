from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.reversal_status import ReversalStatus

if TYPE_CHECKING:
    from ..models.money import Money
    from ..models.reversal_receipt import ReversalReceipt
    from ..models.transaction import Transaction


T = TypeVar("T", bound="Reversal")


@_attrs_define
class Reversal:
    """What became of a request that was to be undone. All figures are 0 where there was nothing to undo.

    Attributes:
        amount (int): What the goods had cost, in minor units; of a burn without a sale: points given back
        points_returned (int): Points burned that are back in the wallet
        points_clawed_back (int): Points earned that were taken from the wallet
        points_owed (int): Points earned that the member owes from now on
        points_written_off (int): Points earned that nobody takes back
        money (Money): An amount of money.
        object_ (Literal['reversal']):
        status (ReversalStatus): `reversed`: it had been posted, and is undone. `nothing_to_reverse`: it had not, had
            been refused, or was undone before; if it still arrives it is refused. Either way nothing is left of it
        idempotency_key (str): That of the original, as sent
        transaction (None | Transaction): What undid it: a refund, or of a hold a void; null: nothing did
        released (int): Points of a hold that are free again
        balance (int | None): Points in the wallet right after it; null where nothing was reversed
        receipt (None | ReversalReceipt):
    """

    amount: int
    points_returned: int
    points_clawed_back: int
    points_owed: int
    points_written_off: int
    money: Money
    object_: Literal["reversal"]
    status: ReversalStatus
    idempotency_key: str
    transaction: None | Transaction
    released: int
    balance: int | None
    receipt: None | ReversalReceipt
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.reversal_receipt import ReversalReceipt  # noqa: PLC0415
        from ..models.transaction import Transaction  # noqa: PLC0415

        amount = self.amount

        points_returned = self.points_returned

        points_clawed_back = self.points_clawed_back

        points_owed = self.points_owed

        points_written_off = self.points_written_off

        money = self.money.to_dict()

        object_ = self.object_

        status = self.status.value

        idempotency_key = self.idempotency_key

        transaction: dict[str, Any] | None
        if isinstance(self.transaction, Transaction):
            transaction = self.transaction.to_dict()
        else:
            transaction = self.transaction

        released = self.released

        balance: int | None
        balance = self.balance

        receipt: dict[str, Any] | None
        if isinstance(self.receipt, ReversalReceipt):
            receipt = self.receipt.to_dict()
        else:
            receipt = self.receipt

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
                "object": object_,
                "status": status,
                "idempotency_key": idempotency_key,
                "transaction": transaction,
                "released": released,
                "balance": balance,
                "receipt": receipt,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.money import Money  # noqa: PLC0415
        from ..models.reversal_receipt import ReversalReceipt  # noqa: PLC0415
        from ..models.transaction import Transaction  # noqa: PLC0415

        d = dict(src_dict)
        amount = d.pop("amount")

        points_returned = d.pop("points_returned")

        points_clawed_back = d.pop("points_clawed_back")

        points_owed = d.pop("points_owed")

        points_written_off = d.pop("points_written_off")

        money = Money.from_dict(d.pop("money"))

        object_ = cast(Literal["reversal"], d.pop("object"))
        if object_ != "reversal":
            raise ValueError(f"object must match const 'reversal', got '{object_}'")

        status = ReversalStatus(d.pop("status"))

        idempotency_key = d.pop("idempotency_key")

        def _parse_transaction(data: object) -> None | Transaction:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                transaction_type_0 = Transaction.from_dict(data)

                return transaction_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Transaction, data)

        transaction = _parse_transaction(d.pop("transaction"))

        released = d.pop("released")

        def _parse_balance(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        balance = _parse_balance(d.pop("balance"))

        def _parse_receipt(data: object) -> None | ReversalReceipt:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                receipt_type_0 = ReversalReceipt.from_dict(data)

                return receipt_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReversalReceipt, data)

        receipt = _parse_receipt(d.pop("receipt"))

        reversal = cls(
            amount=amount,
            points_returned=points_returned,
            points_clawed_back=points_clawed_back,
            points_owed=points_owed,
            points_written_off=points_written_off,
            money=money,
            object_=object_,
            status=status,
            idempotency_key=idempotency_key,
            transaction=transaction,
            released=released,
            balance=balance,
            receipt=receipt,
        )

        reversal.additional_properties = d
        return reversal

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
