from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.line_result_outcome import LineResultOutcome
from ..models.line_result_type_type_0 import LineResultTypeType0

if TYPE_CHECKING:
    from ..models.line_error import LineError
    from ..models.transaction import Transaction


T = TypeVar("T", bound="LineResult")


@_attrs_define
class LineResult:
    """What became of one line.

    Attributes:
        line (int): Place in the batch, from 0, as in JSON pointers
        type_ (LineResultTypeType0 | None): As sent; null where unreadable
        reference (None | str): As sent; null where unreadable
        outcome (LineResultOutcome):
        transaction (None | Transaction): The movement; null where refused or waiting for its sale
        error (LineError | None): Why it was refused; null where it was not
    """

    line: int
    type_: LineResultTypeType0 | None
    reference: None | str
    outcome: LineResultOutcome
    transaction: None | Transaction
    error: LineError | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.line_error import LineError  # noqa: PLC0415
        from ..models.transaction import Transaction  # noqa: PLC0415

        line = self.line

        type_: None | str
        if isinstance(self.type_, LineResultTypeType0):
            type_ = self.type_.value
        else:
            type_ = self.type_

        reference: None | str
        reference = self.reference

        outcome = self.outcome.value

        transaction: dict[str, Any] | None
        if isinstance(self.transaction, Transaction):
            transaction = self.transaction.to_dict()
        else:
            transaction = self.transaction

        error: dict[str, Any] | None
        if isinstance(self.error, LineError):
            error = self.error.to_dict()
        else:
            error = self.error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "line": line,
                "type": type_,
                "reference": reference,
                "outcome": outcome,
                "transaction": transaction,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.line_error import LineError  # noqa: PLC0415
        from ..models.transaction import Transaction  # noqa: PLC0415

        d = dict(src_dict)
        line = d.pop("line")

        def _parse_type_(data: object) -> LineResultTypeType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                type_type_0 = LineResultTypeType0(data)

                return type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LineResultTypeType0 | None, data)

        type_ = _parse_type_(d.pop("type"))

        def _parse_reference(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reference = _parse_reference(d.pop("reference"))

        outcome = LineResultOutcome(d.pop("outcome"))

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

        def _parse_error(data: object) -> LineError | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                error_type_0 = LineError.from_dict(data)

                return error_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LineError | None, data)

        error = _parse_error(d.pop("error"))

        line_result = cls(
            line=line,
            type_=type_,
            reference=reference,
            outcome=outcome,
            transaction=transaction,
            error=error,
        )

        line_result.additional_properties = d
        return line_result

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
