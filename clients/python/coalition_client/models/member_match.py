from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.member_match_status import MemberMatchStatus

T = TypeVar("T", bound="MemberMatch")


@_attrs_define
class MemberMatch:
    """A member as a person at a till recognises one.

    Attributes:
        object_ (Literal['member_match']):
        id (str): Your id of the member; other partners see another one
        status (MemberMatchStatus): A closed member neither earns nor spends
        anonymous (bool): Whether the card earns only, until somebody enrols it
        card_endings (list[str]): The last four digits of each card
        initials (None | str): First letters of the names; only of members that you enrolled
        customer_id (None | str): Your own customer number, where you gave one
        enrolled_by_you (bool): Whether you enrolled the member
    """

    object_: Literal["member_match"]
    id: str
    status: MemberMatchStatus
    anonymous: bool
    card_endings: list[str]
    initials: None | str
    customer_id: None | str
    enrolled_by_you: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        id = self.id

        status = self.status.value

        anonymous = self.anonymous

        card_endings = self.card_endings

        initials: None | str
        initials = self.initials

        customer_id: None | str
        customer_id = self.customer_id

        enrolled_by_you = self.enrolled_by_you

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "status": status,
                "anonymous": anonymous,
                "card_endings": card_endings,
                "initials": initials,
                "customer_id": customer_id,
                "enrolled_by_you": enrolled_by_you,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = cast(Literal["member_match"], d.pop("object"))
        if object_ != "member_match":
            raise ValueError(f"object must match const 'member_match', got '{object_}'")

        id = d.pop("id")

        status = MemberMatchStatus(d.pop("status"))

        anonymous = d.pop("anonymous")

        card_endings = cast(list[str], d.pop("card_endings"))

        def _parse_initials(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        initials = _parse_initials(d.pop("initials"))

        def _parse_customer_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        customer_id = _parse_customer_id(d.pop("customer_id"))

        enrolled_by_you = d.pop("enrolled_by_you")

        member_match = cls(
            object_=object_,
            id=id,
            status=status,
            anonymous=anonymous,
            card_endings=card_endings,
            initials=initials,
            customer_id=customer_id,
            enrolled_by_you=enrolled_by_you,
        )

        member_match.additional_properties = d
        return member_match

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
