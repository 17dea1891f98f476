from __future__ import annotations

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
