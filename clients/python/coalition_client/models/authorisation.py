from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.authorisation_method import AuthorisationMethod
from ..types import UNSET, Unset

T = TypeVar("T", bound="Authorisation")


@_attrs_define
class Authorisation:
    """What was shown of the member. Leave it out where nothing was, and where the member is named by a token of the app.

    Attributes:
        method (AuthorisationMethod): `card`: the card itself was read, not typed. `pin`: the member typed the PIN.
            `code`: the member read out the code that you had sent, see `POST /v1/members/{member_id}/one-time-codes`
        pin (None | str | Unset): The PIN, with the method `pin` alone
        code (None | str | Unset): The code as the member read it out, with the method `code` alone
    """

    method: AuthorisationMethod
    pin: None | str | Unset = UNSET
    code: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        method = self.method.value

        pin: None | str | Unset
        if isinstance(self.pin, Unset):
            pin = UNSET
        else:
            pin = self.pin

        code: None | str | Unset
        if isinstance(self.code, Unset):
            code = UNSET
        else:
            code = self.code

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "method": method,
            }
        )
        if pin is not UNSET:
            field_dict["pin"] = pin
        if code is not UNSET:
            field_dict["code"] = code

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        method = AuthorisationMethod(d.pop("method"))

        def _parse_pin(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        pin = _parse_pin(d.pop("pin", UNSET))

        def _parse_code(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        code = _parse_code(d.pop("code", UNSET))

        authorisation = cls(
            method=method,
            pin=pin,
            code=code,
        )

        return authorisation
