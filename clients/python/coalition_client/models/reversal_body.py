from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ReversalBody")


@_attrs_define
class ReversalBody:
    """Names what is to be undone, whether or not it arrived.

    Attributes:
        idempotency_key (str): The Idempotency-Key that the original was sent with, without quotes around it
        occurred_at (datetime.datetime): The till's clock: RFC 3339 with a zone
    """

    idempotency_key: str
    occurred_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        idempotency_key = self.idempotency_key

        occurred_at = self.occurred_at.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "idempotency_key": idempotency_key,
                "occurred_at": occurred_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        idempotency_key = d.pop("idempotency_key")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        reversal_body = cls(
            idempotency_key=idempotency_key,
            occurred_at=occurred_at,
        )

        return reversal_body
