from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="EvidenceBody")


@_attrs_define
class EvidenceBody:
    """What shows that you are right.

    Attributes:
        text (str): What you say; lines may be broken
        references (list[str] | Unset): What the text points to: receipts, `seq` of postings, addresses of files
    """

    text: str
    references: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        text = self.text

        references: list[str] | Unset = UNSET
        if not isinstance(self.references, Unset):
            references = self.references

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "text": text,
            }
        )
        if references is not UNSET:
            field_dict["references"] = references

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        text = d.pop("text")

        references = cast(list[str], d.pop("references", UNSET))

        evidence_body = cls(
            text=text,
            references=references,
        )

        return evidence_body
