from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.personal_patch import PersonalPatch


T = TypeVar("T", bound="UpdateBody")


@_attrs_define
class UpdateBody:
    """Changes of a member, as a JSON merge patch (RFC 7396).

    Attributes:
        personal (PersonalPatch): What is to change: a field that is left out stays, null removes it.
    """

    personal: PersonalPatch

    def to_dict(self) -> dict[str, Any]:
        personal = self.personal.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "personal": personal,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.personal_patch import PersonalPatch  # noqa: PLC0415

        d = dict(src_dict)
        personal = PersonalPatch.from_dict(d.pop("personal"))

        update_body = cls(
            personal=personal,
        )

        return update_body
