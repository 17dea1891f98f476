from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="OneTimeCode")


@_attrs_define
class OneTimeCode:
    """That a code is on its way to a member. What it says the member alone is told.

    Attributes:
        object_ (Literal['one_time_code']):
        id (str): Names it, and tells nothing of what it says
        member (str): Your id of the member; other partners see another one
        digits (int): How many digits the till asks for
        expires_at (datetime.datetime): From this moment on it can no longer be used
    """

    object_: Literal["one_time_code"]
    id: str
    member: str
    digits: int
    expires_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        id = self.id

        member = self.member

        digits = self.digits

        expires_at = self.expires_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "member": member,
                "digits": digits,
                "expires_at": expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = cast(Literal["one_time_code"], d.pop("object"))
        if object_ != "one_time_code":
            raise ValueError(f"object must match const 'one_time_code', got '{object_}'")

        id = d.pop("id")

        member = d.pop("member")

        digits = d.pop("digits")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        one_time_code = cls(
            object_=object_,
            id=id,
            member=member,
            digits=digits,
            expires_at=expires_at,
        )

        one_time_code.additional_properties = d
        return one_time_code

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
