from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.me_roles_item import MeRolesItem
from ..models.me_standing import MeStanding

if TYPE_CHECKING:
    from ..models.partner_summary import PartnerSummary
    from ..models.programme_summary import ProgrammeSummary


T = TypeVar("T", bound="Me")


@_attrs_define
class Me:
    """The API key of this request, and whose it is.

    Attributes:
        object_ (Literal['api_key']):
        id (str):
        label (str): What you call it
        hint (str): How its secret starts
        scopes (list[str]): What it may do
        roles (list[MeRolesItem]): What you may do by your contract: let members earn, let them spend points, pay for
            what campaigns give
        standing (MeStanding): Where you stand: taking part, suspended, leaving or gone
        ends_at (datetime.datetime | None): From when on it does not work any more, because it was rolled; null: it has
            no end
        addresses (list[str]): Networks that it is taken from, IPv4 and IPv6, up to 32; none: from everywhere
        api_version (str): The version that you are pinned to: requests without `Coalition-Version` are answered by it
        partner (PartnerSummary): A partner.
        programme (ProgrammeSummary): A programme: one points currency.
    """

    object_: Literal["api_key"]
    id: str
    label: str
    hint: str
    scopes: list[str]
    roles: list[MeRolesItem]
    standing: MeStanding
    ends_at: datetime.datetime | None
    addresses: list[str]
    api_version: str
    partner: PartnerSummary
    programme: ProgrammeSummary
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        id = self.id

        label = self.label

        hint = self.hint

        scopes = self.scopes

        roles = []
        for roles_item_data in self.roles:
            roles_item = roles_item_data.value
            roles.append(roles_item)

        standing = self.standing.value

        ends_at: None | str
        if isinstance(self.ends_at, datetime.datetime):
            ends_at = self.ends_at.isoformat()
        else:
            ends_at = self.ends_at

        addresses = self.addresses

        api_version = self.api_version

        partner = self.partner.to_dict()

        programme = self.programme.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "id": id,
                "label": label,
                "hint": hint,
                "scopes": scopes,
                "roles": roles,
                "standing": standing,
                "ends_at": ends_at,
                "addresses": addresses,
                "api_version": api_version,
                "partner": partner,
                "programme": programme,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.partner_summary import PartnerSummary  # noqa: PLC0415
        from ..models.programme_summary import ProgrammeSummary  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["api_key"], d.pop("object"))
        if object_ != "api_key":
            raise ValueError(f"object must match const 'api_key', got '{object_}'")

        id = d.pop("id")

        label = d.pop("label")

        hint = d.pop("hint")

        scopes = cast(list[str], d.pop("scopes"))

        roles = []
        _roles = d.pop("roles")
        for roles_item_data in _roles:
            roles_item = MeRolesItem(roles_item_data)

            roles.append(roles_item)

        standing = MeStanding(d.pop("standing"))

        def _parse_ends_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ends_at_type_0 = datetime.datetime.fromisoformat(data)

                return ends_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ends_at = _parse_ends_at(d.pop("ends_at"))

        addresses = cast(list[str], d.pop("addresses"))

        api_version = d.pop("api_version")

        partner = PartnerSummary.from_dict(d.pop("partner"))

        programme = ProgrammeSummary.from_dict(d.pop("programme"))

        me = cls(
            object_=object_,
            id=id,
            label=label,
            hint=hint,
            scopes=scopes,
            roles=roles,
            standing=standing,
            ends_at=ends_at,
            addresses=addresses,
            api_version=api_version,
            partner=partner,
            programme=programme,
        )

        me.additional_properties = d
        return me

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
