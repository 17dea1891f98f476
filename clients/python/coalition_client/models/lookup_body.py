from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="LookupBody")


@_attrs_define
class LookupBody:
    """Names a member in exactly one way, and may say where it is asked.

    Attributes:
        id (str | Unset): Your id of the member
        card (str | Unset): The card number as scanned, typed or swiped (track 1 or 2)
        customer_id (str | Unset): Your own customer number of the member
        phone (str | Unset): Phone number: `+` and the country's code, or as it is dialled in the programme's country;
            answered in E.164 form
        email (str | Unset): E-mail address
        store (None | str | Unset): Your own code of the store
        till (str | Unset): Till, up to 64 characters
    """

    id: str | Unset = UNSET
    card: str | Unset = UNSET
    customer_id: str | Unset = UNSET
    phone: str | Unset = UNSET
    email: str | Unset = UNSET
    store: None | str | Unset = UNSET
    till: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        card = self.card

        customer_id = self.customer_id

        phone = self.phone

        email = self.email

        store: None | str | Unset
        if isinstance(self.store, Unset):
            store = UNSET
        else:
            store = self.store

        till = self.till

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if card is not UNSET:
            field_dict["card"] = card
        if customer_id is not UNSET:
            field_dict["customer_id"] = customer_id
        if phone is not UNSET:
            field_dict["phone"] = phone
        if email is not UNSET:
            field_dict["email"] = email
        if store is not UNSET:
            field_dict["store"] = store
        if till is not UNSET:
            field_dict["till"] = till

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id", UNSET)

        card = d.pop("card", UNSET)

        customer_id = d.pop("customer_id", UNSET)

        phone = d.pop("phone", UNSET)

        email = d.pop("email", UNSET)

        def _parse_store(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        store = _parse_store(d.pop("store", UNSET))

        till = d.pop("till", UNSET)

        lookup_body = cls(
            id=id,
            card=card,
            customer_id=customer_id,
            phone=phone,
            email=email,
            store=store,
            till=till,
        )

        return lookup_body
