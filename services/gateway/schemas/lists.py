"""Lists: one shape for all."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from services.gateway.schemas.fields import Answer

Entry = TypeVar("Entry")


class ListOf(Answer, Generic[Entry]):
    """A page of a list."""

    object: Literal["list"]
    url: Annotated[str, Field(description="The list that this is a page of")]
    has_more: Annotated[bool, Field(description="Whether there is more in the direction asked for")]
    data: list[Entry]
