from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="WaitingRefund")


@_attrs_define
class WaitingRefund:
    """A refund whose sale has not arrived: it is decided right after that, under this key.

    Attributes:
        object_ (Literal['refund']):
        status (Literal['waiting']): Ask again with the same Idempotency-Key, or for transactions with your reference,
            to learn the end
        reference (str): Your reference
        original (str): The reference of the sale that it waits for
    """

    object_: Literal["refund"]
    status: Literal["waiting"]
    reference: str
    original: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        status = self.status

        reference = self.reference

        original = self.original

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "status": status,
                "reference": reference,
                "original": original,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = cast(Literal["refund"], d.pop("object"))
        if object_ != "refund":
            raise ValueError(f"object must match const 'refund', got '{object_}'")

        status = cast(Literal["waiting"], d.pop("status"))
        if status != "waiting":
            raise ValueError(f"status must match const 'waiting', got '{status}'")

        reference = d.pop("reference")

        original = d.pop("original")

        waiting_refund = cls(
            object_=object_,
            status=status,
            reference=reference,
            original=original,
        )

        waiting_refund.additional_properties = d
        return waiting_refund

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
