from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.explained_lots_act import ExplainedLotsAct
from ..models.explained_lots_issuer import ExplainedLotsIssuer
from ..models.explained_lots_point_type import ExplainedLotsPointType

T = TypeVar("T", bound="ExplainedLots")


@_attrs_define
class ExplainedLots:
    """Points of lots.

    Attributes:
        act (ExplainedLotsAct): What the movement did with them: put into a new lot, taken, given back, set aside for a
            hold
        issuer (ExplainedLotsIssuer): `own`: you issued them
        point_type (ExplainedLotsPointType):
        points (int):
        expires_at (datetime.datetime | None): Of a new lot: when they expire; null: never, or another act
        matures_at (datetime.datetime | None): Of a new lot: when they can be spent; null: at once, or another act
    """

    act: ExplainedLotsAct
    issuer: ExplainedLotsIssuer
    point_type: ExplainedLotsPointType
    points: int
    expires_at: datetime.datetime | None
    matures_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        act = self.act.value

        issuer = self.issuer.value

        point_type = self.point_type.value

        points = self.points

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        matures_at: None | str
        if isinstance(self.matures_at, datetime.datetime):
            matures_at = self.matures_at.isoformat()
        else:
            matures_at = self.matures_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "act": act,
                "issuer": issuer,
                "point_type": point_type,
                "points": points,
                "expires_at": expires_at,
                "matures_at": matures_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        act = ExplainedLotsAct(d.pop("act"))

        issuer = ExplainedLotsIssuer(d.pop("issuer"))

        point_type = ExplainedLotsPointType(d.pop("point_type"))

        points = d.pop("points")

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

        explained_lots = cls(
            act=act,
            issuer=issuer,
            point_type=point_type,
            points=points,
            expires_at=expires_at,
            matures_at=matures_at,
        )

        explained_lots.additional_properties = d
        return explained_lots

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
