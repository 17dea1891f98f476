from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.batch_line_outcome import BatchLineOutcome
from ..models.batch_line_type_type_0 import BatchLineTypeType0

if TYPE_CHECKING:
    from ..models.line_error import LineError
    from ..models.line_movement import LineMovement


T = TypeVar("T", bound="BatchLine")


@_attrs_define
class BatchLine:
    """A line of a large batch, and what became of it.

    Attributes:
        object_ (Literal['batch_line']):
        line (int): Of a file its line, from 1; of JSON its place in `lines`, from 0
        type_ (BatchLineTypeType0 | None): As sent; null where unreadable
        reference (None | str): As sent; null where unreadable
        outcome (BatchLineOutcome):
        attempts (int): How often it was sent to the ledger, or looked up for that
        next_attempt_at (datetime.datetime | None): When it is tried again; null: never
        transaction (LineMovement | None): What it posted; null where nothing
        error (LineError | None): Why it was refused, or is tried again. Pointers of a file start at the line
    """

    object_: Literal["batch_line"]
    line: int
    type_: BatchLineTypeType0 | None
    reference: None | str
    outcome: BatchLineOutcome
    attempts: int
    next_attempt_at: datetime.datetime | None
    transaction: LineMovement | None
    error: LineError | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.line_error import LineError  # noqa: PLC0415
        from ..models.line_movement import LineMovement  # noqa: PLC0415

        object_ = self.object_

        line = self.line

        type_: None | str
        if isinstance(self.type_, BatchLineTypeType0):
            type_ = self.type_.value
        else:
            type_ = self.type_

        reference: None | str
        reference = self.reference

        outcome = self.outcome.value

        attempts = self.attempts

        next_attempt_at: None | str
        if isinstance(self.next_attempt_at, datetime.datetime):
            next_attempt_at = self.next_attempt_at.isoformat()
        else:
            next_attempt_at = self.next_attempt_at

        transaction: dict[str, Any] | None
        if isinstance(self.transaction, LineMovement):
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
                "object": object_,
                "line": line,
                "type": type_,
                "reference": reference,
                "outcome": outcome,
                "attempts": attempts,
                "next_attempt_at": next_attempt_at,
                "transaction": transaction,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.line_error import LineError  # noqa: PLC0415
        from ..models.line_movement import LineMovement  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["batch_line"], d.pop("object"))
        if object_ != "batch_line":
            raise ValueError(f"object must match const 'batch_line', got '{object_}'")

        line = d.pop("line")

        def _parse_type_(data: object) -> BatchLineTypeType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                type_type_0 = BatchLineTypeType0(data)

                return type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BatchLineTypeType0 | None, data)

        type_ = _parse_type_(d.pop("type"))

        def _parse_reference(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reference = _parse_reference(d.pop("reference"))

        outcome = BatchLineOutcome(d.pop("outcome"))

        attempts = d.pop("attempts")

        def _parse_next_attempt_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                next_attempt_at_type_0 = datetime.datetime.fromisoformat(data)

                return next_attempt_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        next_attempt_at = _parse_next_attempt_at(d.pop("next_attempt_at"))

        def _parse_transaction(data: object) -> LineMovement | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                transaction_type_0 = LineMovement.from_dict(data)

                return transaction_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LineMovement | None, data)

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

        batch_line = cls(
            object_=object_,
            line=line,
            type_=type_,
            reference=reference,
            outcome=outcome,
            attempts=attempts,
            next_attempt_at=next_attempt_at,
            transaction=transaction,
            error=error,
        )

        batch_line.additional_properties = d
        return batch_line

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
