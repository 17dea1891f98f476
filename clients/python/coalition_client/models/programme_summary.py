from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.programme_summary_mode import ProgrammeSummaryMode

T = TypeVar("T", bound="ProgrammeSummary")


@_attrs_define
class ProgrammeSummary:
    """A programme: one points currency.

    Attributes:
        slug (str):
        currency (str): ISO 4217
        zone (str): IANA time zone of business dates
        mode (ProgrammeSummaryMode):
    """

    slug: str
    currency: str
    zone: str
    mode: ProgrammeSummaryMode
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        slug = self.slug

        currency = self.currency

        zone = self.zone

        mode = self.mode.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "slug": slug,
                "currency": currency,
                "zone": zone,
                "mode": mode,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        slug = d.pop("slug")

        currency = d.pop("currency")

        zone = d.pop("zone")

        mode = ProgrammeSummaryMode(d.pop("mode"))

        programme_summary = cls(
            slug=slug,
            currency=currency,
            zone=zone,
            mode=mode,
        )

        programme_summary.additional_properties = d
        return programme_summary

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
