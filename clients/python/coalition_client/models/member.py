from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.member_status import MemberStatus

if TYPE_CHECKING:
    from ..models.personal import Personal


T = TypeVar("T", bound="Member")


@_attrs_define
class Member:
    """A member as you may see it.

    Attributes:
        object_ (Literal['member']):
        id (str): Your id of the member; other partners see another one
        status (MemberStatus): A closed member neither earns nor spends
        cards (list[str]): Card numbers; only of members that you enrolled or claimed, else empty
        card_endings (list[str]): The last four digits of each card
        customer_id (None | str): Your own customer number, where you gave one
        enrolled_by_you (bool): Whether you enrolled the member
        anonymous (bool): Whether its card has earned, and nobody has enrolled it yet: it cannot spend
        works_for_you (bool): Whether it is your staff: it cannot spend with you
        enrolled_at (datetime.datetime):
        personal (None | Personal): Only of members that you enrolled
    """

    object_: Literal["member"]
    id: str
    status: MemberStatus
    cards: list[str]
    card_endings: list[str]
    customer_id: None | str
    enrolled_by_you: bool
    anonymous: bool
    works_for_you: bool
    enrolled_at: datetime.datetime
    personal: None | Personal
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.personal import Personal  # noqa: PLC0415

        object_ = self.object_

        id = self.id

        status = self.status.value

        cards = self.cards

        card_endings = self.card_endings

        customer_id: None | str
        customer_id = self.customer_id

        enrolled_by_you = self.enrolled_by_you

        anonymous = self.anonymous

        works_for_you = self.works_for_you

        enrolled_at = self.enrolled_at.isoformat()

        personal: dict[str, Any] | None
        if isinstance(self.personal, Personal):
            personal = self.personal.to_dict()
        else:
            personal = self.personal

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "status": status,
                "cards": cards,
                "card_endings": card_endings,
                "customer_id": customer_id,
                "enrolled_by_you": enrolled_by_you,
                "anonymous": anonymous,
                "works_for_you": works_for_you,
                "enrolled_at": enrolled_at,
                "personal": personal,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.personal import Personal  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["member"], d.pop("object"))
        if object_ != "member":
            raise ValueError(f"object must match const 'member', got '{object_}'")

        id = d.pop("id")

        status = MemberStatus(d.pop("status"))

        cards = cast(list[str], d.pop("cards"))

        card_endings = cast(list[str], d.pop("card_endings"))

        def _parse_customer_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        customer_id = _parse_customer_id(d.pop("customer_id"))

        enrolled_by_you = d.pop("enrolled_by_you")

        anonymous = d.pop("anonymous")

        works_for_you = d.pop("works_for_you")

        enrolled_at = datetime.datetime.fromisoformat(d.pop("enrolled_at"))

        def _parse_personal(data: object) -> None | Personal:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                personal_type_0 = Personal.from_dict(data)

                return personal_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Personal, data)

        personal = _parse_personal(d.pop("personal"))

        member = cls(
            object_=object_,
            id=id,
            status=status,
            cards=cards,
            card_endings=card_endings,
            customer_id=customer_id,
            enrolled_by_you=enrolled_by_you,
            anonymous=anonymous,
            works_for_you=works_for_you,
            enrolled_at=enrolled_at,
            personal=personal,
        )

        member.additional_properties = d
        return member

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
