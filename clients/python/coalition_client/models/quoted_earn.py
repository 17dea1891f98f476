from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.quoted_earn_status import QuotedEarnStatus

if TYPE_CHECKING:
    from ..models.quoted_bonus import QuotedBonus
    from ..models.refusal import Refusal


T = TypeVar("T", bound="QuotedEarn")


@_attrs_define
class QuotedEarn:
    """What the sale would earn, if nothing of it is paid in points but what its tenders say.

    Attributes:
        status (QuotedEarnStatus): `parked`: beyond your credit limit, so the points come later. `refused`: see
            `refusal`
        points (int): Points of the sale itself; 0 where it is refused
        pending (int): How many of them could not be spent at once
        matures_at (datetime.datetime | None): When they could be; null: at once
        expires_at (datetime.datetime | None): From when on they would be gone; null: see an earn
        bonus (list[QuotedBonus]): What campaigns would give on top of it
        bonus_points (int): All points of it
        refusal (None | Refusal): Why the sale would not be taken; null: it would
    """

    status: QuotedEarnStatus
    points: int
    pending: int
    matures_at: datetime.datetime | None
    expires_at: datetime.datetime | None
    bonus: list[QuotedBonus]
    bonus_points: int
    refusal: None | Refusal
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.refusal import Refusal  # noqa: PLC0415

        status = self.status.value

        points = self.points

        pending = self.pending

        matures_at: None | str
        if isinstance(self.matures_at, datetime.datetime):
            matures_at = self.matures_at.isoformat()
        else:
            matures_at = self.matures_at

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        bonus = []
        for bonus_item_data in self.bonus:
            bonus_item = bonus_item_data.to_dict()
            bonus.append(bonus_item)

        bonus_points = self.bonus_points

        refusal: dict[str, Any] | None
        if isinstance(self.refusal, Refusal):
            refusal = self.refusal.to_dict()
        else:
            refusal = self.refusal

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status": status,
                "points": points,
                "pending": pending,
                "matures_at": matures_at,
                "expires_at": expires_at,
                "bonus": bonus,
                "bonus_points": bonus_points,
                "refusal": refusal,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.quoted_bonus import QuotedBonus  # noqa: PLC0415
        from ..models.refusal import Refusal  # noqa: PLC0415

        d = dict(src_dict)
        status = QuotedEarnStatus(d.pop("status"))

        points = d.pop("points")

        pending = d.pop("pending")

        def _parse_matures_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                matures_at_type_0 = datetime.datetime.fromisoformat(data)

                return matures_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        matures_at = _parse_matures_at(d.pop("matures_at"))

        def _parse_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        expires_at = _parse_expires_at(d.pop("expires_at"))

        bonus = []
        _bonus = d.pop("bonus")
        for bonus_item_data in _bonus:
            bonus_item = QuotedBonus.from_dict(bonus_item_data)

            bonus.append(bonus_item)

        bonus_points = d.pop("bonus_points")

        def _parse_refusal(data: object) -> None | Refusal:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                refusal_type_0 = Refusal.from_dict(data)

                return refusal_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Refusal, data)

        refusal = _parse_refusal(d.pop("refusal"))

        quoted_earn = cls(
            status=status,
            points=points,
            pending=pending,
            matures_at=matures_at,
            expires_at=expires_at,
            bonus=bonus,
            bonus_points=bonus_points,
            refusal=refusal,
        )

        quoted_earn.additional_properties = d
        return quoted_earn

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
