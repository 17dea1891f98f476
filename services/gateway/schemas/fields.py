"""Fields that several bodies and answers share."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.runtime.clock import to_micros

AMOUNT_MAX: Final = 10**12
POINTS_MAX: Final = 10**9


class Body(BaseModel):
    """A body: nothing is coerced, nothing unknown is let through, nothing changes afterwards."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Answer(BaseModel):
    """An answer. Every field is always there, but those `left_out` where they say nothing; what does not apply is null."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    left_out: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        """An answer has all of its fields but those left out, whatever their defaults; a client may rely on it."""
        schema = handler(core_schema)
        found = handler.resolve_ref_schema(schema)
        found["required"] = [name for name in found.get("properties", {}) if name not in cls.left_out]
        # A newer gateway may add fields; clients are told to let them pass.
        found.pop("additionalProperties", None)
        return schema


_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def read_moment(value: object) -> int:
    """Microseconds since 1970-01-01 UTC of an RFC 3339 time with its zone; finer digits are dropped.

    Raises PydanticCustomError for anything else.
    """
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise PydanticCustomError("moment", "This is not an RFC 3339 time with a zone")
    try:
        return to_micros(datetime.fromisoformat(value))
    except ValueError:
        raise PydanticCustomError("moment", "This is not a time of the calendar") from None


def moment_or_none(text: str) -> int | None:
    """As read_moment; None for what is no such time."""
    try:
        return read_moment(text)
    except PydanticCustomError:
        return None


Moment = Annotated[
    int,
    PlainValidator(read_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-14T09:26:53+01:00"]}),
]
# A time in answers: always UTC, with a Z.
Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


def _calendar_date(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("date", "This is not a date of the calendar") from None
    return text


CalendarDate = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_calendar_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-14"]}),
]
# Visible ASCII without spaces: what survives every till, file and log.
Reference = Annotated[
    str,
    Field(
        pattern=r"^[!-~]{1,255}$",
        description="Your own number of this operation: 1 to 255 visible ASCII characters, unique for ever "
        "among your operations of this kind",
        examples=["S367-7-20260314-1001"],
    ),
]
# As an Idempotency-Key goes over the wire, without the quotes that it may stand in there.
IdempotencyKey = Annotated[
    str,
    Field(
        pattern=r"^[!#-~][!-~]{0,254}$",
        description="The Idempotency-Key that the original was sent with, without quotes around it",
        examples=["S367-7-20260314-1003-sale"],
    ),
]
Currency = Annotated[
    str,
    Field(
        pattern=r"^[A-Z]{3}$",
        description="ISO 4217; must be the programme's settlement currency",
        examples=["EUR"],
    ),
]
# Text for people without control characters, which neither receipts nor databases take.
ShortText = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,64}$")]
StoreCode = Annotated[
    str,
    Field(
        pattern=r"^[^\x00-\x1f\x7f]{1,64}$",
        description="Your own code of one of your stores",
        examples=["S367"],
    ),
]
MemberId = Annotated[
    str, Field(description="Your id of the member; other partners see another one", examples=["mem_…"])
]
METADATA_NAMES_MAX: Final = 50
# What a partner keeps with its operations.
Metadata = Annotated[
    dict[
        Annotated[str, Field(pattern=r"^[!-~]{1,40}$")],
        Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,500}$")],
    ],
    Field(
        max_length=METADATA_NAMES_MAX,
        description="What you keep with it, for yourself alone: up to 50 names of 1 to 40 visible ASCII characters, each with a text of up to "
        "500 characters. Nothing is decided by it; it comes back with the transaction. Keep nothing personal in it",
        examples=[{"order": "A-17"}],
    ),
]
