from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PersonalBody")


@_attrs_define
class PersonalBody:
    """Personal data, all of it optional, kept encrypted.

    Attributes:
        given_name (str | Unset): Given name, up to 100 characters, not only spaces Default: ''.
        family_name (str | Unset): Family name, up to 100 characters, not only spaces Default: ''.
        email (str | Unset): E-mail address Default: ''.
        phone (str | Unset): Phone number: `+` and the country's code, or as it is dialled in the programme's country;
            answered in E.164 form Default: ''.
        birth_date (datetime.date | None | Unset): Date of birth
        language (str | Unset): Language that the member is written to in, a BCP 47 tag: bg, de, en, es, fr, it, nl, pl
            or pt, with or without a region. Where it is not known the programme's is used Default: ''.
    """

    given_name: str | Unset = ""
    family_name: str | Unset = ""
    email: str | Unset = ""
    phone: str | Unset = ""
    birth_date: datetime.date | None | Unset = UNSET
    language: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        given_name = self.given_name

        family_name = self.family_name

        email = self.email

        phone = self.phone

        birth_date: None | str | Unset
        if isinstance(self.birth_date, Unset):
            birth_date = UNSET
        elif isinstance(self.birth_date, datetime.date):
            birth_date = self.birth_date.isoformat()
        else:
            birth_date = self.birth_date

        language = self.language

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if given_name is not UNSET:
            field_dict["given_name"] = given_name
        if family_name is not UNSET:
            field_dict["family_name"] = family_name
        if email is not UNSET:
            field_dict["email"] = email
        if phone is not UNSET:
            field_dict["phone"] = phone
        if birth_date is not UNSET:
            field_dict["birth_date"] = birth_date
        if language is not UNSET:
            field_dict["language"] = language

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        given_name = d.pop("given_name", UNSET)

        family_name = d.pop("family_name", UNSET)

        email = d.pop("email", UNSET)

        phone = d.pop("phone", UNSET)

        def _parse_birth_date(data: object) -> datetime.date | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                birth_date_type_0 = datetime.date.fromisoformat(data)

                return birth_date_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None | Unset, data)

        birth_date = _parse_birth_date(d.pop("birth_date", UNSET))

        language = d.pop("language", UNSET)

        personal_body = cls(
            given_name=given_name,
            family_name=family_name,
            email=email,
            phone=phone,
            birth_date=birth_date,
            language=language,
        )

        return personal_body
