"""Parameters that all lists share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Query

from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.domain.pages import LIMIT_DEFAULT, LIMIT_MAX, Cursor

_Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description=f"Entries a page; {LIMIT_DEFAULT} if left out")]
_StartingAfter = Annotated[
    str, Query(max_length=64, description="The last entry's id of the page before: the page after it")
]
_EndingBefore = Annotated[
    str, Query(max_length=64, description="The first entry's id of the page after: the page before it")
]


async def _asked(
    limit: _Limit = LIMIT_DEFAULT, starting_after: _StartingAfter = "", ending_before: _EndingBefore = ""
) -> Callable[[], Cursor]:
    def cursor() -> Cursor:
        if starting_after and ending_before:
            detail = "Only one of starting_after and ending_before can be given"
            raise InvalidBody(detail, [FieldError("conflict", detail, parameter="ending_before")])
        return Cursor(limit, starting_after, ending_before)

    return cursor


#: The page asked for, read when it is called: once the caller is admitted. The call raises InvalidBody where
#: both cursors are given.
AskedPage = Annotated[Callable[[], Cursor], Depends(_asked)]
