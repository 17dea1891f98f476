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
        method (AuthorisationMethod): `card`: the card itself was read, not typed. `pin`: the member typed the PIN
        pin (None | str | Unset): The PIN, with the method `pin` alone
    """

    method: AuthorisationMethod
    pin: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        method = self.method.value

        pin: None | str | Unset
        if isinstance(self.pin, Unset):
            pin = UNSET
        else:
            pin = self.pin

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "method": method,
            }
        )
        if pin is not UNSET:
            field_dict["pin"] = pin

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

        authorisation = cls(
            method=method,
            pin=pin,
        )

        return authorisation
