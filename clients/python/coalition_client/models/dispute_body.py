from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.dispute_body_ground import DisputeBodyGround
from ..models.dispute_body_mode import DisputeBodyMode
from ..types import UNSET, Unset

T = TypeVar("T", bound="DisputeBody")


@_attrs_define
class DisputeBody:
    """A line of a statement that is not right.

    Attributes:
        statement (str): The id of your statement
        line (int): Its line, counted from 1
        claimed_amount (int): What you want back of it, in minor units without tax: at most the line's amount
        ground (DisputeBodyGround): Not so many entries or points; another price; charged elsewhere too; something else
        mode (DisputeBodyMode): Whether you pay it and are given back what is accepted, or do not pay it, with its tax,
            until it is decided. Only of what you owe can anything be withheld
        text (str): What you say; lines may be broken
        references (list[str] | Unset): What the text points to: receipts, `seq` of postings, addresses of files
    """

    statement: str
    line: int
    claimed_amount: int
    ground: DisputeBodyGround
    mode: DisputeBodyMode
    text: str
    references: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        statement = self.statement

        line = self.line

        claimed_amount = self.claimed_amount

        ground = self.ground.value

        mode = self.mode.value

        text = self.text

        references: list[str] | Unset = UNSET
        if not isinstance(self.references, Unset):
            references = self.references

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "statement": statement,
                "line": line,
                "claimed_amount": claimed_amount,
                "ground": ground,
                "mode": mode,
                "text": text,
            }
        )
        if references is not UNSET:
            field_dict["references"] = references

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        statement = d.pop("statement")

        line = d.pop("line")

        claimed_amount = d.pop("claimed_amount")

        ground = DisputeBodyGround(d.pop("ground"))

        mode = DisputeBodyMode(d.pop("mode"))

        text = d.pop("text")

        references = cast(list[str], d.pop("references", UNSET))

        dispute_body = cls(
            statement=statement,
            line=line,
            claimed_amount=claimed_amount,
            ground=ground,
            mode=mode,
            text=text,
            references=references,
        )

        return dispute_body
