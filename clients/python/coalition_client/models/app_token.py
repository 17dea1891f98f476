from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AppToken")


@_attrs_define
class AppToken:
    """A token for the member's app to show.

    Attributes:
        object_ (Literal['app_token']):
        member (str): Your id of the member; other partners see another one
        token (str): Show it as it is, e.g. as a QR code: 80 characters that tell nothing of the member
        expires_at (datetime.datetime): From this moment on it can no longer be used
    """

    object_: Literal["app_token"]
    member: str
    token: str
    expires_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        member = self.member

        token = self.token

        expires_at = self.expires_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "member": member,
                "token": token,
                "expires_at": expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = cast(Literal["app_token"], d.pop("object"))
        if object_ != "app_token":
            raise ValueError(f"object must match const 'app_token', got '{object_}'")

        member = d.pop("member")

        token = d.pop("token")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        app_token = cls(
            object_=object_,
            member=member,
            token=token,
            expires_at=expires_at,
        )

        app_token.additional_properties = d
        return app_token

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
