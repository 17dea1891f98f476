from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="VoidBody")


@_attrs_define
class VoidBody:
    """A hold given up.

    Attributes:
        occurred_at (datetime.datetime): The till's clock: RFC 3339 with a zone
    """

    occurred_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        occurred_at = self.occurred_at.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "occurred_at": occurred_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        void_body = cls(
            occurred_at=occurred_at,
        )

        return void_body
