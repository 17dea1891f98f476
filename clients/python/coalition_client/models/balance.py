from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.expiry import Expiry
    from ..models.maturity import Maturity


T = TypeVar("T", bound="Balance")


@_attrs_define
class Balance:
    """A wallet now.

    Attributes:
        object_ (Literal['balance']):
        member (str): Your id of the member; other partners see another one
        available (int): Points that can be spent; below 0 where the member owes more than there is
        owed (int): Points that the member owes, off `available` already; later earns pay them first
        pending (int): Points earned that cannot be spent yet; `available` is without them
        next_maturity (Maturity | None): Which can be first; null: there are none
        next_expiry (Expiry | None): What expires next; null: nothing
    """

    object_: Literal["balance"]
    member: str
    available: int
    owed: int
    pending: int
    next_maturity: Maturity | None
    next_expiry: Expiry | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.expiry import Expiry  # noqa: PLC0415
        from ..models.maturity import Maturity  # noqa: PLC0415

        object_ = self.object_

        member = self.member

        available = self.available

        owed = self.owed

        pending = self.pending

        next_maturity: dict[str, Any] | None
        if isinstance(self.next_maturity, Maturity):
            next_maturity = self.next_maturity.to_dict()
        else:
            next_maturity = self.next_maturity

        next_expiry: dict[str, Any] | None
        if isinstance(self.next_expiry, Expiry):
            next_expiry = self.next_expiry.to_dict()
        else:
            next_expiry = self.next_expiry

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "member": member,
                "available": available,
                "owed": owed,
                "pending": pending,
                "next_maturity": next_maturity,
                "next_expiry": next_expiry,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.expiry import Expiry  # noqa: PLC0415
        from ..models.maturity import Maturity  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["balance"], d.pop("object"))
        if object_ != "balance":
            raise ValueError(f"object must match const 'balance', got '{object_}'")

        member = d.pop("member")

        available = d.pop("available")

        owed = d.pop("owed")

        pending = d.pop("pending")

        def _parse_next_maturity(data: object) -> Maturity | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                next_maturity_type_0 = Maturity.from_dict(data)

                return next_maturity_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Maturity | None, data)

        next_maturity = _parse_next_maturity(d.pop("next_maturity"))

        def _parse_next_expiry(data: object) -> Expiry | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                next_expiry_type_0 = Expiry.from_dict(data)

                return next_expiry_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Expiry | None, data)

        next_expiry = _parse_next_expiry(d.pop("next_expiry"))

        balance = cls(
            object_=object_,
            member=member,
            available=available,
            owed=owed,
            pending=pending,
            next_maturity=next_maturity,
            next_expiry=next_expiry,
        )

        balance.additional_properties = d
        return balance

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
