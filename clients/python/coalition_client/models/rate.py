from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.type_prices import TypePrices


T = TypeVar("T", bound="Rate")


@_attrs_define
class Rate:
    """A version of your prices. Where several apply, the highest version wins.

    Attributes:
        object_ (Literal['rate']):
        version (int): From 1
        issue_micros (int): What you owe for a point you issue, in millionths of the major unit
        reimbursement_micros (int): What you are owed for a point spent with you, in millionths of the major unit
        valid_from (datetime.datetime):
        valid_to (datetime.datetime | None): Excluded; null: open
        issue_share_percent (int): How much of the price you owe when you issue a point; the rest you owe once it is
            used, and not at all if it expires
        transaction_fee_micros (int): What you owe for each sale that earns and each redemption, in millionths of the
            major unit
        bonus (None | TypePrices): Prices of bonus points; null: those above
    """

    object_: Literal["rate"]
    version: int
    issue_micros: int
    reimbursement_micros: int
    valid_from: datetime.datetime
    valid_to: datetime.datetime | None
    issue_share_percent: int
    transaction_fee_micros: int
    bonus: None | TypePrices
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.type_prices import TypePrices  # noqa: PLC0415

        object_ = self.object_

        version = self.version

        issue_micros = self.issue_micros

        reimbursement_micros = self.reimbursement_micros

        valid_from = self.valid_from.isoformat()

        valid_to: None | str
        if isinstance(self.valid_to, datetime.datetime):
            valid_to = self.valid_to.isoformat()
        else:
            valid_to = self.valid_to

        issue_share_percent = self.issue_share_percent

        transaction_fee_micros = self.transaction_fee_micros

        bonus: dict[str, Any] | None
        if isinstance(self.bonus, TypePrices):
            bonus = self.bonus.to_dict()
        else:
            bonus = self.bonus

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "version": version,
                "issue_micros": issue_micros,
                "reimbursement_micros": reimbursement_micros,
                "valid_from": valid_from,
                "valid_to": valid_to,
                "issue_share_percent": issue_share_percent,
                "transaction_fee_micros": transaction_fee_micros,
                "bonus": bonus,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.type_prices import TypePrices  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["rate"], d.pop("object"))
        if object_ != "rate":
            raise ValueError(f"object must match const 'rate', got '{object_}'")

        version = d.pop("version")

        issue_micros = d.pop("issue_micros")

        reimbursement_micros = d.pop("reimbursement_micros")

        valid_from = datetime.datetime.fromisoformat(d.pop("valid_from"))

        def _parse_valid_to(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                valid_to_type_0 = datetime.datetime.fromisoformat(data)

                return valid_to_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        valid_to = _parse_valid_to(d.pop("valid_to"))

        issue_share_percent = d.pop("issue_share_percent")

        transaction_fee_micros = d.pop("transaction_fee_micros")

        def _parse_bonus(data: object) -> None | TypePrices:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                bonus_type_0 = TypePrices.from_dict(data)

                return bonus_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TypePrices, data)

        bonus = _parse_bonus(d.pop("bonus"))

        rate = cls(
            object_=object_,
            version=version,
            issue_micros=issue_micros,
            reimbursement_micros=reimbursement_micros,
            valid_from=valid_from,
            valid_to=valid_to,
            issue_share_percent=issue_share_percent,
            transaction_fee_micros=transaction_fee_micros,
            bonus=bonus,
        )

        rate.additional_properties = d
        return rate

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
