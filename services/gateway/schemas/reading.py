"""From the bytes of a body to its model, and from what is wrong with it to pointers into it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, TypeVar, cast, get_args

from coalition.type.v1.reason_pb2 import Reason
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.schemas.batches import (
    LINES_MAX,
    BatchBody,
    GoodLine,
    Line,
    LineType,
    LooseBatch,
)
from services.runtime.errors import InvalidRequest

Model = TypeVar("Model", bound=BaseModel)
ERRORS_MAX: Final = 20
_LINES_A_TURN: Final = 128
_LINE: Final[TypeAdapter[GoodLine]] = TypeAdapter(Line)
_TYPES: Final[tuple[LineType, ...]] = get_args(LineType)
_REFERENCE: Final = re.compile(r"[!-~]{1,255}")


class BadLine(NamedTuple):
    """A line that cannot be read, with as much of it as can. Pointers of its error start at the line."""

    type: LineType | None
    reference: str | None
    error: InvalidBody


ReadLine = GoodLine | BadLine


def read(model: type[Model], body: bytes) -> Model:
    """Reads a body. Raises InvalidBody with a JSON pointer to each mistake."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid_body(error) from None


async def read_lines(body: bytes) -> list[ReadLine]:
    """Reads the lines of a batch; one that is wrong becomes a BadLine in its place.

    Raises InvalidBody where the body is not a batch at all, InvalidRequest (BATCH_TOO_LARGE) for more than
    5,000 lines.
    """
    try:
        return list(BatchBody.model_validate_json(body).lines)
    except ValidationError:
        pass
    lines: list[ReadLine] = []
    for place, line in enumerate(_loose(body)):
        lines.append(_read_line(line))
        if place % _LINES_A_TURN == 0:
            # A batch of bad lines must not hold up the tills.
            await asyncio.sleep(0)
    return lines


def separate_lines(body: bytes) -> list[bytes]:
    """The lines of a batch, each as JSON of its own. Raises as read_lines does."""
    return [to_json(line, inf_nan_mode="constants") for line in _loose(body)]


def read_raw_line(content: bytes) -> ReadLine:
    """Reads the JSON of one line; what is wrong makes it a BadLine."""
    try:
        return _LINE.validate_json(content)
    except ValidationError as error:
        whole = invalid_body(error, skip=_TYPES)
    try:
        return _read_line(from_json(content))
    except ValueError:
        return BadLine(None, None, whole)


def record_line(fields: dict[str, Any]) -> tuple[ReadLine, bytes]:
    """Reads the fields of one line that came otherwise than as JSON; the line, and its JSON."""
    content = to_json(fields)
    return _read_line(fields), content


def unreadable_line(code: str, detail: str) -> BadLine:
    """A line of which nothing can be read."""
    return BadLine(None, None, InvalidBody(detail, [FieldError(code, detail, pointer="")]))


def _loose(body: bytes) -> list[Any]:
    try:
        return LooseBatch.model_validate_json(body).lines
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "too_long":
            raise InvalidRequest(
                f"a batch has at most {LINES_MAX:,} lines", Reason.REASON_BATCH_TOO_LARGE, limit=LINES_MAX
            ) from None
        raise invalid_body(error) from None


def _read_line(line: Any) -> ReadLine:
    try:
        return _LINE.validate_json(to_json(line, inf_nan_mode="constants"))
    except ValidationError as error:
        # Which of the types a line is stands first in the places of its errors, but is no place in it.
        problem = invalid_body(error, skip=_TYPES)
    given = cast("dict[str, Any]", line) if isinstance(line, dict) else {}
    kind, reference = given.get("type"), given.get("reference")
    return BadLine(
        kind if kind in _TYPES else None,
        reference if isinstance(reference, str) and _REFERENCE.fullmatch(reference) else None,
        problem,
    )


def invalid_body(error: ValidationError, skip: tuple[str, ...] = ()) -> InvalidBody:
    """The mistakes that validation found, the first 20. Tells nothing of the values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    errors: list[FieldError] = []
    for each in found[:ERRORS_MAX]:
        place = each["loc"][1:] if each["loc"] and each["loc"][0] in skip else each["loc"]
        errors.append(FieldError(each["type"], each["msg"], pointer=pointer(place)))
    first = errors[0]
    where = f" at {first.pointer}" if first.pointer else ""
    return InvalidBody(f"{first.detail}{where}", errors)


def pointer(place: Iterable[str | int]) -> str:
    """The JSON pointer (RFC 6901) of a place."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in place)
