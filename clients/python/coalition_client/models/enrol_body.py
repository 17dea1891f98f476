from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.personal_body import PersonalBody


T = TypeVar("T", bound="EnrolBody")


@_attrs_define
class EnrolBody:
    """A new member. Without a card one is issued.

    Attributes:
        card (None | str | Unset): Card that the member has already: 8 to 19 digits with a Luhn check digit. One that
            has earned before anybody enrolled it is claimed: its member and points become this person's
        customer_id (None | str | Unset): Your own customer number
        personal (None | PersonalBody | Unset): Seen by you only
    """

    card: None | str | Unset = UNSET
    customer_id: None | str | Unset = UNSET
    personal: None | PersonalBody | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.personal_body import PersonalBody  # noqa: PLC0415

        card: None | str | Unset
        if isinstance(self.card, Unset):
            card = UNSET
        else:
            card = self.card

        customer_id: None | str | Unset
        if isinstance(self.customer_id, Unset):
            customer_id = UNSET
        else:
            customer_id = self.customer_id

        personal: dict[str, Any] | None | Unset
        if isinstance(self.personal, Unset):
            personal = UNSET
        elif isinstance(self.personal, PersonalBody):
            personal = self.personal.to_dict()
        else:
            personal = self.personal

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if card is not UNSET:
            field_dict["card"] = card
        if customer_id is not UNSET:
            field_dict["customer_id"] = customer_id
        if personal is not UNSET:
            field_dict["personal"] = personal

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.personal_body import PersonalBody  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_card(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        card = _parse_card(d.pop("card", UNSET))

        def _parse_customer_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        customer_id = _parse_customer_id(d.pop("customer_id", UNSET))

        def _parse_personal(data: object) -> None | PersonalBody | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                personal_type_0 = PersonalBody.from_dict(data)

                return personal_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PersonalBody | Unset, data)

        personal = _parse_personal(d.pop("personal", UNSET))

        enrol_body = cls(
            card=card,
            customer_id=customer_id,
            personal=personal,
        )

        return enrol_body
