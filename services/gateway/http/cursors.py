"""Parameters that all lists share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.domain.pages import LIMIT_DEFAULT, LIMIT_MAX, Cursor

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description=f"Entries a page; {LIMIT_DEFAULT} if left out")]
StartingAfter = Annotated[
    str, Query(max_length=64, description="The last entry's id of the page before: the page after it")
]
EndingBefore = Annotated[
    str, Query(max_length=64, description="The first entry's id of the page after: the page before it")
]


def cursor_of(limit: int, starting_after: str, ending_before: str) -> Cursor:
    """The page asked for. Raises InvalidBody where both cursors are given."""
    if starting_after and ending_before:
        detail = "Only one of starting_after and ending_before can be given"
        raise InvalidBody(detail, [FieldError("conflict", detail, parameter="ending_before")])
    return Cursor(limit, starting_after, ending_before)
