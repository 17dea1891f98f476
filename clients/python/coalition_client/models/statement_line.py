from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.statement_line_point_type_type_0 import StatementLinePointTypeType0
from ..models.statement_line_type import StatementLineType

T = TypeVar("T", bound="StatementLine")


@_attrs_define
class StatementLine:
    """A line of a statement.

    Attributes:
        type_ (StatementLineType): Points you issued, and of such points those that refunds took back; points you pay
            for once they are used, of such points those that are unused again, and those that never can be used, for which
            you pay nothing; points spent with you, and of such points those that refunds gave back; fees by the
            transaction, and with the statement; what buys out all that is left of your points as you leave; what earlier
            ones of these differ by since they were re-rated at another price; what a dispute gave you back of points, of
            fees, or of what you are owed for points spent with you; the rounding's residue in and out
        point_type (None | StatementLinePointTypeType0): What sales earn, or what campaigns give on top of them: of
            those that were issued or taken back you pay your share, at that part of your price. None for the residues
        legal_entity (int | None): The company of yours that it is about, by its number; none for the residues
        count (int): Rated entries in it
        points (int):
        price_micros (int): Price of each point, in millionths of the major unit; of a difference what it differs by, of
            either sign
        amount_micros (int): Millionths of the major unit: positive you owe, negative you are owed
    """

    type_: StatementLineType
    point_type: None | StatementLinePointTypeType0
    legal_entity: int | None
    count: int
    points: int
    price_micros: int
    amount_micros: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_.value

        point_type: None | str
        if isinstance(self.point_type, StatementLinePointTypeType0):
            point_type = self.point_type.value
        else:
            point_type = self.point_type

        legal_entity: int | None
        legal_entity = self.legal_entity

        count = self.count

        points = self.points

        price_micros = self.price_micros

        amount_micros = self.amount_micros

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "point_type": point_type,
                "legal_entity": legal_entity,
                "count": count,
                "points": points,
                "price_micros": price_micros,
                "amount_micros": amount_micros,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = StatementLineType(d.pop("type"))

        def _parse_point_type(data: object) -> None | StatementLinePointTypeType0:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                point_type_type_0 = StatementLinePointTypeType0(data)

                return point_type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StatementLinePointTypeType0, data)

        point_type = _parse_point_type(d.pop("point_type"))

        def _parse_legal_entity(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        legal_entity = _parse_legal_entity(d.pop("legal_entity"))

        count = d.pop("count")

        points = d.pop("points")

        price_micros = d.pop("price_micros")

        amount_micros = d.pop("amount_micros")

        statement_line = cls(
            type_=type_,
            point_type=point_type,
            legal_entity=legal_entity,
            count=count,
            points=points,
            price_micros=price_micros,
            amount_micros=amount_micros,
        )

        statement_line.additional_properties = d
        return statement_line

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
