from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Expiration")


@_attrs_define
class Expiration:
    """Points that expire together.

    Attributes:
        object_ (Literal['expiration']):
        points (int): Points that can be spent until then
        expires_at (datetime.datetime): From this moment on they are gone; the cursor of this list
    """

    object_: Literal["expiration"]
    points: int
    expires_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        points = self.points

        expires_at = self.expires_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "points": points,
                "expires_at": expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = cast(Literal["expiration"], d.pop("object"))
        if object_ != "expiration":
            raise ValueError(f"object must match const 'expiration', got '{object_}'")

        points = d.pop("points")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        expiration = cls(
            object_=object_,
            points=points,
            expires_at=expires_at,
        )

        expiration.additional_properties = d
        return expiration

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
