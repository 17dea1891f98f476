from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.quoted_burn import QuotedBurn
    from ..models.quoted_earn import QuotedEarn
    from ..models.refund_figures import RefundFigures


T = TypeVar("T", bound="Quote")


@_attrs_define
class Quote:
    """What it would come to if it were posted now. It promises nothing: what happens in between counts.

    Attributes:
        object_ (Literal['quote']):
        member (str): Your id of the member; other partners see another one
        quoted_at (datetime.datetime): Programme time of the quote
        available (int): Points that the member can spend before any of it; below 0 where points are owed
        owed (int): Points that the member owes
        earn (None | QuotedEarn): Of a sale; null without one
        burn (None | QuotedBurn): Of a sale that is no exchange; null otherwise
        refund (None | RefundFigures): Of a refund; null without one
    """

    object_: Literal["quote"]
    member: str
    quoted_at: datetime.datetime
    available: int
    owed: int
    earn: None | QuotedEarn
    burn: None | QuotedBurn
    refund: None | RefundFigures
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.quoted_burn import QuotedBurn  # noqa: PLC0415
        from ..models.quoted_earn import QuotedEarn  # noqa: PLC0415
        from ..models.refund_figures import RefundFigures  # noqa: PLC0415

        object_ = self.object_

        member = self.member

        quoted_at = self.quoted_at.isoformat()

        available = self.available

        owed = self.owed

        earn: dict[str, Any] | None
        if isinstance(self.earn, QuotedEarn):
            earn = self.earn.to_dict()
        else:
            earn = self.earn

        burn: dict[str, Any] | None
        if isinstance(self.burn, QuotedBurn):
            burn = self.burn.to_dict()
        else:
            burn = self.burn

        refund: dict[str, Any] | None
        if isinstance(self.refund, RefundFigures):
            refund = self.refund.to_dict()
        else:
            refund = self.refund

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "member": member,
                "quoted_at": quoted_at,
                "available": available,
                "owed": owed,
                "earn": earn,
                "burn": burn,
                "refund": refund,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.quoted_burn import QuotedBurn  # noqa: PLC0415
        from ..models.quoted_earn import QuotedEarn  # noqa: PLC0415
        from ..models.refund_figures import RefundFigures  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["quote"], d.pop("object"))
        if object_ != "quote":
            raise ValueError(f"object must match const 'quote', got '{object_}'")

        member = d.pop("member")

        quoted_at = datetime.datetime.fromisoformat(d.pop("quoted_at"))

        available = d.pop("available")

        owed = d.pop("owed")

        def _parse_earn(data: object) -> None | QuotedEarn:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                earn_type_0 = QuotedEarn.from_dict(data)

                return earn_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | QuotedEarn, data)

        earn = _parse_earn(d.pop("earn"))

        def _parse_burn(data: object) -> None | QuotedBurn:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                burn_type_0 = QuotedBurn.from_dict(data)

                return burn_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | QuotedBurn, data)

        burn = _parse_burn(d.pop("burn"))

        def _parse_refund(data: object) -> None | RefundFigures:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                refund_type_0 = RefundFigures.from_dict(data)

                return refund_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RefundFigures, data)

        refund = _parse_refund(d.pop("refund"))

        quote = cls(
            object_=object_,
            member=member,
            quoted_at=quoted_at,
            available=available,
            owed=owed,
            earn=earn,
            burn=burn,
            refund=refund,
        )

        quote.additional_properties = d
        return quote

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
