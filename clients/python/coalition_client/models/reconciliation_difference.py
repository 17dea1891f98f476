from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.reconciliation_difference_fields_item import ReconciliationDifferenceFieldsItem
from ..models.reconciliation_difference_kind_type_0 import ReconciliationDifferenceKindType0
from ..models.reconciliation_difference_type import ReconciliationDifferenceType

if TYPE_CHECKING:
    from ..models.our_figures import OurFigures
    from ..models.their_figures import TheirFigures
    from ..models.unreadable import Unreadable


T = TypeVar("T", bound="ReconciliationDifference")


@_attrs_define
class ReconciliationDifference:
    """One thing that differs.

    Attributes:
        object_ (Literal['reconciliation_difference']):
        number (int): From 1: the cursor of the list
        type_ (ReconciliationDifferenceType):
        kind (None | ReconciliationDifferenceKindType0):
        reference (None | str):
        line (int | None): Line of your file, from 1, the header counted
        fields (list[ReconciliationDifferenceFieldsItem]): What differs
        ours (None | OurFigures):
        theirs (None | TheirFigures):
        unreadable (None | Unreadable):
    """

    object_: Literal["reconciliation_difference"]
    number: int
    type_: ReconciliationDifferenceType
    kind: None | ReconciliationDifferenceKindType0
    reference: None | str
    line: int | None
    fields: list[ReconciliationDifferenceFieldsItem]
    ours: None | OurFigures
    theirs: None | TheirFigures
    unreadable: None | Unreadable
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.our_figures import OurFigures  # noqa: PLC0415
        from ..models.their_figures import TheirFigures  # noqa: PLC0415
        from ..models.unreadable import Unreadable  # noqa: PLC0415

        object_ = self.object_

        number = self.number

        type_ = self.type_.value

        kind: None | str
        if isinstance(self.kind, ReconciliationDifferenceKindType0):
            kind = self.kind.value
        else:
            kind = self.kind

        reference: None | str
        reference = self.reference

        line: int | None
        line = self.line

        fields = []
        for fields_item_data in self.fields:
            fields_item = fields_item_data.value
            fields.append(fields_item)

        ours: dict[str, Any] | None
        if isinstance(self.ours, OurFigures):
            ours = self.ours.to_dict()
        else:
            ours = self.ours

        theirs: dict[str, Any] | None
        if isinstance(self.theirs, TheirFigures):
            theirs = self.theirs.to_dict()
        else:
            theirs = self.theirs

        unreadable: dict[str, Any] | None
        if isinstance(self.unreadable, Unreadable):
            unreadable = self.unreadable.to_dict()
        else:
            unreadable = self.unreadable

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "number": number,
                "type": type_,
                "kind": kind,
                "reference": reference,
                "line": line,
                "fields": fields,
                "ours": ours,
                "theirs": theirs,
                "unreadable": unreadable,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.our_figures import OurFigures  # noqa: PLC0415
        from ..models.their_figures import TheirFigures  # noqa: PLC0415
        from ..models.unreadable import Unreadable  # noqa: PLC0415

        d = dict(src_dict)
        object_ = cast(Literal["reconciliation_difference"], d.pop("object"))
        if object_ != "reconciliation_difference":
            raise ValueError(f"object must match const 'reconciliation_difference', got '{object_}'")

        number = d.pop("number")

        type_ = ReconciliationDifferenceType(d.pop("type"))

        def _parse_kind(data: object) -> None | ReconciliationDifferenceKindType0:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                kind_type_0 = ReconciliationDifferenceKindType0(data)

                return kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReconciliationDifferenceKindType0, data)

        kind = _parse_kind(d.pop("kind"))

        def _parse_reference(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reference = _parse_reference(d.pop("reference"))

        def _parse_line(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        line = _parse_line(d.pop("line"))

        fields = []
        _fields = d.pop("fields")
        for fields_item_data in _fields:
            fields_item = ReconciliationDifferenceFieldsItem(fields_item_data)

            fields.append(fields_item)

        def _parse_ours(data: object) -> None | OurFigures:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                ours_type_0 = OurFigures.from_dict(data)

                return ours_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OurFigures, data)

        ours = _parse_ours(d.pop("ours"))

        def _parse_theirs(data: object) -> None | TheirFigures:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                theirs_type_0 = TheirFigures.from_dict(data)

                return theirs_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TheirFigures, data)

        theirs = _parse_theirs(d.pop("theirs"))

        def _parse_unreadable(data: object) -> None | Unreadable:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                unreadable_type_0 = Unreadable.from_dict(data)

                return unreadable_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unreadable, data)

        unreadable = _parse_unreadable(d.pop("unreadable"))

        reconciliation_difference = cls(
            object_=object_,
            number=number,
            type_=type_,
            kind=kind,
            reference=reference,
            line=line,
            fields=fields,
            ours=ours,
            theirs=theirs,
            unreadable=unreadable,
        )

        reconciliation_difference.additional_properties = d
        return reconciliation_difference

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
