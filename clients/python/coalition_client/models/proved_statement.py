from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ProvedStatement")


@_attrs_define
class ProvedStatement:
    """All that the statement says beside its entries.

    Attributes:
        programme (str):
        partner (str):
        partner_id (str): 16 bytes in hexadecimal
        currency (str): ISO 4217
        first_window (int):
        last_window (int):
        previous_window (int): Last window of your statement before; 0: none
        carry_in_micros (int):
        net_minor (int): Minor units: positive you pay
        carry_out_micros (int):
        opening_minor (int): What earlier statements left due, in minor units
        closing_minor (int): What is due now: opening and net
        objection_until_us (int): From then on your silence accepts it: microseconds since 1970 UTC, programme time
        lines (list[list[int | str]]): Kind, type of points, count, points, price and amount in micros, number of your
            company
    """

    programme: str
    partner: str
    partner_id: str
    currency: str
    first_window: int
    last_window: int
    previous_window: int
    carry_in_micros: int
    net_minor: int
    carry_out_micros: int
    opening_minor: int
    closing_minor: int
    objection_until_us: int
    lines: list[list[int | str]]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        programme = self.programme

        partner = self.partner

        partner_id = self.partner_id

        currency = self.currency

        first_window = self.first_window

        last_window = self.last_window

        previous_window = self.previous_window

        carry_in_micros = self.carry_in_micros

        net_minor = self.net_minor

        carry_out_micros = self.carry_out_micros

        opening_minor = self.opening_minor

        closing_minor = self.closing_minor

        objection_until_us = self.objection_until_us

        lines = []
        for lines_item_data in self.lines:
            lines_item = []
            for lines_item_item_data in lines_item_data:
                lines_item_item: int | str
                lines_item_item = lines_item_item_data
                lines_item.append(lines_item_item)

            lines.append(lines_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "programme": programme,
                "partner": partner,
                "partner_id": partner_id,
                "currency": currency,
                "first_window": first_window,
                "last_window": last_window,
                "previous_window": previous_window,
                "carry_in_micros": carry_in_micros,
                "net_minor": net_minor,
                "carry_out_micros": carry_out_micros,
                "opening_minor": opening_minor,
                "closing_minor": closing_minor,
                "objection_until_us": objection_until_us,
                "lines": lines,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        programme = d.pop("programme")

        partner = d.pop("partner")

        partner_id = d.pop("partner_id")

        currency = d.pop("currency")

        first_window = d.pop("first_window")

        last_window = d.pop("last_window")

        previous_window = d.pop("previous_window")

        carry_in_micros = d.pop("carry_in_micros")

        net_minor = d.pop("net_minor")

        carry_out_micros = d.pop("carry_out_micros")

        opening_minor = d.pop("opening_minor")

        closing_minor = d.pop("closing_minor")

        objection_until_us = d.pop("objection_until_us")

        lines = []
        _lines = d.pop("lines")
        for lines_item_data in _lines:
            lines_item = []
            _lines_item = lines_item_data
            for lines_item_item_data in _lines_item:

                def _parse_lines_item_item(data: object) -> int | str:
                    return cast(int | str, data)

                lines_item_item = _parse_lines_item_item(lines_item_item_data)

                lines_item.append(lines_item_item)

            lines.append(lines_item)

        proved_statement = cls(
            programme=programme,
            partner=partner,
            partner_id=partner_id,
            currency=currency,
            first_window=first_window,
            last_window=last_window,
            previous_window=previous_window,
            carry_in_micros=carry_in_micros,
            net_minor=net_minor,
            carry_out_micros=carry_out_micros,
            opening_minor=opening_minor,
            closing_minor=closing_minor,
            objection_until_us=objection_until_us,
            lines=lines,
        )

        proved_statement.additional_properties = d
        return proved_statement

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
